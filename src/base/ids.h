// Ids: a prefix that names the kind, then 48 bits of time (ids made later sort later) and 80 random
// bits, 26 characters of Crockford's base 32 in lower case: "job_01hq3c7v9k2m4n6p8r0s2t4v6x". No
// dot ever occurs, so an id is safe inside the signed content of Standard Webhooks.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace verihook {

// The prefixes in use; every one is listed here so that no two kinds share one.
namespace id_prefix {
inline constexpr std::string_view kJob = "job";
inline constexpr std::string_view kEvent = "evt";
inline constexpr std::string_view kWebhook = "wh";       // an endpoint registered by /v1/webhooks
inline constexpr std::string_view kDestination = "dst";  // any other destination
inline constexpr std::string_view kDelivery = "dlv";
inline constexpr std::string_view kAttempt = "att";
inline constexpr std::string_view kReplay = "rpl";
inline constexpr std::string_view kSource = "src";
inline constexpr std::string_view kTenant = "ten";
inline constexpr std::string_view kKey = "key";
inline constexpr std::string_view kRequest = "req";
inline constexpr std::string_view kVerification = "ver";
inline constexpr std::string_view kErasure = "era";
inline constexpr std::string_view kNode = "node";
}  // namespace id_prefix

class IdMaker {
 public:
  // Both must outlive this object. One thread at a time.
  IdMaker(const Clock& clock, Random& random) : clock_(clock), random_(random) {}

  std::string make(std::string_view prefix);

 private:
  const Clock& clock_;
  Random& random_;
  // The system's randomness costs about as much for many ids as for one.
  std::array<std::byte, 1'024> drawn_{};  // for 64 of them
  std::size_t used_ = drawn_.size();
};

// Ids with this prefix that were made before `time` sort before it, and those made later do not.
std::string id_floor(std::string_view prefix, WallTime time);

// True when `id` is `prefix_` and 26 characters of the alphabet: a cheap check before a look-up.
bool is_id(std::string_view id, std::string_view prefix);

}  // namespace verihook
