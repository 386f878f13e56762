// How hard a mail provider may be asked: connections at once and per minute, recipients on one
// connection, and how long we keep away after a refusal that is about us. Built-in profiles for the
// providers that publish or are known to enforce limits; the operator's rules come before them.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/resolver.h"

namespace verihook::verification {

struct TrafficLimits {
  std::size_t connections_max = 10;  // from one source address to one group
  std::size_t connections_per_minute_max = 100;
  std::size_t recipients_per_connection_max = 100;
  Milliseconds pause_ms{30 * 60'000};  // after a refusal that is about us

  bool operator==(const TrafficLimits&) const = default;
};

// A group is whom limits belong to: the provider where its hosts are known ("google"), else the
// registrable domain of the most preferred host ("example.com"). `hosts` must not be empty.
std::string traffic_group_of(const std::vector<dns::MxRecord>& hosts);

// One line of the operator's: what is not given stays as it is.
struct TrafficRule {
  // "google connections=5 connections_per_minute=100 recipients=50 pause_s=1800"; any of the four
  // may be left out. Fails with kInvalidArgument and a sentence that names the word at fault.
  static Result<TrafficRule> parse(std::string_view text);
  std::string to_string() const;

  std::string group;  // "*": every group
  std::optional<std::size_t> connections_max;
  std::optional<std::size_t> connections_per_minute_max;
  std::optional<std::size_t> recipients_per_connection_max;
  std::optional<Milliseconds> pause_ms;
};

// The limits of a group: the profile built in, then every rule that names it, in their order.
TrafficLimits limits_of(std::string_view group, const std::vector<TrafficRule>& rules);

}  // namespace verihook::verification
