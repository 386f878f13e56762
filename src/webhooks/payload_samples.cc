// The sample payloads of `trigger` and of the documentation. Their figures add up, their hosts are
// reserved for examples.

#include "webhooks/payload.h"

namespace verihook::webhooks {

namespace {

constexpr std::string_view kSampleUrl = "https://example.com/webhooks/email-verification";
constexpr std::string_view kSampleDownload =
    "https://verihook.example/v1/bulk/download/job_0000000000sample00000000000";
constexpr std::string_view kSampleMetadata = R"({"campaign":"spring"})";
constexpr std::string_view kSampleResult =
    R"({"email":"ada@example.com","is_valid":true,"status":"valid","reason":"accepted_email"})";

model::Summary sample_summary() {
  return {.total = 1000,
          .valid = 850,
          .invalid = 90,
          .risky = 40,
          .unknown = 20,
          .disposable = 15,
          .catch_all = 12,
          .role = 31,
          .free = 412,
          .duplicates = 7};
}

std::string bulk_completed(WallTime at) {
  return tail_of(BulkCompleted{.summary = sample_summary(),
                               .processing_time_ms = 45'000,
                               .download_url = std::string(kSampleDownload),
                               .metadata = std::string(kSampleMetadata),
                               .created_at = at});
}

std::string bulk_progress(WallTime at) {
  return tail_of(BulkProgress{.processed_count = 1000,
                              .total_count = 4000,
                              .estimated_completion = at + std::chrono::minutes(2),
                              .summary = sample_summary(),
                              .metadata = std::string(kSampleMetadata),
                              .created_at = at});
}

std::string bulk_failed(WallTime at) {
  return tail_of(BulkFailed{.error_code = std::string(to_string(BulkErrorCode::kProcessingError)),
                            .error_message = "The job failed half-way.",
                            .partial_results_available = true,
                            .processed_count = 500,
                            .total_count = 1000,
                            .download_url = std::string(kSampleDownload) + "?partial=true",
                            .metadata = std::string(kSampleMetadata),
                            .created_at = at});
}

std::string verification_completed(WallTime at) {
  return tail_of(VerificationCompleted{.verification_id = "ver_0000000000sample00000000000",
                                       .result = std::string(kSampleResult),
                                       .metadata = std::string(kSampleMetadata),
                                       .created_at = at});
}

std::string endpoint_disabled(WallTime at) {
  return tail_of(EndpointDisabled{.endpoint_id = "wh_0000000000sample00000000000",
                                  .url = std::string(kSampleUrl),
                                  .disabled_reason = "The endpoint answered 410 Gone.",
                                  .created_at = at});
}

std::string delivery_dead_lettered(WallTime at) {
  return tail_of(
      DeliveryDeadLettered{.delivery_id = "dlv_0000000000sample00000000000",
                           .endpoint_id = "wh_0000000000sample00000000000",
                           .failed_event_id = "evt_0000000000sample00000000000",
                           .failed_event_type = std::string(model::event_type::kBulkCompleted),
                           .attempt_count = 8,
                           .last_status_code = 500,
                           .last_error = "The endpoint answered 500.",
                           .created_at = at});
}

std::string source_rejecting(WallTime at) {
  return tail_of(SourceRejecting{.source = "email-verification",
                                 .rejected_count = 25,
                                 .window_s = 300,
                                 .last_reason = "Invalid signature",
                                 .created_at = at});
}

std::string alert(WallTime at) {
  return tail_of(Alert{.alert = "failure_rate",
                       .subject = {},
                       .message = "12 of 80 attempts of the last 300 s failed.",
                       .value = 0.15,
                       .limit = 0.1,
                       .created_at = at});
}

std::string webhook_test(WallTime at) {
  return tail_of(WebhookTest{.endpoint_id = "wh_0000000000sample00000000000",
                             .message = "This is a test.",
                             .created_at = at});
}

struct Sample {
  std::string_view event_type;
  std::string (*make)(WallTime);
};

constexpr Sample kSamples[] = {
    {model::event_type::kBulkCompleted, bulk_completed},
    {model::event_type::kBulkProgress, bulk_progress},
    {model::event_type::kBulkFailed, bulk_failed},
    {model::event_type::kVerificationCompleted, verification_completed},
    {model::event_type::kEndpointDisabled, endpoint_disabled},
    {model::event_type::kDeliveryDeadLettered, delivery_dead_lettered},
    {model::event_type::kSourceRejecting, source_rejecting},
    {model::event_type::kAlertRaised, alert},
    {model::event_type::kAlertCleared, alert},
    {model::event_type::kWebhookTest, webhook_test},
};

}  // namespace

Result<std::string> sample_tail(std::string_view event_type, WallTime created_at) {
  for (const Sample& sample : kSamples) {
    if (sample.event_type == event_type) return sample.make(created_at);
  }
  return fail(Errc::kInvalidArgument,
              "There is no event type \"" + std::string(event_type) + "\".");
}

}  // namespace verihook::webhooks
