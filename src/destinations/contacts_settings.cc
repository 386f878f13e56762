#include "destinations/contacts_settings.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "crypto/encoding.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {

namespace json = boost::json;

namespace {

constexpr std::size_t kIdentifierBytesMax = 63;  // PostgreSQL cuts off the rest without a word
constexpr std::string_view kDatabase = "database";
constexpr std::string_view kSealedPassword = "database_password_sealed";
constexpr std::string_view kDestination = "destination";

constexpr std::array<std::string_view, 9> kMembers = {"api_key",    "allowed_hosts", "results_url",
                                                      "submit_url", kDatabase,       "schema",
                                                      "table",      "columns",       "ignore_case"};
constexpr std::array<std::string_view, 4> kOfTable = {"schema", "table", "columns", "ignore_case"};

struct Column {
  std::string_view name;
  std::string store::PostgresContactsSpec::* member;
};
using Spec = store::PostgresContactsSpec;
constexpr Column kColumns[] = {{"email", &Spec::email},
                               {"email_verified", &Spec::email_verified},
                               {"verification_date", &Spec::verification_date},
                               {"verification_job_id", &Spec::verification_job_id},
                               {"email_invalid_reason", &Spec::email_invalid_reason}};

std::unexpected<Error> bad_member(std::string_view name, std::string_view expected) {
  return fail(Errc::kInvalidArgument,
              "\"settings." + std::string(name) + "\" must be " + std::string(expected) + ".");
}

std::string place_of_password(std::string_view place) { return std::string(place) + "|database"; }

Result<json::object> parse_stored(std::string_view text) {
  if (text.empty()) return json::object{};
  TRY(value, webhooks::parse_strict_json(text, {.name = "settings"}));
  if (!value.is_object()) return fail(Errc::kInvalidArgument, "\"settings\" must be an object.");
  return std::move(value.get_object());
}

Result<void> read_identifier(const json::object& object, std::string_view name,
                             std::string_view full_name, std::string& into) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return {};
  const json::string* text = value->if_string();
  const bool fits = text != nullptr && !text->empty() && text->size() <= kIdentifierBytesMax &&
                    !std::string_view(*text).contains('\0');
  if (!fits) return bad_member(full_name, "a name of 1 to 63 bytes");
  into = std::string_view(*text);
  return {};
}

Result<void> read_columns(const json::object& object, Spec& spec) {
  const json::value* value = object.if_contains("columns");
  if (value == nullptr) return {};
  const json::object* names = value->if_object();
  if (names == nullptr) return bad_member("columns", "an object");
  for (const auto& [name, ignored] : *names) {
    if (std::ranges::find(kColumns, std::string_view(name), &Column::name) == std::end(kColumns)) {
      return bad_member("columns",
                        "names for email, email_verified, verification_date, verification_job_id "
                        "and email_invalid_reason, and for nothing else");
    }
  }
  for (const Column& column : kColumns) {
    TRY_VOID(read_identifier(*names, column.name, "columns." + std::string(column.name),
                             spec.*column.member));
  }
  return {};
}

// The table that the members name, yet without a password that is sealed; nothing: the embedded
// one.
Result<std::optional<Spec>> read_spec(const json::object& object) {
  const json::value* database = object.if_contains(kDatabase);
  if (database == nullptr) {
    for (const std::string_view name : kOfTable) {
      if (object.contains(name)) return bad_member(name, "given together with settings.database");
    }
    return std::nullopt;
  }
  if (!database->is_string()) return bad_member(kDatabase, "a postgres:// URL");
  Spec spec;
  TRY(url, store::PostgresUrl::parse(std::string_view(database->get_string())));
  spec.url = std::move(url);
  TRY_VOID(read_identifier(object, "schema", "schema", spec.schema));
  TRY_VOID(read_identifier(object, "table", "table", spec.table));
  TRY_VOID(read_columns(object, spec));
  if (const json::value* ignore_case = object.if_contains("ignore_case")) {
    if (!ignore_case->is_bool()) return bad_member("ignore_case", "true or false");
    spec.ignore_case = ignore_case->get_bool();
  }
  return spec;
}

Result<void> refuse_unknown(const json::object& given) {
  for (const auto& [name, value] : given) {
    if (std::ranges::find(kMembers, std::string_view(name)) == kMembers.end()) {
      return fail(Errc::kInvalidArgument,
                  "settings." + std::string(name) + " is not a setting of a contacts destination");
    }
  }
  return {};
}

}  // namespace

Result<ContactsSettings> open_contacts_settings(std::string_view stored,
                                                const crypto::SecretBox& secrets,
                                                std::string_view place) {
  ContactsSettings settings;
  TRY(provider, open_provider_settings(stored, secrets, place));
  settings.provider = std::move(provider);
  TRY(object, parse_stored(stored));
  if (const json::value* other = object.if_contains(kDestination); other && other->is_string()) {
    settings.destination = std::string_view(other->get_string());
  }
  TRY(spec, read_spec(object));
  settings.postgres = std::move(spec);
  const json::value* sealed = object.if_contains(kSealedPassword);
  if (settings.postgres && sealed != nullptr && sealed->is_string()) {
    const auto bytes = crypto::base64_decode(std::string_view(sealed->get_string()));
    if (!bytes) return bad_member(kSealedPassword, "base64");
    TRY(password, secrets.open(*bytes, place_of_password(place)));
    settings.postgres->url.password = std::move(password);
  }
  return settings;
}

Result<std::string> seal_contacts_settings(const json::object& given, std::string_view previous,
                                           const crypto::SecretBox& secrets,
                                           std::string_view place) {
  TRY_VOID(refuse_unknown(given));
  TRY(spec, read_spec(given));
  if (!spec) return seal_provider_settings(given, previous, secrets, place);
  json::object shown = given;
  const std::string url = spec->url.shown();
  shown[kDatabase] = url;
  if (!spec->url.password.empty()) {
    TRY(sealed, secrets.seal(spec->url.password, place_of_password(place)));
    shown[kSealedPassword] = crypto::base64_encode(sealed);
  } else {
    TRY(before, parse_stored(previous));
    const json::value* known = before.if_contains(kDatabase);
    const json::value* kept = before.if_contains(kSealedPassword);
    const bool same = known != nullptr && known->is_string() && known->get_string() == url;
    if (same && kept != nullptr) shown[kSealedPassword] = *kept;
  }
  return seal_provider_settings(shown, previous, secrets, place);
}

Result<json::object> public_contacts_settings(std::string_view stored) {
  TRY(shown, public_provider_settings(stored));
  const bool has_password = shown.erase(kSealedPassword) > 0;
  if (shown.contains(kDatabase)) shown["has_database_password"] = has_password;
  return std::move(shown);
}

std::string contacts_route_settings(std::string_view destination_id) {
  if (destination_id.empty()) return "{}";
  return json::serialize(json::object{{kDestination, destination_id}});
}

}  // namespace verihook::destinations
