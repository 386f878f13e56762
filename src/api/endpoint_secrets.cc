#include "api/endpoint_secrets.h"

#include <algorithm>
#include <array>

#include "api/secret_rotation.h"
#include "destinations/http_destination.h"
#include "webhooks/asymmetric.h"
#include "webhooks/signature.h"

namespace verihook::api {
namespace {

constexpr std::size_t kSecretBytesMin = 1;
constexpr std::size_t kSecretBytesMax = 512;

enum class Family {
  kShared,      // HMAC: v1, and the hex headers
  kAsymmetric,  // Ed25519: v1a
};

struct FamilyName {
  Family family;
  std::string_view name;
};
constexpr std::array<FamilyName, 2> kFamilies = {
    {{Family::kShared, "v1"}, {Family::kAsymmetric, "v1a"}}};

Family family_of(std::string_view secret) {
  return secret.starts_with(webhooks::kPrivateKeyPrefix) ? Family::kAsymmetric : Family::kShared;
}

Family family_of(const model::SealedSecret& secret) {
  return secret.public_key.empty() ? Family::kShared : Family::kAsymmetric;
}

bool in_use(const model::Destination& destination, Family family) {
  return std::ranges::any_of(destination.secrets, [&](const model::SealedSecret& secret) {
    return family_of(secret) == family && !secret.expires_at;
  });
}

void forget(model::Destination& destination, Family family) {
  std::erase_if(destination.secrets,
                [&](const model::SealedSecret& secret) { return family_of(secret) == family; });
}

Result<void> make_secret(Context& context, model::Destination& destination, Family family,
                         std::optional<std::string>& shown) {
  if (family == Family::kAsymmetric) {
    const auto key = crypto::Ed25519Key::make(context.random);
    return add_secret(context.secrets, destination, webhooks::to_private_text(key));
  }
  shown = webhooks::generate_secret(context.random);
  return add_secret(context.secrets, destination, *shown);
}

Result<void> check_names(const std::vector<std::string>& names) {
  const bool known = std::ranges::all_of(names, [](std::string_view name) {
    return std::ranges::find(kFamilies, name, &FamilyName::name) != kFamilies.end();
  });
  if (known && !names.empty()) return {};
  return fail(Errc::kInvalidArgument, "signatures must be [\"v1\"], [\"v1a\"] or both");
}

}  // namespace

Result<void> add_secret(const crypto::SecretBox& secrets, model::Destination& destination,
                        std::string_view secret) {
  if (secret.size() < kSecretBytesMin || secret.size() > kSecretBytesMax) {
    return fail(Errc::kInvalidArgument, "secret must be 1 to 512 bytes long");
  }
  const auto key = webhooks::parse_signing_key(secret);
  if (!key) return fail(Errc::kInvalidArgument, "secret: " + key.error().message);
  model::SealedSecret made;
  if (const auto* private_key = std::get_if<crypto::Ed25519Key>(&*key)) {
    made.public_key = webhooks::to_public_text(*private_key);
  }
  TRY(sealed, secrets.seal(secret, destinations::secret_place(destination)));
  made.sealed = std::move(sealed);
  destination.secrets.insert(destination.secrets.begin(), std::move(made));
  return {};
}

Result<void> read_secrets(Context& context, Fields& fields, model::Destination& destination,
                          std::optional<std::string>& shown) {
  TRY(secret, fields.optional_string("secret", kSecretBytesMax));
  TRY(names, fields.optional_strings("signatures"));
  if (names && destination.kind != model::DestinationKind::kHttp) {
    return fail(Errc::kInvalidArgument, "signatures are made for kind http alone");
  }
  if (secret) {
    forget(destination, family_of(*secret));
    TRY_VOID(add_secret(context.secrets, destination, *secret));
  }
  if (!names) return {};
  TRY_VOID(check_names(*names));
  for (const FamilyName& row : kFamilies) {
    if (std::ranges::count(*names, row.name) != 0) {
      if (!in_use(destination, row.family)) {
        TRY_VOID(make_secret(context, destination, row.family, shown));
      }
      continue;
    }
    if (secret && family_of(*secret) == row.family) {
      return fail(Errc::kInvalidArgument,
                  "secret is for " + std::string(row.name) + ", which signatures does not name");
    }
    forget(destination, row.family);
    if (row.family == Family::kShared) shown.reset();
  }
  return {};
}

Result<void> rotate_secrets(Context& context, model::Destination& destination,
                            const std::optional<std::string>& given,
                            std::optional<std::string>& shown) {
  const WallTime now = context.clock().wall_now();
  forget_expired(destination.secrets, now);
  const bool none = destination.secrets.empty();
  for (const FamilyName& row : kFamilies) {
    const bool first = none && row.family == Family::kShared;
    const bool rotates =
        given ? family_of(*given) == row.family : first || in_use(destination, row.family);
    if (!rotates) continue;
    for (model::SealedSecret& secret : destination.secrets) {
      if (family_of(secret) == row.family) retire(secret, now);
    }
    TRY_VOID(given ? add_secret(context.secrets, destination, *given)
                   : make_secret(context, destination, row.family, shown));
  }
  return {};
}

std::vector<std::string> signatures_of(const model::Destination& destination) {
  std::vector<std::string> names;
  for (const FamilyName& row : kFamilies) {
    if (in_use(destination, row.family)) names.emplace_back(row.name);
  }
  return names;
}

std::vector<std::string> public_keys_of(const model::Destination& destination, WallTime now) {
  std::vector<std::string> keys;
  for (const model::SealedSecret& secret : destination.secrets) {
    if (secret.public_key.empty() || secret.has_expired(now)) continue;
    keys.push_back(secret.public_key);
  }
  return keys;
}

}  // namespace verihook::api
