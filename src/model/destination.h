// Destination: where events are handed to. A webhook endpoint (`wh_…`, registered by /v1/webhooks)
// is an http destination for the events this program produces; a destination (`dst_…`,
// /v1/destinations) takes the events that sources receive. Route and target in one value: its
// filters are the route.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace verihook::model {

enum class DestinationKind {
  kHttp,      // POST, signed
  kContacts,  // download results and apply them to the contacts table
  kRedis,     // a stream
  kNats,      // JetStream
  kCommand,   // payload on standard input
  kNotify,    // a message to people
};
std::string_view to_string(DestinationKind kind);
std::optional<DestinationKind> parse_destination_kind(std::string_view text);

enum class DestinationState {
  kActive,
  kPaused,    // by its owner; keeps its queue
  kDisabled,  // by a rule (410, five days of failure); keeps its queue
};
std::string_view to_string(DestinationState state);

// A secret as stored: sealed with the master key (crypto/secret_box.h), bound to tenant and
// destination.
struct SealedSecret {
  std::string sealed;
  std::optional<WallTime> expires_at;  // set on the old one during a rotation
  // "whpk_…" of an Ed25519 key, which makes v1a signatures; empty: a shared secret, for v1.
  std::string public_key{};

  bool has_expired(WallTime now) const { return expires_at && *expires_at <= now; }
};

// After a failed first attempt, second attempt, …: the contract's defaults.
std::vector<Milliseconds> default_endpoint_schedule();  // 5 s, 1 m, 5 m, 30 m, 2 h, 5 h, 10 h
std::vector<Milliseconds>
default_processing_schedule();  // 1 s, 5 s, 30 s, 2 m, 5 m: 5 tries in all

// How deliveries to one destination behave (contract, section 5).
struct DeliveryOptions {
  int max_in_flight = 10;
  double rate_per_second = 0;  // 0: no limit
  bool ordered = false;        // one at a time per job
  // Delays after the first, second, … failure; empty: one attempt and no other.
  std::vector<Milliseconds> retry_schedule = default_endpoint_schedule();
  std::vector<std::pair<std::string, std::string>> headers;
  std::string signature_header = "X-Webhook-Signature";
  std::string signature_prefix;  // "sha256=" for receivers that want it
  // A JSON object: only events whose metadata has all of these members.
  std::string metadata_filter = "{}";
};

struct Destination {
  std::string tenant_id;
  std::string id;
  std::string name;
  DestinationKind kind = DestinationKind::kHttp;
  std::string url;
  std::vector<SealedSecret> secrets;        // newest first
  std::vector<std::string> events = {"*"};  // "*", "bulk.*" or exact types
  std::vector<std::string> sources;         // names of sources; empty: what this program produces
  std::string job_id;                       // not empty: only this job's events (`webhook_url`)
  DestinationState state = DestinationState::kActive;
  std::string state_reason;
  DeliveryOptions options;
  std::string settings = "{}";  // JSON, by kind
  WallTime created_at{};
  WallTime updated_at{};
};

}  // namespace verihook::model
