#include "gateway/receiver.h"

#include <algorithm>
#include <utility>

#include "gateway/checks.h"
#include "gateway/client_address.h"
#include "gateway/kept_headers.h"
#include "gateway/received_event.h"
#include "store/accounts.h"
#include "store/events.h"
#include "store/rejected_requests.h"

namespace verihook::gateway {

namespace {

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

}  // namespace

// What the transaction came to.
struct Receiver::Stored {
  Outcome outcome = Outcome::kAccepted;
  std::string event_id{};   // of a duplicate that is admitted: of the event that was there
  std::string tenant_id{};  // whose it became
  delivery::Published published{};
};

// One request on its way through the checks; also one that was refused and is looked at again.
struct Receiver::Knock {
  const http::Headers& headers;
  SourcePointer door{};
  std::string client{};
  std::string body{};
  WallTime arrived_at{};
  Checked checked{};
  std::string rejected_id{};  // goes when the event is stored; empty: it is new
  bool shadowed = false;      // a check failed, and was let pass

  const model::Source& source() const { return door->source; }
  bool is_shadow() const {
    return rejected_id.empty() && source().mode == model::SourceMode::kShadow;
  }
};

Receiver::Receiver(store::Database& database, const Clock& clock, IdMaker& ids,
                   const crypto::SecretBox& secrets, const delivery::Outbox& outbox,
                   Quarantine& quarantine, std::vector<net::Cidr> trusted_proxies,
                   OnPublished on_published, ReceiverOptions options)
    : database_(database),
      clock_(clock),
      ids_(ids),
      secrets_(secrets),
      outbox_(outbox),
      quarantine_(quarantine),
      trusted_proxies_(std::move(trusted_proxies)),
      on_published_(std::move(on_published)),
      options_(options),
      sources_(database, clock, secrets),
      rejections_(clock) {}

Task<http::Response> Receiver::receive(http::Request& request) {
  const MonotonicTime began = clock_.monotonic_now();
  Knock knock{.headers = request.headers};
  const Outcome outcome = co_await check_and_store(request, knock);
  ++metrics_.stats.by_outcome[static_cast<std::size_t>(outcome)];
  if (outcome == Outcome::kAccepted) {
    const std::chrono::duration<double, std::milli> took = clock_.monotonic_now() - began;
    metrics_.stats.accept_ms_total += took.count();
    if (knock.shadowed) ++metrics_.stats.shadow_accepted;
  }
  if (options_.shares != nullptr && knock.door != nullptr) {
    options_.shares->note(knock.source(), outcome);
  }
  if (row_of(outcome).is_rejection && outcome != Outcome::kForbidden) {
    quarantine_.take({.door = knock.door,
                      .outcome = outcome,
                      .id = request.id,
                      .client = knock.client,
                      .at = knock.arrived_at,
                      .headers = request.headers,
                      .body = std::move(knock.body)});
  }
  co_return answer(outcome, request.id);
}

Task<Outcome> Receiver::check_and_store(http::Request& request, Knock& knock) {
  auto found = co_await sources_.find(std::string(request.capture("source")));
  if (!found) co_return Outcome::kUnavailable;
  if (*found == nullptr) co_return Outcome::kUnknownSource;
  knock.door = std::move(*found);
  if (is_shut()) {
    rejections_.note(knock.source(), Outcome::kUnavailable, options_.pressure->reason());
    co_return Outcome::kUnavailable;
  }
  if (const auto refused = check_address(request, knock)) co_return *refused;
  const auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(0, knock.source().body_bytes_max));
  auto body = co_await request.body->read_all(std::min(limit, options_.body_bytes_max));
  if (!body) co_return outcome_of_bad_body(body.error());
  knock.body = std::move(*body);
  knock.arrived_at = clock_.wall_now();
  knock.checked = check(*knock.door, {knock.headers, knock.body, knock.arrived_at},
                        knock.is_shadow() ? OnRefusal::kGoOn : OnRefusal::kStop);
  for (const Refusal& refusal : knock.checked.refusals) {
    if (const auto refused = refuse(knock, refusal.outcome, refusal.detail)) co_return *refused;
  }
  auto stored = co_await store_event(knock);
  if (!stored) co_return Outcome::kUnavailable;
  co_return stored->outcome;
}

std::optional<Outcome> Receiver::check_address(const http::Request& request, Knock& knock) {
  const net::IpAddress client = client_address(request, trusted_proxies_);
  knock.client = client.to_string();
  if (knock.door->ip_allowlist.empty() || net::is_in_any(knock.door->ip_allowlist, client)) {
    return std::nullopt;
  }
  return refuse(knock, Outcome::kForbidden, "client " + knock.client);
}

model::Event Receiver::make_event(Knock& knock) {
  const auto kind = knock.door->verifier.kind;
  const boost::json::value& json = knock.checked.json;
  const std::string& routed = knock.checked.routed_tenant;
  model::Event event;
  event.tenant_id = routed.empty() ? knock.source().tenant_id : routed;
  event.id = ids_.make(id_prefix::kEvent);
  event.type = event_type_of(kind, knock.headers, json);
  event.origin = model::EventOrigin::kReceived;
  event.job_id = job_id_of(json);
  event.source_id = knock.source().id;
  event.source_name = knock.source().name;
  event.request_headers = headers_json(knock.headers, knock.door->verifier);
  event.peer = knock.client;
  event.dedup_key = dedup_key_of(kind, knock.source().dedup_key, knock.headers, json, knock.body);
  event.created_at = knock.arrived_at;
  event.body = std::move(knock.body);
  return event;
}

