#include "api/contact_handlers.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "api/bulk_handlers.h"
#include "api/endpoint_fields.h"
#include "api/idempotency.h"
#include "api/resource_json.h"
#include "async/and_finally.h"
#include "async/run_on.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "destinations/contacts_settings.h"
#include "jobs/intake.h"
#include "store/contacts.h"
#include "store/destinations.h"

namespace verihook::api {
namespace {

namespace json = boost::json;
using Which = store::ContactSelection::Which;

constexpr std::size_t kContactsPerImportMax = 100'000;
constexpr std::size_t kImportBytesMax = std::size_t{32} * 1024 * 1024;
constexpr std::int64_t kDaysMax = 36'500;
constexpr Milliseconds kReadingMax = std::chrono::hours{1};
constexpr std::string_view kNothingSelected = R"({"job_id":null,"total":0})";

constexpr std::pair<std::string_view, Which> kWhich[] = {
    {"all", Which::kAll}, {"never", Which::kNever}, {"older", Which::kOlder}, {"due", Which::kDue}};
// The members that are not those of a list.
constexpr std::string_view kOwnMembers[] = {"destination", "which", "older_than_days"};

// What is to be verified, and how.
struct Wish {
  std::string destination_id;  // empty: the embedded table
  store::ContactSelection selection;
  jobs::BulkRequest request;
};

Result<store::ContactSelection> read_selection(Fields& fields, WallTime now) {
  TRY(name, fields.string("which", 20));
  TRY(days, fields.optional_integer("older_than_days", 0, kDaysMax));
  const auto* which =
      std::ranges::find(kWhich, std::string_view(name), &std::pair<std::string_view, Which>::first);
  if (which == std::end(kWhich)) {
    return fail(Errc::kInvalidArgument, "which must be all, never, older or due");
  }
  const bool by_age = which->second == Which::kOlder || which->second == Which::kDue;
  if (by_age != days.has_value()) {
    return fail(Errc::kInvalidArgument,
                by_age ? "older_than_days is missing: say how old a verification may be"
                       : "older_than_days goes with which: older or due");
  }
  store::ContactSelection selection{.which = which->second, .verified_before = now, .job_id = {}};
  if (days) selection.verified_before = now - std::chrono::days{*days};
  return selection;
}

Result<Wish> read_wish(const Context& context, Fields& fields) {
  Wish wish;
  TRY(destination, fields.optional_string("destination", 100));
  wish.destination_id = destination.value_or("");
  TRY(selection, read_selection(fields, context.clock().wall_now()));
  wish.selection = std::move(selection);
  json::object others = fields.object();
  for (const std::string_view name : kOwnMembers) others.erase(name);
  TRY_VOID(jobs::read_members(json::serialize(others), wish.request));
  // Every contact gets its answer, also one that differs from another in spelling only.
  wish.request.options.duplicates = model::Duplicates::kMark;
  return wish;
}

Task<Result<model::Destination>> find_contacts_destination(Context& context, const Call& call,
                                                           const std::string& id) {
  if (id.empty()) {
    model::Destination embedded;
    embedded.tenant_id = call.caller.tenant_id;
    embedded.kind = model::DestinationKind::kContacts;
    embedded.options.retry_schedule = model::default_processing_schedule();
    co_return embedded;
  }
  if (!is_id(id, id_prefix::kDestination)) co_return not_found("destination");
  CO_TRY(found, co_await context.database.read([&](store::Connection& db) {
    return store::find_destination(db, call.caller.tenant_id, id);
  }));
  if (found.kind != model::DestinationKind::kContacts) {
    co_return fail(Errc::kInvalidArgument, "destination must be one of kind contacts");
  }
  co_return found;
}

// The way by which the job's results come back to the table.
model::Destination route_to(Context& context, const model::Destination& destination) {
  model::Destination route;
  route.tenant_id = destination.tenant_id;
  route.id = context.ids.make(id_prefix::kDestination);
  route.name = "results to contacts";
  route.kind = model::DestinationKind::kContacts;
  route.events = {std::string(model::event_type::kBulkCompleted),
                  std::string(model::event_type::kBulkFailed)};
  route.options = destination.options;
  route.settings = destinations::contacts_route_settings(destination.id);
  route.created_at = route.updated_at = context.clock().wall_now();
  return route;
}

// Addresses out of the table as rows of a list.
class Feed {
 public:
  Feed(jobs::Intake& intake, const jobs::UploadLimits& limits) : intake_(intake), limits_(limits) {}

  Result<void> add(const std::vector<std::string>& emails) {
    for (const std::string& email : emails) TRY_VOID(add(email));
    return {};
  }

