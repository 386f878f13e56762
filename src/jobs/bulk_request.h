// BulkRequestParser: the JSON body of POST /v1/bulk/verify, read as it arrives. Addresses are
// handed on one by one and never held; the other members (name, options, metadata, …) are collected
// and read strictly at the end. Pure: no I/O; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/job.h"

namespace verihook::jobs {

struct BulkRequest {
  std::string name;
  model::JobOptions options;
  std::string metadata = "{}";  // canonical JSON
  std::string webhook_url;      // empty: none
  std::string webhook_secret;
  bool start = true;  // false: the job waits, paused, until it is told to begin
};

struct BulkRequestLimits {
  std::size_t email_bytes_max = 1'024;  // of one entry; longer ones are refused by position
  std::size_t other_members_bytes_max = 64 * 1024;
  std::int64_t emails_max = 100'000'000;
};

class BulkRequestParser {
 public:
  // An error of the callback ends the parsing with that error.
  using OnEmail = std::function<Result<void>(std::string email)>;

  explicit BulkRequestParser(OnEmail on_email, BulkRequestLimits limits = {});
  ~BulkRequestParser();
  BulkRequestParser(const BulkRequestParser&) = delete;
  BulkRequestParser& operator=(const BulkRequestParser&) = delete;

  // kInvalidArgument names the member or the position in `emails`; kTooLarge the limit.
  Result<void> feed(std::string_view piece);
  Result<BulkRequest> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The members other than `emails`, from JSON text; shared with the query parameters of other
// formats.
Result<BulkRequest> parse_bulk_members(std::string_view json);

}  // namespace verihook::jobs
