// Tenant: whose data it is. ApiKey: how a caller proves to be of a tenant; only a hash is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace verihook::model {

// The tenant that exists from the first start.
inline constexpr std::string_view kDefaultTenant = "default";

struct Tenant {
  std::string id;
  std::string name;
  WallTime created_at{};
  // How long jobs, events and verifications are kept; 0: for ever; nothing: `retention.days`.
  std::optional<std::int64_t> retention_days{};
};

// What a key may do; each includes the ones before it.
enum class Scope { kRead, kWrite, kAdmin };
std::string_view to_string(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);

struct ApiKey {
  std::string tenant_id;
  std::string id;
  std::string name;
  std::string hash;    // SHA-256 of the whole key, 32 bytes
  std::string prefix;  // the first characters, so that people recognise it
  Scope scope = Scope::kRead;
  WallTime created_at{};
  std::optional<WallTime> expires_at;
  std::optional<WallTime> revoked_at;
};

}  // namespace verihook::model
