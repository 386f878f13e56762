#include "gateway/refusal_diagnosis.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "gateway/received_event.h"
#include "store/destinations.h"
#include "webhooks/body_timestamp.h"
#include "webhooks/strict_json.h"

namespace verihook::gateway {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::int64_t kSourcesAtOnce = 100;

std::string header_or_empty(const http::Headers& headers, std::string_view name) {
  return to_lower(trim(headers.get(name).value_or("")));
}

// Why a body is no JSON: the first that applies.
struct BodyCause {
  std::string_view name;
  bool (*applies)(const Arrived& arrived);
  std::string_view sentence;
};
constexpr std::array kBodyCauses = {
    BodyCause{"empty_body", [](const Arrived& arrived) { return trim(arrived.body).empty(); },
              "The body is empty."},
    BodyCause{"compressed_body",
              [](const Arrived& arrived) {
                const auto encoding = header_or_empty(arrived.headers, "Content-Encoding");
                return !encoding.empty() && encoding != "identity";
              },
              "The body is compressed (Content-Encoding): let the sender send it plain."},
    BodyCause{"form_body",
              [](const Arrived& arrived) {
                const auto type = header_or_empty(arrived.headers, "Content-Type");
                return type.starts_with("application/x-www-form-urlencoded") ||
                       type.starts_with("multipart/form-data");
              },
              "The body is a form (Content-Type): let the sender send JSON."},
    BodyCause{"byte_order_mark",
              [](const Arrived& arrived) { return arrived.body.starts_with(kByteOrderMark); },
              "The body begins with a byte order mark, which JSON must not have."},
    BodyCause{"not_utf8", [](const Arrived& arrived) { return !is_valid_utf8(arrived.body); },
              "The body is not UTF-8."},
};

RefusalDiagnosis of_body(const Arrived& arrived) {
  for (const BodyCause& cause : kBodyCauses) {
    if (cause.applies(arrived)) return {std::string(cause.name), std::string(cause.sentence)};
  }
  const auto parsed = webhooks::parse_strict_json(arrived.body, webhooks::received_json_limits());
  if (parsed) return {"not_an_object", "The body is JSON, but neither an object nor an array."};
  return {"not_json", "The body cannot be read as JSON: " + parsed.error().message};
}

RefusalDiagnosis of(webhooks::Diagnosis diagnosis) {
  return {std::string(webhooks::to_string(diagnosis.cause)), std::move(diagnosis.sentence)};
}

// Of a body whose signature is right.
RefusalDiagnosis of_body_time(const Arrived& arrived, Milliseconds tolerance) {
  const auto parsed = webhooks::parse_strict_json(arrived.body, webhooks::received_json_limits());
  const webhooks::BodyTimestampRule rule{.tolerance = tolerance, .required = true};
  if (parsed) {
    if (const auto time = webhooks::body_timestamp(*parsed, rule.member)) {
      return of(webhooks::clock_skew(*time, arrived.at, tolerance));
    }
    const auto verdict = webhooks::check_body_timestamp(*parsed, arrived.at, rule);
    if (verdict == webhooks::BodyTimestamp::kMissing) {
      return {"no_timestamp", "The body has no timestamp, and the source asks for one."};
    }
  }
  return {"timestamp_form",
          "The body's timestamp is neither an ISO 8601 time with its zone nor a number of seconds "
          "or milliseconds since 1970."};
}

RefusalDiagnosis of_tenant(const Arrived& arrived) {
  const auto parsed = webhooks::parse_strict_json(arrived.body, webhooks::received_json_limits());
  const auto named = parsed ? string_member(*parsed, "tenant_id") : std::nullopt;
  if (!named || named->empty()) {
    return {"no_tenant", "The body has no tenant_id, and the source's tenant_rule asks for one."};
  }
  return {"unknown_tenant",
          "The body's tenant_id is no tenant here, or not one that this source may speak for."};
}

}  // namespace

RefusalDiagnosis diagnose(const PreparedSource& door, const Arrived& arrived, Outcome outcome,
                          std::span<const webhooks::KnownSecret> others) {
  const Milliseconds tolerance = std::chrono::seconds{door.source.timestamp_tolerance_s};
  switch (outcome) {
    case Outcome::kNotJson:
      return of_body(arrived);
    case Outcome::kUnknownTenant:
      return of_tenant(arrived);
    default:
      break;
  }
  const bool authentic =
      webhooks::verify(door.verifier, arrived.headers.fields(), arrived.body, arrived.at, tolerance)
          .accepted();
  if (authentic) return of_body_time(arrived, tolerance);
  return of(webhooks::diagnose({.verifier = door.verifier,
                                .headers = arrived.headers.fields(),
                                .body = arrived.body,
                                .arrived_at = arrived.at,
                                .tolerance = tolerance,
                                .others = others}));
}

Task<Result<std::vector<webhooks::KnownSecret>>> known_secrets(store::Database& database,
                                                               const crypto::SecretBox& secrets,
                                                               const model::Source& source,
                                                               WallTime now) {
  CO_TRY(sources, co_await database.read([&](store::Connection& db) {
    return store::list_sources(db, source.tenant_id, "", kSourcesAtOnce);
  }));
  std::vector<webhooks::KnownSecret> known;
  for (const model::Source& other : sources) {
    const bool own = other.id == source.id;
    for (const model::SealedSecret& sealed : other.secrets) {
      if (own && !sealed.has_expired(now)) continue;
      // One that does not open helps nobody here, and is told of where it is needed.
      const auto secret = secrets.open(sealed.sealed, source_secret_place(other));
      if (secret && known.size() < kKnownSecretsMax) {
        known.push_back({*secret, own ? "" : other.name});
      }
    }
  }
  co_return known;
}

}  // namespace verihook::gateway
