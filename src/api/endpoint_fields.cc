#include "api/endpoint_fields.h"

#include <algorithm>
#include <array>
#include <span>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/endpoint_secrets.h"
#include "base/ids.h"
#include "base/text.h"
#include "destinations/http_destination.h"
#include "destinations/http_settings.h"
#include "destinations/listeners.h"
#include "http/url.h"
#include "webhooks/event_match.h"
#include "webhooks/signature.h"

namespace verihook::api {
namespace {

constexpr std::size_t kRetriesMax = 50;
constexpr double kRetryDelaySecondsMax = 7 * 24 * 3600;
constexpr std::size_t kHeadersMax = 20;

// Headers that the program itself sets, or that change how the request is framed.
constexpr std::array<std::string_view, 13> kReservedHeaders = {
    "host",          "content-length", "content-type",      "transfer-encoding",
    "connection",    "expect",         "upgrade",           "te",
    "trailer",       "webhook-id",     "webhook-timestamp", "webhook-signature",
    "webhook-replay"};

bool is_header_name(std::string_view name) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [&](char c) {
    return is_alnum(c) || kSymbols.find(c) != kSymbols.npos;
  });
}

bool is_header_value(std::string_view value) {
  return value.size() <= 4'096 && std::ranges::all_of(value, [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
         });
}

// A webhook endpoint gets events of this program alone, so a type that it does not have is a slip.
Result<void> expect_own_event(const std::string& filter) {
  const auto matched = [&](std::string_view type) {
    return webhooks::event_matches(type, std::span(&filter, 1));
  };
  if (std::ranges::any_of(model::event_type::kAll, matched)) return {};
  return fail(Errc::kInvalidArgument,
              fmt::format("events: there is no type \"{}\"; the types are {}, a group such as "
                          "bulk.*, and *",
                          filter, fmt::join(model::event_type::kAll, ", ")));
}

Result<void> read_events(Fields& fields, model::Destination& destination) {
  TRY(events, fields.optional_strings("events"));
  if (!events) return {};
  if (events->empty()) return fail(Errc::kInvalidArgument, "events must name at least one type");
  const bool own_events = is_id(destination.id, id_prefix::kWebhook);
  for (const std::string& event : *events) {
    TRY_VOID(webhooks::check_event_filter(event));
    if (own_events) TRY_VOID(expect_own_event(event));
  }
  destination.events = *events;
  return {};
}

Result<void> read_metadata_filter(Fields& fields, model::DeliveryOptions& options) {
  const auto* value = fields.optional_value("metadata_filter");
  if (value == nullptr) return {};
  TRY_VOID(webhooks::check_metadata_filter(*value));
  options.metadata_filter = boost::json::serialize(*value);
  return {};
}

Result<void> read_retry_schedule(Fields& fields, model::DeliveryOptions& options) {
  const auto* value = fields.optional_value("retry_schedule");
  if (value == nullptr) return {};
  const auto wrong = fail(Errc::kInvalidArgument,
                          "retry_schedule must be an array of at most 50 delays in seconds, each "
                          "from 0 to 604800");
  if (!value->is_array() || value->get_array().size() > kRetriesMax) return wrong;
  options.retry_schedule.clear();
  for (const auto& element : value->get_array()) {
    if (!element.is_number()) return wrong;
    const double seconds = element.to_number<double>();
    if (!(seconds >= 0 && seconds <= kRetryDelaySecondsMax)) return wrong;
    options.retry_schedule.emplace_back(static_cast<std::int64_t>(seconds * 1000));
  }
  return {};
}

Result<void> read_headers(Fields& fields, model::DeliveryOptions& options) {
  TRY(headers, fields.optional_object("headers"));
  if (!headers) return {};
  if (headers->object().size() > kHeadersMax) {
    return fail(Errc::kInvalidArgument, "headers may have 20 members at most");
  }
  options.headers.clear();
  for (const auto& member : headers->object()) {
    const std::string name(member.key());
    if (!is_header_name(name) || std::ranges::count(kReservedHeaders, to_lower(name)) != 0) {
      return fail(Errc::kInvalidArgument, "headers: \"" + name + "\" cannot be set");
    }
    if (!member.value().is_string() || !is_header_value(member.value().get_string())) {
      return fail(Errc::kInvalidArgument,
                  "headers: the value of \"" + name + "\" must be one line of text");
    }
    options.headers.emplace_back(name, std::string(member.value().get_string()));
  }
  return {};
}