// In one transaction: the id by which a repetition is known, the event, its deliveries, and that it
// is no rejected request any more.
Result<Receiver::Stored> Receiver::store_in(store::Connection& db, const Knock& knock,
                                            const model::Event& event) {
  model::Event kept = event;
  if (!knock.checked.routed_tenant.empty()) {
    const auto tenant = store::find_tenant(db, event.tenant_id);
    if (!tenant && tenant.error().code != Errc::kNotFound) {
      return std::unexpected(tenant.error());
    }
    if (!tenant && !knock.is_shadow()) return Stored{.outcome = Outcome::kUnknownTenant};
    if (!tenant) kept.tenant_id = knock.source().tenant_id;
  }
  if (!knock.rejected_id.empty()) {
    TRY(was_there, store::delete_rejected_request(db, knock.source().tenant_id, knock.rejected_id));
    if (!was_there) return fail(Errc::kNotFound, "there is no such rejected request");
  }
  TRY(is_new,
      store::remember_dedup_key(db, kept.source_id, kept.dedup_key, kept.id, clock_.wall_now()));
  if (!is_new && knock.rejected_id.empty()) return Stored{.outcome = Outcome::kDuplicate};
  if (!is_new) {
    TRY(known, store::find_dedup_key(db, kept.source_id, kept.dedup_key));
    return Stored{.outcome = Outcome::kDuplicate, .event_id = known.value_or("")};
  }
  Stored stored{.event_id = kept.id, .tenant_id = kept.tenant_id};
  TRY(published, outbox_.publish(db, std::move(kept)));
  stored.published = std::move(published);
  return stored;
}

Task<Result<Receiver::Stored>> Receiver::store_event(Knock& knock) {
  model::Event event = make_event(knock);
  auto stored =
      co_await database_.write([&](store::Connection& db) { return store_in(db, knock, event); });
  knock.body = std::move(event.body);
  if (!stored) {
    rejections_.note(knock.source(), Outcome::kUnavailable, to_string(stored.error().code));
    co_return stored;
  }
  const bool tenant_is_unknown =
      stored->outcome == Outcome::kUnknownTenant ||
      (stored->outcome == Outcome::kAccepted && stored->tenant_id != event.tenant_id);
  if (tenant_is_unknown) refuse(knock, Outcome::kUnknownTenant, "the body names no tenant");
  if (stored->outcome == Outcome::kAccepted && on_published_) {
    on_published_(std::move(stored->published));
  }
  co_return stored;
}

std::optional<Outcome> Receiver::refuse(Knock& knock, Outcome outcome, std::string_view detail) {
  rejections_.note(knock.source(), outcome, detail);
  if (knock.is_shadow() && row_of(outcome).is_rejection) {
    knock.shadowed = true;
    return std::nullopt;
  }
  return outcome;
}

Task<Result<Admission>> Receiver::admit(model::Source source, model::RejectedRequest request) {
  if (!request.is_whole()) {
    co_return fail(Errc::kConflict,
                   "this request cannot be admitted: its body was too long to be kept whole, or an "
                   "address in it was erased");
  }
  const WallTime now = clock_.wall_now();
  KeptHeaders kept{.shown = std::move(request.headers), .secret = {}};
  if (!request.secret_headers.empty()) {
    CO_TRY(opened,
           secrets_.open(request.secret_headers, source_secret_place(source) + "|" + request.id));
    kept.secret = std::move(opened);
  }
  CO_TRY(headers, headers_of(kept));
  CO_TRY(prepared, prepare_source(std::move(source), secrets_, now));
  Knock knock{.headers = headers,
              .door = std::make_shared<const PreparedSource>(std::move(prepared)),
              .client = std::move(request.peer),
              .body = std::move(request.body),
              .arrived_at = request.received_at,
              .rejected_id = std::move(request.id)};
  const Arrived arrived{headers, knock.body, knock.arrived_at};
  knock.checked = check(*knock.door, arrived, OnRefusal::kStop);
  Outcome outcome = Outcome::kAccepted;
  if (!knock.checked.refusals.empty()) {
    outcome = knock.checked.refusals.front().outcome;
  } else {
    CO_TRY(stored, co_await store_event(knock));
    outcome = stored.outcome;
    if (outcome != Outcome::kUnknownTenant) {
      co_return Admission{.outcome = outcome, .event_id = stored.event_id, .diagnosis = {}};
    }
  }
  CO_TRY(others, co_await known_secrets(database_, secrets_, knock.source(), now));
  co_return Admission{
      .outcome = outcome,
      .event_id = {},
      .diagnosis = diagnose(*knock.door, {headers, knock.body, knock.arrived_at}, outcome, others)};
}

http::Response Receiver::answer(Outcome outcome, std::string_view request_id) const {
  if (outcome == Outcome::kAccepted) return http::json_response(200, R"({"received":true})");
  if (outcome == Outcome::kDuplicate) {
    return http::json_response(200, R"({"received":true,"duplicate":true})");
  }
  const OutcomeRow& row = row_of(outcome);
  http::Response response = http::error_response(row.status, row.name, row.error, request_id);
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
