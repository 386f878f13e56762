// Source: a door for other people's webhooks at POST /webhooks/{name}: who may knock, how the knock
// is checked, and whose tenant it is for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/destination.h"

namespace verihook::model {

enum class SourceMode {
  kEnforce,  // what fails a check is refused
  kShadow,   // what fails a check is accepted and the failure logged
};
std::string_view to_string(SourceMode mode);

struct Source {
  std::string tenant_id;
  std::string id;
  std::string name;                       // unique in the whole program: it is the door's path
  std::string verifier = "{}";            // JSON, see webhooks/verify.h; without the secrets
  std::vector<SealedSecret> secrets;      // sealed; several may be active
  std::vector<std::string> ip_allowlist;  // CIDRs; empty: anybody
  std::int64_t timestamp_tolerance_s = 300;
  std::int64_t body_bytes_max = 1024 * 1024;
  std::string dedup_key;  // a member of the body; empty: webhook_id, then event_id
  SourceMode mode = SourceMode::kEnforce;
  std::string settings =
      "{}";  // JSON: the provider's API key for downloads (sealed), allowed hosts
  WallTime created_at{};
  WallTime updated_at{};
};

}  // namespace verihook::model
