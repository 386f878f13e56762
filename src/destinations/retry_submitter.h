// RetrySubmitter: how the rest of a failed bulk job becomes a new job. The implementation that this
// program provides itself submits to its own engine; HttpRetrySubmitter posts to a provider's API.
// Lives on the io thread. A submission may be repeated with the same idempotency key after a crash,
// and must then come to the same job.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/deadline.h"
#include "base/result.h"
#include "http/client.h"

namespace verihook::destinations {

struct RetrySubmission {
  std::string tenant_id;
  std::vector<std::string> emails;
  std::string retry_of;         // the failed job; becomes metadata.retry_of
  std::string idempotency_key;  // the id of the event that said that it failed
  std::string metadata = "{}";  // the failed job's, canonical JSON, where it is known
};

class RetrySubmitter {
 public:
  virtual ~RetrySubmitter() = default;

  // The new job's id.
  virtual Task<Result<std::string>> submit(RetrySubmission submission) = 0;

  // A new job of the unprocessed rows of a job that went through this program, whose list is known.
  // kUnsupported (the default) has the contacts of the job submitted instead.
  virtual Task<Result<std::string>> retry_own_job(std::string tenant_id, std::string job_id,
                                                  std::string idempotency_key);
};

class HttpRetrySubmitter final : public RetrySubmitter {
 public:
  // `client` must outlive it. The host of `submit_url` has been checked by the caller.
  HttpRetrySubmitter(http::Client& client, http::Url submit_url, std::string api_key,
                     Milliseconds timeout_ms)
      : client_(client),
        submit_url_(std::move(submit_url)),
        api_key_(std::move(api_key)),
        timeout_ms_(timeout_ms) {}

  Task<Result<std::string>> submit(RetrySubmission submission) override;

 private:
  http::Client& client_;
  const http::Url submit_url_;
  const std::string api_key_;
  const Milliseconds timeout_ms_;
};

}  // namespace verihook::destinations
