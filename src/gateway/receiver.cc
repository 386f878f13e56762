#include "gateway/receiver.h"

#include <algorithm>
#include <utility>

#include "gateway/client_address.h"
#include "gateway/received_event.h"
#include "store/accounts.h"
#include "store/events.h"
#include "webhooks/body_timestamp.h"
#include "webhooks/strict_json.h"
#include "webhooks/verify.h"

namespace verihook::gateway {

namespace json = boost::json;
using webhooks::VerifierKind;

namespace {

// Providers whose `timestamp`, if there is one at all, is not the time of the attempt.
bool has_foreign_timestamp(VerifierKind kind) {
  return kind == VerifierKind::kGithub || kind == VerifierKind::kShopify;
}

Outcome outcome_of_bad_body(const Error& error) {
  switch (error.code) {
    case Errc::kTooLarge:
      return Outcome::kTooLarge;
    case Errc::kTimeout:
      return Outcome::kTimedOut;
    default:
      return Outcome::kUnreadable;
  }
}

// What the transaction came to.
struct Stored {
  Outcome outcome = Outcome::kAccepted;
  delivery::Published published;
};

}  // namespace

struct Receiver::Knock {
  http::Request& request;
  SourcePointer door{};
  net::IpAddress client{};
  std::string body{};
  json::value json{};  // null when the body is none
  std::optional<WallTime> signed_at{};
  std::string routed_tenant{};  // to be looked up; empty: the source's own
  bool shadowed = false;        // a check failed, and was let pass

  const model::Source& source() const { return door->source; }
};

Receiver::Receiver(store::Database& database, const Clock& clock, IdMaker& ids,
                   const crypto::SecretBox& secrets, const delivery::Outbox& outbox,
                   std::vector<net::Cidr> trusted_proxies, OnPublished on_published,
                   ReceiverOptions options)
    : database_(database),
      clock_(clock),
      ids_(ids),
      outbox_(outbox),
      trusted_proxies_(std::move(trusted_proxies)),
      on_published_(std::move(on_published)),
      options_(options),
      sources_(database, clock, secrets),
      rejections_(clock) {}

Task<http::Response> Receiver::receive(http::Request& request) {
  const MonotonicTime began = clock_.monotonic_now();
  Knock knock{.request = request};
  const Outcome outcome = co_await check_and_store(knock);
  ++metrics_.stats.by_outcome[static_cast<std::size_t>(outcome)];
  if (outcome == Outcome::kAccepted) {
    const std::chrono::duration<double, std::milli> took = clock_.monotonic_now() - began;
    metrics_.stats.accept_ms_total += took.count();
    if (knock.shadowed) ++metrics_.stats.shadow_accepted;
  }
  co_return answer(knock, outcome);
}

Task<Outcome> Receiver::check_and_store(Knock& knock) {
  auto found = co_await sources_.find(std::string(knock.request.capture("source")));
  if (!found) co_return Outcome::kUnavailable;
  if (*found == nullptr) co_return Outcome::kUnknownSource;
  knock.door = std::move(*found);
  if (const auto refused = check_address(knock)) co_return *refused;
  const auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(0, knock.source().body_bytes_max));
  auto body = co_await knock.request.body->read_all(std::min(limit, options_.body_bytes_max));
  if (!body) co_return outcome_of_bad_body(body.error());
  knock.body = std::move(*body);
  if (const auto refused = check_signature(knock)) co_return *refused;
  if (const auto refused = check_json(knock)) co_return *refused;
  if (const auto refused = check_timestamp(knock)) co_return *refused;
  if (const auto refused = check_tenant(knock)) co_return *refused;
  co_return co_await store_event(knock);
}

std::optional<Outcome> Receiver::check_address(Knock& knock) {
  knock.client = client_address(knock.request, trusted_proxies_);
  if (knock.door->ip_allowlist.empty() || is_in_any(knock.door->ip_allowlist, knock.client)) {
    return std::nullopt;
  }
  return refuse(knock, Outcome::kForbidden, "client " + knock.client.to_string());
}

std::optional<Outcome> Receiver::check_signature(Knock& knock) {
  const auto verdict = webhooks::verify(knock.door->verifier, knock.request.headers.fields(),
                                        knock.body, clock_.wall_now(),
                                        std::chrono::seconds{knock.source().timestamp_tolerance_s});
  switch (verdict.status) {
    case webhooks::VerifyStatus::kAccepted:
      knock.signed_at = verdict.signed_at;
      return std::nullopt;
    case webhooks::VerifyStatus::kMissing:
      return refuse(knock, Outcome::kMissingSignature, verdict.detail);
    case webhooks::VerifyStatus::kStale:
      knock.signed_at = verdict.signed_at;
      return refuse(knock, Outcome::kStaleTimestamp, verdict.detail);
    case webhooks::VerifyStatus::kInvalid:
      break;
  }
  return refuse(knock, Outcome::kInvalidSignature, verdict.detail);
}

std::optional<Outcome> Receiver::check_json(Knock& knock) {
  auto parsed = webhooks::parse_strict_json(knock.body, webhooks::received_json_limits());
  if (parsed && (parsed->is_object() || parsed->is_array())) {
    knock.json = std::move(*parsed);
    return std::nullopt;
  }
  // The parser's message may quote a member's name, which is the sender's text: not for the log.
  return refuse(knock, Outcome::kNotJson, parsed ? "neither an object nor an array" : "not JSON");
}

