#include "destinations/stored_settings.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/percent.h"
#include "crypto/encoding.h"
#include "destinations/http_destination.h"

namespace verihook::destinations {
namespace {

namespace json = boost::json;

constexpr std::string_view kSealedSuffix = "_sealed";

}  // namespace

StoredSettings::StoredSettings(std::string_view text) {
  boost::system::error_code ec;
  json::value value = json::parse({text.data(), text.size()}, ec);
  if (!ec && value.is_object()) object_ = std::move(value.get_object());
}

std::string StoredSettings::text(std::string_view name) const {
  const json::value* found = object_.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t StoredSettings::number(std::string_view name, std::int64_t missing) const {
  const json::value* found = object_.if_contains(name);
  return found != nullptr && found->is_int64() ? found->get_int64() : missing;
}

bool StoredSettings::truth(std::string_view name) const {
  const json::value* found = object_.if_contains(name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::vector<std::string> StoredSettings::texts(std::string_view name) const {
  std::vector<std::string> texts;
  const json::value* found = object_.if_contains(name);
  if (found == nullptr || !found->is_array()) return texts;
  for (const json::value& element : found->get_array()) {
    if (element.is_string()) texts.emplace_back(element.get_string());
  }
  return texts;
}

void StoredSettings::set(std::string_view name, std::string_view value) {
  object_[name] = json::string_view(value.data(), value.size());
}

void StoredSettings::set(std::string_view name, std::int64_t value) { object_[name] = value; }

void StoredSettings::set(std::string_view name, bool value) { object_[name] = value; }

void StoredSettings::set(std::string_view name, const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(value);
  object_[name] = std::move(array);
}

void StoredSettings::keep(std::string_view name, const StoredSettings& other) {
  if (const json::value* found = other.object_.if_contains(name)) object_[name] = *found;
}

void StoredSettings::forget(std::string_view name) { object_.erase(name); }

std::string StoredSettings::json() const { return json::serialize(object_); }

std::string StoredSettings::public_json() const {
  json::object shown;
  for (const auto& [key, value] : object_) {
    const std::string_view name(key.data(), key.size());
    if (name == kConfigured) continue;
    if (name.ends_with(kSealedSuffix)) {
      shown["has_" + std::string(name.substr(0, name.size() - kSealedSuffix.size()))] = true;
    } else {
      shown[name] = value;
    }
  }
  return json::serialize(shown);
}

bool is_configured(const model::Destination& destination) {
  return StoredSettings(destination.settings).truth(kConfigured);
}

Result<void> take_service_url(std::string_view text, std::span<const ServiceScheme> schemes,
                              const crypto::SecretBox& secrets, model::Destination& destination) {
  TRY(address, ServiceAddress::parse(text, schemes));
  StoredSettings settings(destination.settings);
  settings.forget(kSealedCredentials);
  if (!address.user.empty() || !address.password.empty()) {
    const std::string credentials =
        percent_encoded(address.user) + ":" + percent_encoded(address.password);
    TRY(sealed, secrets.seal(credentials, secret_place(destination)));
    settings.set(kSealedCredentials, crypto::base64_encode(sealed));
  }
  destination.url = address.public_url();
  destination.settings = settings.json();
  return {};
}

Result<ServiceAddress> open_service_url(const model::Destination& destination,
                                        std::span<const ServiceScheme> schemes,
                                        const crypto::SecretBox& secrets) {
  TRY(address, ServiceAddress::parse(destination.url, schemes));
  const std::string stored = StoredSettings(destination.settings).text(kSealedCredentials);
  if (stored.empty()) return std::move(address);
  const auto damaged = fail(Errc::kInternal, "the stored credentials are damaged");
  const auto sealed = crypto::base64_decode(stored);
  if (!sealed) return damaged;
  TRY(opened, secrets.open(*sealed, secret_place(destination)));
  const std::size_t colon = opened.find(':');
  if (colon == std::string::npos) return damaged;
  auto user = percent_decoded(std::string_view(opened).substr(0, colon));
  auto password = percent_decoded(std::string_view(opened).substr(colon + 1));
  if (!user || !password) return damaged;
  address.user = std::move(*user);
  address.password = std::move(*password);
  return std::move(address);
}

}  // namespace verihook::destinations