 private:
  Result<void> add(const std::string& email) {
    ++number_;
    if (email.size() > limits_.entries.email_bytes_max) {
      reject(jobs::Rejection::kTooLong, email);
      return {};
    }
    if (!is_valid_utf8(email) || email.contains('\0')) {
      reject(jobs::Rejection::kNotUtf8, email);
      return {};
    }
    if (intake_.row_count() >= limits_.emails_max) {
      return fail(Errc::kTooLarge, "a job may have " + std::to_string(limits_.emails_max) +
                                       " addresses; select fewer contacts");
    }
    return intake_.add({.number = number_, .email = email});
  }
  void reject(jobs::Rejection reason, std::string_view email) {
    intake_.reject({number_, 0, reason, jobs::excerpt_of(email)});
  }

  jobs::Intake& intake_;
  const jobs::UploadLimits& limits_;
  std::int64_t number_ = 0;
};

Task<Result<void>> take_in(Context& context, store::ContactsTable& table,
                           const store::ContactSelection& selection, jobs::Intake& intake) {
  const auto reader = table.read(selection, Deadline::after(context.clock(), kReadingMax));
  Feed feed(intake, context.options.upload_limits);
  for (;;) {
    CO_TRY(emails, co_await reader->next());
    if (emails.empty()) co_return Result<void>{};
    CO_TRY_VOID(co_await run_on(context.cpu_pool, [&] { return feed.add(emails); }));
    if (intake.has_ready()) CO_TRY_VOID(co_await intake.store_ready());
  }
}

Task<Result<http::Response>> take_in_and_commit(Context& context, Wish wish,
                                                const model::Destination& destination,
                                                jobs::Intake& intake,
                                                const Idempotency& idempotency) {
  CO_TRY(table, co_await context.contacts.find_table(destination));
  intake.keep_duplicates(true);
  CO_TRY_VOID(co_await take_in(context, *table, wish.selection, intake));
  if (intake.row_count() == 0) co_return http::json_response(200, std::string(kNothingSelected));
  std::optional<NewEndpoint> endpoint;
  if (!wish.request.webhook_url.empty()) {
    CO_TRY(made, make_endpoint(context, destination.tenant_id, wish.request.webhook_url,
                               wish.request.webhook_secret));
    endpoint = std::move(made);
  }
  model::Destination route = route_to(context, destination);
  std::string body;
  const auto also_store = [&](store::Connection& db, const model::Job& stored) -> Result<void> {
    route.job_id = stored.id;
    TRY_VOID(store::insert_destination(db, route));
    if (endpoint) {
      endpoint->destination.job_id = stored.id;
      TRY_VOID(store::insert_destination(db, endpoint->destination));
    }
    body = created_json(stored, endpoint ? &*endpoint : nullptr);
    return idempotency.remember(db, stored.created_at, 202, body);
  };
  CO_TRY_VOID(co_await intake.commit(std::move(wish.request), also_store));
  context.engine.wake();
  co_return http::json_response(202, std::move(body));
}

Task<Result<http::Response>> verify(Context& context, const Call& call, Wish wish,
                                    const Idempotency& idempotency) {
  CO_TRY(destination, co_await find_contacts_destination(context, call, wish.destination_id));
  jobs::Intake intake(context.database, context.cpu_pool, context.clock(), call.caller.tenant_id,
                      context.ids.make(id_prefix::kJob), context.options.intake_limits);
  co_return co_await and_finally(
      take_in_and_commit(context, std::move(wish), destination, intake, idempotency),
      abandon_rest(context, intake));
}

}  // namespace

Answer list_contacts(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(contacts, co_await context.database.read([&](store::Connection& db) {
    return store::list_contacts(db, call.caller.tenant_id, cursor, limit + 1);
  }));
  co_return page_of(
      std::move(contacts), limit,
      [](const model::Contact& contact) { return contact_json(contact); }, &model::Contact::email);
}

Answer import_contacts(Context& context, Call& call) {
  CO_TRY(fields, co_await read_fields(call.request, kImportBytesMax));
  CO_TRY(emails, fields.optional_strings("emails", kContactsPerImportMax));
  CO_TRY_VOID(fields.refuse_others());
  if (!emails || emails->empty()) {
    co_return fail(Errc::kInvalidArgument, "emails is missing: give an array of addresses");
  }
  CO_TRY(added, co_await context.database.write([&](store::Connection& db) {
    return store::import_contacts(db, call.caller.tenant_id, *emails);
  }));
  co_return http::json_response(200, "{\"added\":" + std::to_string(added) + ",\"known\":" +
                                         std::to_string(std::ssize(*emails) - added) + "}");
}

Answer verify_contacts(Context& context, Call& call) {
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  CO_TRY(wish, read_wish(context, body.fields));
  CO_TRY(idempotency, Idempotency::of(call, crypto::to_bytes(crypto::sha256(body.bytes))));
  co_return co_await idempotency.once(
      context, [&] { return verify(context, call, std::move(wish), idempotency); });
}

}  // namespace verihook::api