Result<void> read_signature_fields(Fields& fields, model::DeliveryOptions& options) {
  TRY(header, fields.optional_string("signature_header", 100));
  if (header) {
    if (!is_header_name(*header) || std::ranges::count(kReservedHeaders, to_lower(*header)) != 0) {
      return fail(Errc::kInvalidArgument, "signature_header must be a header's name");
    }
    options.signature_header = *header;
  }
  TRY(prefix, fields.optional_string("signature_prefix", 20));
  if (prefix) {
    if (!is_header_value(*prefix)) {
      return fail(Errc::kInvalidArgument, "signature_prefix must be printable text");
    }
    options.signature_prefix = *prefix;
  }
  return {};
}

NewEndpoint blank_endpoint(Context& context, std::string_view tenant_id) {
  NewEndpoint made;
  model::Destination& destination = made.destination;
  destination.tenant_id = tenant_id;
  destination.id = context.ids.make(id_prefix::kWebhook);
  destination.events = {"bulk.*"};
  destination.created_at = destination.updated_at = context.clock().wall_now();
  return made;
}

}  // namespace

Result<void> check_target_url(bool allow_http_targets, std::string_view text) {
  TRY(url, http::Url::parse(text));
  if (!url.https && !allow_http_targets) {
    return fail(Errc::kInvalidArgument,
                "url must begin with https:// (network.allow_http = true permits http)");
  }
  if (url.host == destinations::kListenerHost) {
    return fail(Errc::kInvalidArgument,
                "the url's host is kept for `verihook listen`, which makes its own endpoint");
  }
  return {};
}

Result<NewEndpoint> make_endpoint(Context& context, std::string_view tenant_id,
                                  std::string_view url) {
  TRY_VOID(check_target_url(context.options.allow_http_targets, url));
  NewEndpoint made = blank_endpoint(context, tenant_id);
  made.destination.url = url;
  return made;
}

NewEndpoint make_listener(Context& context, std::string_view tenant_id) {
  NewEndpoint made = blank_endpoint(context, tenant_id);
  made.destination.url = destinations::listener_url(made.destination.id);
  made.destination.events = {"*"};
  return made;
}

Result<NewEndpoint> make_endpoint(Context& context, std::string_view tenant_id,
                                  std::string_view url, std::string_view secret) {
  TRY(made, make_endpoint(context, tenant_id, url));
  TRY_VOID(secret.empty() ? add_new_secret(context, made)
                          : add_secret(context.secrets, made.destination, secret));
  return std::move(made);
}

Result<void> add_new_secret(Context& context, NewEndpoint& endpoint) {
  endpoint.shown_secret = webhooks::generate_secret(context.random);
  return add_secret(context.secrets, endpoint.destination, *endpoint.shown_secret);
}

void append_endpoint(webhooks::JsonWriter& json, const NewEndpoint& endpoint) {
  json.member("webhook_id", endpoint.destination.id);
  if (endpoint.shown_secret) json.member("webhook_secret", *endpoint.shown_secret);
}

Result<model::Destination> copy_endpoint(Context& context, const model::Destination& endpoint) {
  model::Destination copy = endpoint;
  copy.job_id.clear();
  copy.created_at = copy.updated_at = context.clock().wall_now();
  if (endpoint.kind == model::DestinationKind::kContacts) {
    // The way to a contacts table holds no secrets of its own.
    copy.id = context.ids.make(id_prefix::kDestination);
    return copy;
  }
  copy.id = context.ids.make(id_prefix::kWebhook);
  for (model::SealedSecret& secret : copy.secrets) {
    TRY(opened, context.secrets.open(secret.sealed, destinations::secret_place(endpoint)));
    TRY(sealed, context.secrets.seal(opened, destinations::secret_place(copy)));
    secret.sealed = sealed;
  }
  TRY(settings, destinations::open_http_settings(endpoint.settings, context.secrets,
                                                 destinations::secret_place(endpoint)));
  TRY(resealed, destinations::seal_http_settings(settings, context.secrets,
                                                 destinations::secret_place(copy)));
  copy.settings = resealed;
  return copy;
}

Result<void> read_delivery_fields(Fields& fields, model::Destination& destination) {
  TRY_VOID(read_events(fields, destination));
  model::DeliveryOptions& options = destination.options;
  TRY_VOID(read_metadata_filter(fields, options));
  TRY(max_in_flight, fields.optional_integer("max_in_flight", 1, 1'000));
  if (max_in_flight) options.max_in_flight = static_cast<int>(*max_in_flight);
  TRY(rate, fields.optional_number("rate_per_second", 0, 100'000));
  if (rate) options.rate_per_second = *rate;
  TRY(ordered, fields.optional_bool("ordered"));
  if (ordered) options.ordered = *ordered;
  TRY_VOID(read_retry_schedule(fields, options));
  TRY_VOID(read_headers(fields, options));
  return read_signature_fields(fields, options);
}

}  // namespace verihook::api
