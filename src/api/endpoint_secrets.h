// What an endpoint signs with. Its secrets are of two families: shared ones (v1, and the hex
// headers), which are shown once when the program made them, and Ed25519 keys (v1a), of which only
// the public half is ever shown. A family is in use while it has a secret that does not expire.
// The store's secrets are sealed for their destination; handlers call this on the io thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/fields.h"
#include "model/destination.h"

namespace verihook::api {

// Seals `secret` for this destination and puts it first. kInvalidArgument for what cannot sign.
Result<void> add_secret(const crypto::SecretBox& secrets, model::Destination& destination,
                        std::string_view secret);

// Reads `secret`, which takes the place of those of its family, and `signatures`: a family named
// there without a secret gets a new one, one that is not named loses its own. `shown` is set to
// the shared secret that was made and cleared when it is gone.
Result<void> read_secrets(Context& context, Fields& fields, model::Destination& destination,
                          std::optional<std::string>& shown);

// A new secret for each family in use, or `given` for its family alone; what it takes the place of
// signs for 24 hours more.
Result<void> rotate_secrets(Context& context, model::Destination& destination,
                            const std::optional<std::string>& given,
                            std::optional<std::string>& shown);

// "v1", "v1a": the families in use.
std::vector<std::string> signatures_of(const model::Destination& destination);

// The public keys that signatures may be of at this time, newest first.
std::vector<std::string> public_keys_of(const model::Destination& destination, WallTime now);

}  // namespace verihook::api