// A signed header that tells the time is the better evidence, and bodies of such providers tell
// when the event happened, which may have been long ago.
std::optional<Outcome> Receiver::check_timestamp(Knock& knock) {
  const bool required = knock.door->settings.require_timestamp;
  if (knock.signed_at) return std::nullopt;
  if (!required && has_foreign_timestamp(knock.door->verifier.kind)) return std::nullopt;
  const webhooks::BodyTimestampRule rule{
      .tolerance = std::chrono::seconds{knock.source().timestamp_tolerance_s},
      .required = required};
  const auto verdict = webhooks::check_body_timestamp(knock.json, clock_.wall_now(), rule);
  if (verdict == webhooks::BodyTimestamp::kOk) return std::nullopt;
  return refuse(knock, Outcome::kStaleTimestamp, webhooks::to_string(verdict));
}

std::optional<Outcome> Receiver::check_tenant(Knock& knock) {
  if (knock.door->settings.tenant_rule == TenantRule::kIgnore) return std::nullopt;
  const auto named = string_member(knock.json, "tenant_id");
  if (named == knock.source().tenant_id) return std::nullopt;
  if (named && !named->empty() && knock.door->settings.tenant_rule == TenantRule::kRoute) {
    knock.routed_tenant = *named;  // whether it exists, the transaction finds
    return std::nullopt;
  }
  return refuse(knock, Outcome::kUnknownTenant, "the body names another tenant or none");
}

model::Event Receiver::make_event(Knock& knock) {
  const VerifierKind kind = knock.door->verifier.kind;
  const http::Headers& headers = knock.request.headers;
  model::Event event;
  event.tenant_id = knock.routed_tenant.empty() ? knock.source().tenant_id : knock.routed_tenant;
  event.id = ids_.make(id_prefix::kEvent);
  event.type = event_type_of(kind, headers, knock.json);
  event.origin = model::EventOrigin::kReceived;
  event.job_id = job_id_of(knock.json);
  event.source_id = knock.source().id;
  event.source_name = knock.source().name;
  event.request_headers = headers_json(headers, knock.door->verifier);
  event.peer = knock.client.to_string();
  event.dedup_key = dedup_key_of(kind, knock.source().dedup_key, headers, knock.json, knock.body);
  event.created_at = clock_.wall_now();
  event.body = std::move(knock.body);
  return event;
}

Task<Outcome> Receiver::store_event(Knock& knock) {
  const bool shadow = knock.source().mode == model::SourceMode::kShadow;
  const bool routed = !knock.routed_tenant.empty();
  model::Event event = make_event(knock);
  bool tenant_is_unknown = false;
  auto stored = co_await database_.write([&](store::Connection& db) -> Result<Stored> {
    tenant_is_unknown = false;
    if (routed) {
      const auto tenant = store::find_tenant(db, event.tenant_id);
      if (!tenant && tenant.error().code != Errc::kNotFound) {
        return std::unexpected(tenant.error());
      }
      tenant_is_unknown = !tenant;
      if (tenant_is_unknown && !shadow) return Stored{Outcome::kUnknownTenant, {}};
    }
    model::Event kept = event;
    if (tenant_is_unknown) kept.tenant_id = knock.source().tenant_id;
    TRY(is_new,
        store::remember_dedup_key(db, kept.source_id, kept.dedup_key, kept.id, kept.created_at));
    if (!is_new) return Stored{Outcome::kDuplicate, {}};
    TRY(published, outbox_.publish(db, std::move(kept)));
    return Stored{Outcome::kAccepted, std::move(published)};
  });
  if (!stored) {
    rejections_.note(knock.source(), Outcome::kUnavailable, to_string(stored.error().code));
    co_return Outcome::kUnavailable;
  }
  if (tenant_is_unknown) {
    const auto refused = refuse(knock, Outcome::kUnknownTenant, "the body names no tenant");
    if (refused) co_return *refused;
  }
  if (stored->outcome == Outcome::kAccepted && on_published_) {
    on_published_(std::move(stored->published));
  }
  co_return stored->outcome;
}

std::optional<Outcome> Receiver::refuse(Knock& knock, Outcome outcome, std::string_view detail) {
  rejections_.note(knock.source(), outcome, detail);
  if (knock.source().mode == model::SourceMode::kShadow && row_of(outcome).is_rejection) {
    knock.shadowed = true;
    return std::nullopt;
  }
  return outcome;
}

http::Response Receiver::answer(const Knock& knock, Outcome outcome) const {
  if (outcome == Outcome::kAccepted) return http::json_response(200, R"({"received":true})");
  if (outcome == Outcome::kDuplicate) {
    return http::json_response(200, R"({"received":true,"duplicate":true})");
  }
  const OutcomeRow& row = row_of(outcome);
  http::Response response = http::error_response(row.status, row.name, row.error, knock.request.id);
  if (row.status == 503) {
    response.headers.set("Retry-After", std::to_string(options_.retry_after_s));
  }
  return response;
}

Task<Result<std::string>> Receiver::webhook_metrics_json() {
  co_return co_await gateway::webhook_metrics_json(database_, metrics_);
}

Task<Result<std::int64_t>> Receiver::forget_old_ids(std::int64_t limit) {
  const WallTime before = clock_.wall_now() - options_.id_memory;
  co_return co_await database_.write([before, limit](store::Connection& db) {
    return store::forget_dedup_keys(db, before, limit);
  });
}

}  // namespace verihook::gateway
