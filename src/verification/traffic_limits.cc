#include "verification/traffic_limits.h"

#include <array>

#include <fmt/format.h>

#include "address/public_suffix.h"
#include "base/text.h"
#include "smtp/provider_rules.h"

namespace verihook::verification {
namespace {

constexpr Milliseconds kHour{3'600'000};

struct Profile {
  std::string_view group;
  TrafficLimits limits;
};

// Figures that senders of mail in bulk keep to with these providers; asking is not better liked
// than sending.
constexpr std::array kProfiles = {
    Profile{"google", {.connections_max = 5, .recipients_per_connection_max = 50}},
    Profile{"microsoft", {.connections_max = 5, .recipients_per_connection_max = 50}},
    Profile{"yahoo",
            {.connections_max = 5, .recipients_per_connection_max = 20, .pause_ms = 2 * kHour}},
    Profile{"apple", {.recipients_per_connection_max = 5}},
    Profile{"mimecast", {}},
    Profile{"orange",
            {.connections_max = 2, .recipients_per_connection_max = 50, .pause_ms = 2 * kHour}},
    Profile{"laposte", {.connections_max = 2, .recipients_per_connection_max = 50}},
    Profile{"comcast", {.connections_max = 25}},
};

constexpr std::size_t kCountMax = 1'000'000;
constexpr std::size_t kPauseSecondsMax = 7 * 86'400;

Result<std::size_t> parse_count(std::string_view name, std::string_view digits, std::size_t most) {
  const auto value = parse_u64(digits);
  if (value && *value > 0 && *value <= most) return static_cast<std::size_t>(*value);
  return fail(Errc::kInvalidArgument,
              fmt::format("{} must be a whole number from 1 to {}", name, most));
}

}  // namespace

std::string traffic_group_of(const std::vector<dns::MxRecord>& hosts) {
  const std::string& host = hosts.front().host;
  const smtp::Provider provider = smtp::provider_of(host);
  if (provider != smtp::Provider::kOther) return std::string(smtp::to_string(provider));
  std::string domain = address::registrable_domain(host);
  return domain.empty() ? host : domain;
}

Result<TrafficRule> TrafficRule::parse(std::string_view text) {
  TrafficRule rule;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    if (rule.group.empty()) {
      rule.group = to_lower(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string_view digits = equals == word.npos ? "" : word.substr(equals + 1);
    const std::size_t most = name == "pause_s" ? kPauseSecondsMax : kCountMax;
    TRY(value, parse_count(name, digits, most));
    if (name == "connections") {
      rule.connections_max = value;
    } else if (name == "connections_per_minute") {
      rule.connections_per_minute_max = value;
    } else if (name == "recipients") {
      rule.recipients_per_connection_max = value;
    } else if (name == "pause_s") {
      rule.pause_ms = std::chrono::seconds(value);
    } else {
      return fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\" is not one of connections, connections_per_minute, "
                              "recipients, pause_s",
                              name));
    }
  }
  if (rule.group.empty() || rule.group.contains('=')) {
    return fail(Errc::kInvalidArgument,
                "a limit begins with whom it is for: a provider, a domain of mail hosts, or *");
  }
  return rule;
}

std::string TrafficRule::to_string() const {
  std::string text = group;
  if (connections_max) text += fmt::format(" connections={}", *connections_max);
  if (connections_per_minute_max) {
    text += fmt::format(" connections_per_minute={}", *connections_per_minute_max);
  }
  if (recipients_per_connection_max) {
    text += fmt::format(" recipients={}", *recipients_per_connection_max);
  }
  if (pause_ms) {
    text += fmt::format(" pause_s={}",
                        std::chrono::duration_cast<std::chrono::seconds>(*pause_ms).count());
  }
  return text;
}

TrafficLimits limits_of(std::string_view group, const std::vector<TrafficRule>& rules) {
  TrafficLimits limits;
  for (const Profile& profile : kProfiles) {
    if (profile.group == group) limits = profile.limits;
  }
  for (const TrafficRule& rule : rules) {
    if (rule.group != "*" && rule.group != group) continue;
    limits.connections_max = rule.connections_max.value_or(limits.connections_max);
    limits.connections_per_minute_max =
        rule.connections_per_minute_max.value_or(limits.connections_per_minute_max);
    limits.recipients_per_connection_max =
        rule.recipients_per_connection_max.value_or(limits.recipients_per_connection_max);
    limits.pause_ms = rule.pause_ms.value_or(limits.pause_ms);
  }
  return limits;
}

}  // namespace verihook::verification
