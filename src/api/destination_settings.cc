#include "api/destination_settings.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "address/email_address.h"
#include "api/endpoint_fields.h"
#include "base/text.h"
#include "destinations/command_destination.h"
#include "destinations/contacts_settings.h"
#include "destinations/http_destination.h"
#include "destinations/http_settings.h"
#include "destinations/notify_destination.h"
#include "destinations/stored_settings.h"
#include "destinations/stream_destination.h"
#include "http/url.h"

namespace verihook::api {
namespace {

using destinations::StoredSettings;
using model::DestinationKind;

constexpr std::size_t kStreamNameBytesMax = 512;
constexpr std::int64_t kStreamLengthMax = 1'000'000'000;
constexpr std::size_t kArgumentsMax = 100;
constexpr std::uint64_t kRedisDatabaseMax = 1'000'000;

std::unexpected<Error> refuse(std::string sentence) {
  return fail(Errc::kInvalidArgument, std::move(sentence));
}

// New settings in place of those before, of which what came with the URL stays.
StoredSettings fresh(const model::Destination& destination) {
  StoredSettings settings;
  settings.keep(destinations::kSealedCredentials, StoredSettings(destination.settings));
  return settings;
}

using ReadSettings = Result<void> (*)(const crypto::SecretBox&, Fields&, model::Destination&);

Result<void> read_http(const crypto::SecretBox& secrets, Fields& given,
                       model::Destination& destination) {
  TRY(settings, destinations::read_http_settings(given.object()));
  TRY(sealed,
      destinations::seal_http_settings(settings, secrets, destinations::secret_place(destination)));
  destination.settings = sealed;
  return {};
}

Result<void> read_contacts(const crypto::SecretBox& secrets, Fields& given,
                           model::Destination& destination) {
  if (given.has(destinations::kConfigured)) return refuse("settings.configured cannot be set");
  TRY(sealed, destinations::seal_contacts_settings(given.object(), destination.settings, secrets,
                                                   destinations::secret_place(destination)));
  destination.settings = sealed;
  return {};
}

Result<void> read_redis(const crypto::SecretBox&, Fields& given, model::Destination& destination) {
  namespace setting = destinations::stream_setting;
  StoredSettings settings = fresh(destination);
  TRY(stream, given.optional_string(setting::kStream, kStreamNameBytesMax));
  if (stream && stream->empty()) return refuse("settings.stream must be the key of a stream");
  settings.set(setting::kStream, stream.value_or(std::string(destinations::kDefaultStream)));
  TRY(length_max, given.optional_integer(setting::kLengthMax, 0, kStreamLengthMax));
  if (length_max) settings.set(setting::kLengthMax, *length_max);
  TRY(exact, given.optional_bool(setting::kLengthExact));
  if (exact) settings.set(setting::kLengthExact, *exact);
  TRY_VOID(given.refuse_others());
  destination.settings = settings.json();
  return {};
}

Result<void> read_nats(const crypto::SecretBox&, Fields& given, model::Destination& destination) {
  namespace setting = destinations::stream_setting;
  StoredSettings settings = fresh(destination);
  TRY(subject, given.optional_string(setting::kSubject, destinations::kSubjectBytesMax));
  if (subject && !destinations::is_subject_template(*subject)) {
    return refuse(
        "settings.subject must be a subject of NATS without wildcards, like "
        "verihook.{source}.{event_type}; {tenant_id} may stand in it, too");
  }
  settings.set(setting::kSubject, subject.value_or(std::string(destinations::kDefaultSubject)));
  TRY(stream, given.optional_string(setting::kStream, destinations::kSubjectBytesMax));
  if (stream) settings.set(setting::kStream, *stream);
  TRY_VOID(given.refuse_others());
  destination.settings = settings.json();
  return {};
}

bool is_plain_address(const std::string& text) {
  const auto parsed = address::parse(text, address::SyntaxPolicy{});
  return parsed && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<void> read_notify(const crypto::SecretBox&, Fields& given, model::Destination& destination) {
  namespace setting = destinations::notify_setting;
  StoredSettings settings = fresh(destination);
  TRY(from, given.optional_string(setting::kFrom, http::kUrlBytesMax));
  if (from && !is_plain_address(*from)) {
    return refuse("settings.from must be an e-mail address in ASCII");
  }
  if (from) settings.set(setting::kFrom, *from);
  TRY(to, given.optional_strings(setting::kTo, destinations::kNotifiedMax));
  if (to && !std::ranges::all_of(*to, is_plain_address)) {
    return refuse("settings.to must be a list of e-mail addresses in ASCII");
  }
  if (to) settings.set(setting::kTo, *to);
  TRY_VOID(given.refuse_others());
  destination.settings = settings.json();
  return {};
}

Result<void> check_notify(const model::Destination& destination) {
  const StoredSettings settings(destination.settings);
  const bool complete = !settings.text(destinations::notify_setting::kFrom).empty() &&
                        !settings.texts(destinations::notify_setting::kTo).empty();
  if (complete || !destinations::notifies_by_mail(destination)) return {};
  return refuse("settings must say `from` whom and `to` whom mails go: an address, and a list");
}

Result<void> read_command(const crypto::SecretBox&, Fields& given,
                          model::Destination& destination) {
  namespace setting = destinations::command_setting;
  StoredSettings settings = fresh(destination);
  TRY(command, given.optional_strings(setting::kCommand, kArgumentsMax));
  const bool good = command && !command->empty() && command->front().starts_with('/') &&
                    std::ranges::none_of(*command, [](const std::string& argument) {
                      return argument.contains('\0');
                    });
  if (!good) {
    return refuse(
        "settings.command must be a list of texts: the absolute path of a program, then its "
        "arguments; no shell reads them");
  }
  settings.set(setting::kCommand, *command);
  TRY(timeout, given.optional_integer(setting::kTimeout, 1, destinations::kCommandTimeoutMax));
  settings.set(setting::kTimeout, timeout.value_or(destinations::kCommandTimeoutDefault));
  TRY_VOID(given.refuse_others());
  destination.settings = settings.json();
  return {};
}

using TakeUrl = Result<void> (*)(const DestinationRules&, std::string_view, model::Destination&);

Result<void> take_http_url(const DestinationRules& rules, std::string_view url,
                           model::Destination& destination) {
  TRY_VOID(check_target_url(rules.allow_http_targets, url));
  destination.url = url;
  return {};
}

Result<void> take_redis_url(const DestinationRules& rules, std::string_view url,
                            model::Destination& destination) {
  TRY_VOID(
      destinations::take_service_url(url, destinations::kRedisSchemes, rules.secrets, destination));
  TRY(address, destinations::ServiceAddress::parse(destination.url, destinations::kRedisSchemes));
  const auto database = parse_u64(address.path);
  if (!address.path.empty() && (!database || *database > kRedisDatabaseMax)) {
    return refuse("the url must end with the number of a database, as in redis://host:6379/2");
  }
  return {};
}

Result<void> refuse_path(const model::Destination& destination,
                         std::span<const destinations::ServiceScheme> schemes) {
  TRY(address, destinations::ServiceAddress::parse(destination.url, schemes));
  if (address.path.empty()) return {};
  return refuse("the url must end with the host or the port");
}

Result<void> take_nats_url(const DestinationRules& rules, std::string_view url,
                           model::Destination& destination) {
  TRY_VOID(
      destinations::take_service_url(url, destinations::kNatsSchemes, rules.secrets, destination));
  return refuse_path(destination, destinations::kNatsSchemes);
}

Result<void> take_notify_url(const DestinationRules& rules, std::string_view url,
                             model::Destination& destination) {
  model::Destination mail;
  mail.url = url;
  if (destinations::notifies_by_mail(mail)) {
    TRY_VOID(destinations::take_service_url(url, destinations::kMailSchemes, rules.secrets,
                                            destination));
    return refuse_path(destination, destinations::kMailSchemes);
  }
  StoredSettings settings(destination.settings);
  settings.forget(destinations::kSealedCredentials);
  destination.settings = settings.json();
  return take_http_url(rules, url, destination);
}

Result<void> take_no_url(const DestinationRules&, std::string_view, model::Destination&) {
  return refuse("a command has no url");
}

// What a kind takes, beside what all take.
struct KindRow {
  DestinationKind kind;
  ReadSettings read_settings;
  TakeUrl take_url;
  std::string_view url_missing;  // what is said then; empty: it needs none
  bool needs_settings;
  bool sends_http;  // headers
  bool by_configuration_only;
  Result<void> (*check)(const model::Destination&) = nullptr;  // of all together
};
constexpr std::array<KindRow, 6> kKinds = {{
    {DestinationKind::kHttp, read_http, take_http_url, "url is missing: where events are posted to",
     false, true, false},
    {DestinationKind::kContacts, read_contacts, take_http_url, "", false, true, false},
    {DestinationKind::kRedis, read_redis, take_redis_url,
     "url is missing: the server, like redis://host:6379/0", false, false, false},
    {DestinationKind::kNats, read_nats, take_nats_url,
     "url is missing: the server, like nats://host:4222", false, false, false},
    {DestinationKind::kNotify, read_notify, take_notify_url,
     "url is missing: a chat's webhook, or a mail server like smtp://user:password@host:587", false,
     false, false, check_notify},
    {DestinationKind::kCommand, read_command, take_no_url, "", true, false, true},
}};

const KindRow* row_of(DestinationKind kind) {
  const auto* row = std::ranges::find(kKinds, kind, &KindRow::kind);
  return row == kKinds.end() ? nullptr : row;
}

Result<const KindRow*> read_kind(Fields& fields, DefinedBy by) {
  TRY(name, fields.string("kind", 20));
  const auto kind = model::parse_destination_kind(name);
  const KindRow* row = kind ? row_of(*kind) : nullptr;
  if (row != nullptr && row->by_configuration_only && by == DefinedBy::kCaller) {
    return refuse(
        fmt::format("kind {} can be defined in the configuration file only, under "
                    "[[destinations]]",
                    name));
  }
  if (row != nullptr) return row;
  std::string known;
  for (const KindRow& each : kKinds) {
    if (each.by_configuration_only && by == DefinedBy::kCaller) continue;
    known += (known.empty() ? "" : ", ") + std::string(model::to_string(each.kind));
  }
  return refuse("kind must be one of " + known);
}

Result<void> refuse_http_members(const Fields& fields, const KindRow& row) {
  if (row.sends_http) return {};
  for (const std::string_view name :
       {"headers", "secret", "signatures", "signature_header", "signature_prefix"}) {
    if (!fields.has(name)) continue;
    return refuse(fmt::format("{} is for kinds that send HTTP; {} does not", name,
                              model::to_string(row.kind)));
  }
  return {};
}

}  // namespace

Result<void> read_settings(const crypto::SecretBox& secrets, Fields& fields,
                           model::Destination& destination) {
  TRY(settings, fields.optional_object("settings"));
  if (!settings) return {};
  return row_of(destination.kind)->read_settings(secrets, *settings, destination);
}

Result<void> take_url(const DestinationRules& rules, std::string_view url,
                      model::Destination& destination) {
  return row_of(destination.kind)->take_url(rules, url, destination);
}

Result<void> read_destination_changes(const DestinationRules& rules, Fields& fields,
                                      model::Destination& destination) {
  TRY_VOID(refuse_http_members(fields, *row_of(destination.kind)));
  TRY(name, fields.optional_string("name", 200));
  if (name) destination.name = *name;
  TRY(url, fields.optional_string("url", http::kUrlBytesMax));
  if (url) TRY_VOID(take_url(rules, *url, destination));
  TRY(sources, fields.optional_strings("sources"));
  if (sources) destination.sources = *sources;
  TRY_VOID(read_delivery_fields(fields, destination));
  TRY_VOID(read_settings(rules.secrets, fields, destination));
  const auto check = row_of(destination.kind)->check;
  return check == nullptr ? Result<void>{} : check(destination);
}

Result<void> read_new_destination(const DestinationRules& rules, Fields& fields, DefinedBy by,
                                  model::Destination& destination) {
  TRY(row, read_kind(fields, by));
  destination.kind = row->kind;
  destination.options.retry_schedule = model::default_processing_schedule();
  if (!fields.has("name")) return refuse("name is missing");
  if (!fields.has("sources")) {
    return refuse(
        "sources is missing: name the sources whose events are handed on, or give [] for the "
        "events of this program itself");
  }
  TRY_VOID(read_destination_changes(rules, fields, destination));
  if (destination.url.empty() && !row->url_missing.empty()) {
    return refuse(std::string(row->url_missing));
  }
  if (row->needs_settings && !fields.has("settings")) {
    return refuse(
        fmt::format("settings is missing: see [[destinations]] in the reference of the "
                    "configuration"));
  }
  return {};
}

}  // namespace verihook::api
