// The bodies of the events that this program produces: flat JSON in canonical form, keys in the
// order that the contract documents. `timestamp` is the time of the attempt, so an event is stored
// without it: the head is known from the event's row, and the rest, from the first key after
// `timestamp`, is its tail. A builder makes the tail once, when the event happens; render() makes
// the body of each attempt. Values given as JSON (metadata, a verification's result) must be
// canonical already. Pure; any thread; nothing fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/event.h"
#include "model/summary.h"

namespace verihook::webhooks {

// What all payloads begin with.
struct EventHead {
  std::string_view event_type{};
  std::string_view webhook_id{};  // the event's id
  std::string_view tenant_id{};
  std::string_view job_id{};  // empty: null
};

// The head of a stored event; it refers to the event's strings.
EventHead head_of(const model::Event& event);

// The body of one attempt.
std::string render(const EventHead& head, std::string_view tail, WallTime attempt_time);

struct BulkCompleted {
  model::Summary summary{};
  std::int64_t processing_time_ms = 0;
  std::string download_url{};
  std::string metadata = "{}";  // canonical JSON
  WallTime created_at{};
};

struct BulkProgress {
  std::int64_t processed_count = 0;
  std::int64_t total_count = 0;
  std::optional<WallTime> estimated_completion{};  // nothing while there is no rate yet
  model::Summary summary{};
  std::string metadata = "{}";  // canonical JSON
  WallTime created_at{};
};

// Why a job ended early: the codes of bulk.failed.
enum class BulkErrorCode {
  kProcessingError,      // a fault of this program or its store
  kEgressBlocked,        // port 25 cannot be reached from here
  kResolverUnavailable,  // no DNS server answers
  kCancelled,            // by the caller
  kDeadlineExceeded,     // the job's deadline_s passed
};
std::string_view to_string(BulkErrorCode code);  // "PROCESSING_ERROR", …

struct BulkFailed {
  std::string error_code{};  // of BulkErrorCode
  std::string error_message{};
  bool partial_results_available = false;
  std::int64_t processed_count = 0;
  std::int64_t total_count = 0;
  std::optional<std::string> download_url{};  // nothing without partial results
  std::string metadata = "{}";                // canonical JSON
  WallTime created_at{};
};

struct VerificationCompleted {
  std::string verification_id{};
  std::string result{};         // canonical JSON
  std::string metadata = "{}";  // canonical JSON
  WallTime created_at{};
};

struct EndpointDisabled {
  std::string endpoint_id{};
  std::string url{};
  std::string disabled_reason{};  // one sentence
  WallTime created_at{};
};

struct DeliveryDeadLettered {
  std::string delivery_id{};
  std::string endpoint_id{};
  std::string failed_event_id{};
  std::string failed_event_type{};
  std::int64_t attempt_count = 0;
  std::optional<std::int64_t> last_status_code{};  // nothing when there was no answer
  std::string last_error{};
  WallTime created_at{};
};

struct SourceRejecting {
  std::string source{};  // its name
  std::int64_t rejected_count = 0;
  std::int64_t window_s = 0;  // the time in which they were rejected
  std::string last_reason{};
  WallTime created_at{};
};

struct Alert {
  std::string alert{};    // which figure: "failure_rate", …
  std::string subject{};  // the source that it is about; empty: none
  std::string message{};
  double value = 0;
  double limit = 0;
  WallTime created_at{};
};

struct WebhookTest {
  std::string endpoint_id{};
  std::string message{};
  WallTime created_at{};
};

std::string tail_of(const BulkCompleted& event);
std::string tail_of(const BulkProgress& event);
std::string tail_of(const BulkFailed& event);
std::string tail_of(const VerificationCompleted& event);
std::string tail_of(const EndpointDisabled& event);
std::string tail_of(const DeliveryDeadLettered& event);
std::string tail_of(const SourceRejecting& event);
// Of alert.raised and of alert.cleared.
std::string tail_of(const Alert& event);
std::string tail_of(const WebhookTest& event);

// Rounded down to one decimal, so that 100 means that nothing is left; 100 of an empty job.
double percent_complete(std::int64_t processed_count, std::int64_t total_count);

// A plausible tail of any produced type, to test a receiver with; kInvalidArgument for other types.
Result<std::string> sample_tail(std::string_view event_type, WallTime created_at);

}  // namespace verihook::webhooks
