// What becomes of a knock at the door, and the one table of how each outcome is answered (contract,
// section 6). `error` is the text that receivers written after the article answer with, to the
// letter.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace verihook::gateway {

enum class Outcome {
  kAccepted,          // stored
  kDuplicate,         // stored before
  kUnknownSource,     // nobody has a door of that name
  kForbidden,         // the client's address is not in the allowlist
  kTooLarge,          // the body is past the source's limit
  kMissingSignature,  // a header that belongs to the signature is not there
  kInvalidSignature,  // of no secret of the source
  kNotJson,           // the body cannot be read
  kStaleTimestamp,    // authentic, but too old, too new, or without a time where one must be
  kUnknownTenant,     // the body names no tenant of ours, or not the source's
  kUnreadable,        // the body did not arrive whole
  kTimedOut,          // the body did not arrive in time
  kUnavailable,       // the store is full, failed or has too much to do
};
inline constexpr std::size_t kOutcomeCount = 13;

struct OutcomeRow {
  Outcome outcome;
  std::string_view name;  // in metrics, and the error's code
  unsigned status;
  std::string_view error;  // empty: no error
  bool is_rejection;       // a shadow source accepts in spite of it
};

inline constexpr std::array<OutcomeRow, kOutcomeCount> kOutcomes = {{
    {Outcome::kAccepted, "accepted", 200, "", false},
    {Outcome::kDuplicate, "duplicate", 200, "", false},
    {Outcome::kUnknownSource, "unknown_source", 404, "Unknown source", false},
    {Outcome::kForbidden, "forbidden", 403, "Forbidden", true},
    {Outcome::kTooLarge, "too_large", 413, "Payload too large", false},
    {Outcome::kMissingSignature, "missing_signature", 401, "Missing signature", true},
    {Outcome::kInvalidSignature, "invalid_signature", 401, "Invalid signature", true},
    {Outcome::kNotJson, "invalid_json", 400, "Invalid JSON", true},
    {Outcome::kStaleTimestamp, "invalid_timestamp", 400, "Invalid timestamp", true},
    {Outcome::kUnknownTenant, "unknown_tenant", 404, "Unknown tenant", true},
    {Outcome::kUnreadable, "unreadable", 400, "The body did not arrive whole", false},
    {Outcome::kTimedOut, "timed_out", 408, "The body did not arrive in time", false},
    {Outcome::kUnavailable, "unavailable", 503, "Temporarily unavailable; send it again", false},
}};

constexpr const OutcomeRow& row_of(Outcome outcome) {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}
inline std::string_view to_string(Outcome outcome) { return row_of(outcome).name; }

}  // namespace verihook::gateway
