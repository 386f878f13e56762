// Event: something that happened, stored before anybody is told: either produced here (a job's
// progress, an operator's warning) or received through a source. Delivery: one event on its way to
// one destination. Attempt: one try of a delivery. A dead letter is a delivery in state kDead.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace verihook::model {

// The types this program produces (contract, section 4).
namespace event_type {
inline constexpr std::string_view kBulkCompleted = "bulk.completed";
inline constexpr std::string_view kBulkProgress = "bulk.progress";
inline constexpr std::string_view kBulkFailed = "bulk.failed";
inline constexpr std::string_view kVerificationCompleted = "verification.completed";
inline constexpr std::string_view kEndpointDisabled = "endpoint.disabled";
inline constexpr std::string_view kDeliveryDeadLettered = "delivery.dead_lettered";
inline constexpr std::string_view kSourceRejecting = "source.rejecting";
inline constexpr std::string_view kAlertRaised = "alert.raised";
inline constexpr std::string_view kAlertCleared = "alert.cleared";
inline constexpr std::string_view kWebhookTest = "webhook.test";
inline constexpr std::array kAll = {
    kBulkCompleted,    kBulkProgress,         kBulkFailed,      kVerificationCompleted,
    kEndpointDisabled, kDeliveryDeadLettered, kSourceRejecting, kAlertRaised,
    kAlertCleared,     kWebhookTest};
}  // namespace event_type

enum class EventOrigin {
  kProduced,  // by this program; `body` is the payload's tail, see webhooks/payload.h
  kReceived,  // through a source; `body` is the raw bytes as they came
};

enum class EventStatus {
  kPending,    // some delivery is still to be made
  kProcessed,  // every delivery arrived (or nobody wanted it)
  kFailed,     // the last attempt failed, another follows
  kDead,       // a delivery was given up
};
std::string_view to_string(EventStatus status);

struct Event {
  std::string tenant_id;
  std::string id;  // evt_…; sent as webhook_id
  std::string type;
  EventOrigin origin = EventOrigin::kProduced;
  std::string job_id;       // or a verification's id; empty: none
  std::string source_id;    // of a received event
  std::string source_name;  // likewise
  std::string body;
  std::string request_headers;  // of a received event, a JSON object; secrets left out
  std::string peer;             // of a received event, the client's address
  std::string dedup_key;        // of a received event
  WallTime created_at{};
  EventStatus status = EventStatus::kPending;
  std::int64_t retry_count = 0;  // attempts that were not a delivery's first
};

// Which events, or which deliveries of events, are meant. Empty members ask for nothing.
struct EventSelection {
  std::string type;
  std::string job_id;
  std::string source;             // a source's name
  std::string destination_id;     // one that it was to be handed to
  std::optional<WallTime> since;  // made then or later
  std::optional<WallTime> until;  // made before
  std::string text;  // in the payload, or in what the last attempt said; in any case of letters
};

enum class DeliveryState {
  kPending,     // due at next_attempt_at
  kDelivered,   // accepted by the destination
  kDead,        // given up: a dead letter
  kSuperseded,  // a newer progress event made it pointless
  kCancelled,   // its destination was deleted
};
std::string_view to_string(DeliveryState state);

struct Delivery {
  std::string tenant_id;
  std::string id;
  std::string event_id;
  std::string destination_id;
  std::string job_id;     // the event's: what an ordered destination goes by
  std::string replay_id;  // the replay that issued it last; empty: what happened did
  DeliveryState state = DeliveryState::kPending;
  std::int64_t attempt_count = 0;
  WallTime next_attempt_at{};
  std::string lease_owner;  // the node that has it in memory
  WallTime lease_until{};
  int last_status_code = 0;
  std::string last_error;
  WallTime created_at{};
  std::optional<WallTime> finished_at;
};

// Where the time of an attempt went, in milliseconds. Nothing for a phase that it did not have: of
// a kept connection only the last, of one that failed those before the failure.
struct AttemptPhases {
  std::optional<double> dns_ms;
  std::optional<double> connect_ms;
  std::optional<double> tls_ms;
  std::optional<double> first_byte_ms;  // from the request's beginning to the answer's
};

struct Attempt {
  std::string tenant_id;
  std::string id;
  std::string delivery_id;
  std::int64_t number = 0;  // from 1
  WallTime started_at{};
  int status_code = 0;      // 0: no answer
  std::string error_class;  // empty on success; else an Errc name or "http_status"
  std::string error;        // one sentence, empty on success
  double latency_ms = 0;
  AttemptPhases phases;
  std::string response_head;  // first 4 KiB of the response
};

}  // namespace verihook::model
