#include "destinations/retry_submitter.h"

#include <utility>

#include <boost/json/value.hpp>

#include "destinations/failure.h"
#include "webhooks/json_writer.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {
namespace {

std::string body_of(const RetrySubmission& submission) {
  std::string body;
  webhooks::JsonWriter writer(body);
  writer.begin_object();
  writer.key("emails");
  writer.begin_array();
  for (const std::string& email : submission.emails) writer.value(email);
  writer.end_array();
  writer.key("metadata");
  writer.begin_object();
  writer.member("retry_of", submission.retry_of);
  writer.end_object();
  writer.end_object();
  return body;
}

// The job is made by now, whatever the answer looks like.
std::string job_id_in(std::string_view body) {
  const auto answer = webhooks::parse_strict_json(body, webhooks::received_json_limits());
  if (!answer || !answer->is_object()) return {};
  const auto* id = answer->get_object().if_contains("job_id");
  return id != nullptr && id->is_string() ? std::string(id->get_string()) : std::string();
}

}  // namespace

Task<Result<std::string>> RetrySubmitter::retry_own_job(std::string, std::string, std::string) {
  co_return fail(Errc::kUnsupported, "the job's own list cannot be submitted from here");
}

Task<Result<std::string>> HttpRetrySubmitter::submit(RetrySubmission submission) {
  http::ClientRequest request;
  request.url = submit_url_;
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Idempotency-Key", submission.idempotency_key);
  if (!api_key_.empty()) request.headers.add("Authorization", "Bearer " + api_key_);
  request.body = body_of(submission);
  request.total_timeout_ms = timeout_ms_;
  CO_TRY(response, co_await client_.send(std::move(request)));
  if (response.status / 100 != 2) {
    co_return fail(errc_of_status(response.status),
                   "submitting the rest of the job was answered with status " +
                       std::to_string(response.status));
  }
  co_return job_id_in(response.body);
}

}  // namespace verihook::destinations
