// StoredSettings: the `settings` of a destination as the store has them, a flat JSON object, for
// the kinds redis, nats, command and notify. Secret members are sealed, bound to the destination,
// and have names that end in `_sealed`; callers see `has_…` instead. What stands here was checked
// when it was written (api/destination_settings.h), so reading is lenient: a member that is missing
// or damaged has its default. Pure but for the sealing; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "crypto/secret_box.h"
#include "destinations/services/service_address.h"
#include "model/destination.h"

namespace verihook::destinations {

class StoredSettings {
 public:
  StoredSettings() = default;
  explicit StoredSettings(std::string_view json);

  std::string text(std::string_view name) const;
  std::int64_t number(std::string_view name, std::int64_t missing) const;
  bool truth(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;

  void set(std::string_view name, std::string_view value);
  void set(std::string_view name, std::int64_t value);
  void set(std::string_view name, bool value);
  void set(std::string_view name, const std::vector<std::string>& values);
  // Takes the member of that name from another one, if it is there.
  void keep(std::string_view name, const StoredSettings& other);
  void forget(std::string_view name);

  std::string json() const;
  // As JSON, what callers may see.
  std::string public_json() const;

 private:
  boost::json::object object_;
};

// Whether a table of the configuration file defines it: nobody may change it by the API.
bool is_configured(const model::Destination& destination);

// Splits a URL with credentials: what may be seen becomes the destination's `url`, user and
// password go into its settings, sealed. Those of a former URL are gone, so that a password never
// goes to a host that it was not given for. kInvalidArgument says what is wrong with the URL.
Result<void> take_service_url(std::string_view text, std::span<const ServiceScheme> schemes,
                              const crypto::SecretBox& secrets, model::Destination& destination);
Result<ServiceAddress> open_service_url(const model::Destination& destination,
                                        std::span<const ServiceScheme> schemes,
                                        const crypto::SecretBox& secrets);
// The member that take_service_url writes; whoever replaces settings keeps it.
inline constexpr std::string_view kSealedCredentials = "credentials_sealed";
inline constexpr std::string_view kConfigured = "configured";

}  // namespace verihook::destinations
