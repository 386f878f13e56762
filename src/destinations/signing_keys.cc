#include "destinations/signing_keys.h"

#include <utility>

namespace verihook::destinations {

Result<webhooks::SigningKey> SigningKeys::open(std::string_view sealed, std::string_view place) {
  // A place holds no zero byte, so no two pairs make the same name.
  std::string name(place);
  name.append(1, '\0').append(sealed);
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  TRY(secret, secrets_.open(sealed, place));
  TRY(key, webhooks::parse_signing_key(secret));
  if (known_.size() >= kSigningKeysMax) known_.clear();
  known_.emplace(std::move(name), key);
  return std::move(key);
}

}  // namespace verihook::destinations
