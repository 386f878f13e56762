#include "api/routes.h"

#include "api/account_handlers.h"
#include "api/bulk_handlers.h"
#include "api/contact_handlers.h"
#include "api/endpoint_handlers.h"
#include "api/endpoint_health.h"
#include "api/erase_handlers.h"
#include "api/errors.h"
#include "api/event_handlers.h"
#include "api/listener_handlers.h"
#include "api/operations_handlers.h"
#include "api/rejected_handlers.h"
#include "api/replay_handlers.h"
#include "api/source_handlers.h"
#include "api/verify_handlers.h"

namespace verihook::api {
namespace {

using enum http::Method;
using enum Access;

Answer openapi(Context& context, Call&) {
  co_return http::json_response(200,
                                openapi_json(context.options.version, context.options.public_url));
}

constexpr RouteSpec kRoutes[] = {
    {kPost, "/v1/verify", kWrite, verify_one, 200,
     "Verify one address; with async: true, later: as an event and at /v1/verify/{verification_id}",
     "VerifyRequest", "Verdict", "trace", "VerificationCreated"},
    {kGet, "/v1/verify/{verification_id}", kRead, get_verification, 200,
     "Show a verification that was to be answered later", "", "Verification", ""},
    {kPost, "/v1/bulk/verify", kWrite, create_bulk, 202, "Submit a list", "BulkRequest",
     "BulkCreated",
     "email_column name metadata options webhook_url webhook_secret start smtp cache syntax "
     "priority disposable_as role_as catch_all_as greylist duplicates deadline_s retention_days",
     "", "application/x-ndjson text/csv text/plain multipart/form-data"},
    {kGet, "/v1/bulk", kRead, list_bulk, 200, "List jobs, newest first", "", "JobPage",
     "limit cursor"},
    {kGet, "/v1/bulk/{job_id}", kRead, get_bulk, 200,
     "Show a job; with wait, when it has ended or after so many seconds", "", "Job", "wait"},
    {kGet, "/v1/bulk/{job_id}/events", kRead, watch_bulk, 200,
     "The job as server-sent events, each time it changes", "", "JobEvents", ""},
    {kGet, "/v1/bulk/{job_id}/preview", kRead, preview_bulk, 200,
     "What a sample of the list looks like and what it will cost; no mail server is asked", "",
     "Preview", ""},
    {kGet, "/v1/bulk/{job_id}/rejected", kRead, list_rejected, 200,
     "Entries of the list that are no rows, by number", "", "RejectedPage", "limit cursor"},
    {kPost, "/v1/bulk/{job_id}/start", kWrite, resume_bulk, 200,
     "Begin a job that was created with start: false", "", "Job", ""},
    {kPost, "/v1/bulk/{job_id}/pause", kWrite, pause_bulk, 200,
     "Begin no further probe, keep everything", "", "Job", ""},
    {kPost, "/v1/bulk/{job_id}/resume", kWrite, resume_bulk, 200, "Go on with a paused job", "",
     "Job", ""},
    {kPost, "/v1/bulk/{job_id}/cancel", kWrite, cancel_bulk, 200,
     "End a job with the results so far", "", "Job", ""},
    {kPost, "/v1/bulk/{job_id}/retry", kWrite, retry_bulk, 202,
     "Ask again about what is unknown or was not looked at, as a new job", "", "BulkCreated", ""},
    {kDelete, "/v1/bulk/{job_id}", kWrite, delete_bulk, 204, "Delete a job and its results", "", "",
     ""},
    {kGet, "/v1/bulk/download/{job_id}", kLink, download_bulk, 200,
     "Download results in input order, as JSON, NDJSON, CSV or in the words of another service", "",
     "Verdicts", "format status reason domain text after_row partial unprocessed raw bom"},
    {kGet, "/v1/bulk/{job_id}/results", kRead, list_results, 200,
     "Results so far, a page at a time", "", "VerdictPage",
     "limit cursor status reason domain text"},

    {kPost, "/v1/webhooks", kWrite, create_webhook, 201, "Register an endpoint", "WebhookRequest",
     "Webhook", ""},
    {kGet, "/v1/webhooks", kRead, list_webhooks, 200, "List endpoints", "", "WebhookPage",
     "limit cursor"},
    {kGet, "/v1/webhooks/{webhook_id}", kRead, get_webhook, 200, "Show an endpoint", "", "Webhook",
     ""},
    {kPatch, "/v1/webhooks/{webhook_id}", kWrite, patch_webhook, 200, "Change an endpoint",
     "WebhookChange", "Webhook", ""},
    {kDelete, "/v1/webhooks/{webhook_id}", kWrite, delete_webhook, 204, "Delete an endpoint", "",
     "", ""},
    {kPost, "/v1/webhooks/{webhook_id}/test", kWrite, test_webhook, 202, "Send a test event", "",
     "EventCreated", ""},
    {kPost, "/v1/webhooks/{webhook_id}/pause", kWrite, pause_webhook, 200,
     "Stop deliveries, keep the queue", "", "Webhook", ""},
    {kPost, "/v1/webhooks/{webhook_id}/resume", kWrite, resume_webhook, 200,
     "Deliver again, the queue first", "", "Webhook", ""},
    {kPost, "/v1/webhooks/{webhook_id}/rotate-secret", kWrite, rotate_webhook_secret, 200,
     "Make a new secret; the old one signs for 24 hours more", "RotateRequest", "Webhook", ""},
    {kGet, "/v1/webhooks/{webhook_id}/deliveries", kRead, list_webhook_deliveries, 200,
     "List an endpoint's deliveries", "", "DeliveryPage",
     "limit cursor status event_id type job_id source since until text"},

    {kGet, "/v1/webhooks/{webhook_id}/jwks.json", kPublic, get_webhook_keys, 200,
     "The public keys of an endpoint's v1a signatures, as a JSON Web Key Set", "", "KeySet", ""},
    {kGet, "/v1/webhooks/{webhook_id}/health", kRead, get_webhook_health, 200,
     "How the endpoint has answered its newest deliveries, and what waits for it", "",
     "EndpointHealth", ""},

    {kPost, "/v1/listeners", kWrite, create_listener, 201,
     "Register an endpoint whose events go out on a stream, as `verihook listen` does",
     "ListenerRequest", "Webhook", ""},
    {kGet, "/v1/listeners/{webhook_id}/stream", kWrite, stream_listener, 200,
     "The listener's events as server-sent events, each to be answered", "", "", ""},
    {kPost, "/v1/listeners/{webhook_id}/answers", kWrite, answer_listener, 200,
     "Answer one of them, as the endpoint would have", "ListenerAnswer", "ListenerAnswered", ""},

    {kPost, "/v1/destinations", kWrite, create_destination, 201,
     "Hand received events to a destination", "DestinationRequest", "Destination", ""},
    {kGet, "/v1/destinations", kRead, list_destinations, 200, "List destinations", "",
     "DestinationPage", "limit cursor"},
    {kGet, "/v1/destinations/{destination_id}", kRead, get_destination, 200, "Show a destination",
     "", "Destination", ""},
    {kPatch, "/v1/destinations/{destination_id}", kWrite, patch_destination, 200,
     "Change a destination", "DestinationChange", "Destination", ""},
    {kDelete, "/v1/destinations/{destination_id}", kWrite, delete_destination, 204,
     "Delete a destination", "", "", ""},
    {kGet, "/v1/destinations/{destination_id}/jwks.json", kPublic, get_destination_keys, 200,
     "The public keys of a destination's v1a signatures, as a JSON Web Key Set", "", "KeySet", ""},

    {kPost, "/v1/sources", kWrite, create_source, 201, "Open a door for webhooks", "SourceRequest",
     "Source", ""},
    {kGet, "/v1/sources", kRead, list_sources, 200, "List sources", "", "SourcePage",
     "limit cursor"},
    {kGet, "/v1/sources/{source_id}", kRead, get_source, 200, "Show a source", "", "Source", ""},
    {kPatch, "/v1/sources/{source_id}", kWrite, patch_source, 200, "Change a source",
     "SourceChange", "Source", ""},
    {kPost, "/v1/sources/{source_id}/rotate-secret", kWrite, rotate_source_secret, 200,
     "Take a new secret; the old ones are good for 24 hours more", "RotateRequest", "Source", ""},
    {kDelete, "/v1/sources/{source_id}", kWrite, delete_source, 204, "Close a door", "", "", ""},
    {kGet, "/v1/sources/{source_id}/rejected", kRead, list_rejected_requests, 200,
     "List what the source refused and why, newest first", "", "RejectedRequestPage",
     "limit cursor outcome cause"},
    {kGet, "/v1/sources/{source_id}/rejected/{rejected_id}", kRead, get_rejected_request, 200,
     "Show a refused request with its headers and body", "", "RejectedRequest", ""},
    {kPost, "/v1/sources/{source_id}/rejected/admit", kWrite, admit_rejected_requests, 200,
     "Admit all that the filter selects and that now passes, oldest first, up to 500 at once",
     "AdmitRequest", "Admitted", ""},
    {kPost, "/v1/sources/{source_id}/rejected/{rejected_id}/admit", kWrite, admit_rejected_request,
     200, "Check a refused request again, as at its arrival, and take it when it passes", "",
     "Admission", ""},

    {kGet, "/v1/events", kRead, list_events, 200, "List events, newest first", "", "EventPage",
     "limit cursor type job_id source endpoint status since until text"},
    {kGet, "/v1/events/{event_id}", kRead, get_event, 200, "Show an event", "", "Event", ""},
    {kGet, "/v1/deliveries", kRead, list_all_deliveries, 200, "List deliveries, newest first", "",
     "DeliveryPage", "limit cursor status event_id type job_id source endpoint since until text"},
    {kGet, "/v1/deliveries/{delivery_id}", kRead, get_delivery, 200,
     "Show a delivery and its attempts", "", "Delivery", ""},
    {kPost, "/v1/deliveries/{delivery_id}/retry", kWrite, retry_delivery, 202, "Try now", "",
     "Delivery", ""},
    {kGet, "/v1/dead-letters", kRead, list_dead_letters, 200, "List what was given up", "",
     "DeliveryPage", "limit cursor destination_id type job_id source endpoint since until text"},
    {kPost, "/v1/dead-letters/requeue", kWrite, requeue_dead_letters, 202,
     "Deliver again all that the filter selects, up to 10,000 at once", "RequeueRequest",
     "Requeued", ""},
    {kPost, "/v1/dead-letters/{delivery_id}/requeue", kWrite, requeue_dead_letter, 202,
     "Deliver again, with a new budget of attempts", "", "Delivery", ""},

    {kPost, "/v1/replays", kWrite, create_replay, 202,
     "Deliver many events again, at a pace and behind what is new; with dry_run: true, say how "
     "many",
     "ReplayRequest", "Replay", ""},
    {kGet, "/v1/replays", kRead, list_replays, 200, "List replays, newest first", "", "ReplayPage",
     "limit cursor"},
    {kGet, "/v1/replays/{replay_id}", kRead, get_replay, 200,
     "Show a replay and what became of its deliveries", "", "Replay", ""},
    {kPost, "/v1/replays/{replay_id}/pause", kWrite, pause_replay, 200,
     "Issue nothing more for now", "", "Replay", ""},
    {kPost, "/v1/replays/{replay_id}/resume", kWrite, resume_replay, 200, "Go on", "", "Replay",
     ""},
    {kPost, "/v1/replays/{replay_id}/cancel", kWrite, cancel_replay, 200,
     "End it, and call off what it has issued and was not delivered", "", "Replay", ""},

    {kGet, "/v1/contacts", kRead, list_contacts, 200, "List the contacts table", "", "ContactPage",
     "limit cursor"},
    {kPost, "/v1/contacts/import", kWrite, import_contacts, 200, "Add addresses to the table",
     "ContactImport", "ContactImported", ""},
    {kPost, "/v1/contacts/verify", kWrite, verify_contacts, 200,
     "Verify contacts of the embedded table or of a contacts destination's, which then gets the "
     "results: 202 with the job, 200 when none is selected",
     "ContactsVerify", "NoContacts", "", "BulkCreated"},

    {kPost, "/v1/keys", kAdmin, create_key, 201, "Make an API key; it is shown once", "KeyRequest",
     "Key", ""},
    {kGet, "/v1/keys", kAdmin, list_keys, 200, "List API keys", "", "KeyPage", "limit cursor"},
    {kDelete, "/v1/keys/{key_id}", kAdmin, revoke_key, 204, "Revoke an API key", "", "", ""},
    {kPost, "/v1/tenants", kAdmin, create_tenant, 201, "Make a tenant", "TenantRequest", "Tenant",
     ""},
    {kGet, "/v1/tenants", kAdmin, list_tenants, 200, "List tenants", "", "TenantPage",
     "limit cursor"},
    {kGet, "/v1/tenants/{tenant_id}", kAdmin, get_tenant, 200, "Show a tenant", "", "Tenant", ""},
    {kPatch, "/v1/tenants/{tenant_id}", kAdmin, patch_tenant, 200,
     "Change a tenant's name or how long its data is kept", "TenantChange", "Tenant", ""},

    {kPost, "/v1/erase", kAdmin, create_erasure, 202, "Take one address out of everything",
     "EraseRequest", "Erasure", ""},
    {kGet, "/v1/erase", kAdmin, list_erasures, 200, "List receipts of erasures, newest first", "",
     "ErasurePage", "limit cursor"},
    {kGet, "/v1/erase/{erasure_id}", kAdmin, get_erasure, 200, "Show the receipt of an erasure", "",
     "Erasure", ""},

    {kPost, "/webhooks/{source}", kPublic, receive_webhook, 200,
     "Receive a provider's webhook; the source's verifier decides", "", "Received", ""},
    {kGet, "/", kPublic, front_page, 200, "A page that says what is here", "", "", ""},
    {kGet, "/metrics", kPublic, metrics, 200, "Prometheus metrics", "", "", ""},
    {kGet, "/metrics/webhooks", kPublic, webhook_metrics, 200, "Counts of received webhooks", "",
     "WebhookMetrics", ""},
    {kGet, "/healthz", kPublic, healthz, 200, "Is the process alive?", "", "Health", ""},
    {kGet, "/readyz", kPublic, readyz, 200, "Can it take work?", "", "Health", ""},
    {kGet, "/openapi.json", kPublic, openapi, 200, "This description", "", "", ""},
};

bool may(Access access, model::Scope scope) {
  switch (access) {
    case kPublic:
      return true;
    case kRead:
    case kLink:
      return true;
    case kWrite:
      return scope >= model::Scope::kWrite;
    case kAdmin:
      return scope >= model::Scope::kAdmin;
  }
  return false;
}

std::string_view needed_scope(Access access) { return access == kAdmin ? "admin" : "write"; }

// A key goes before a token: whoever sends one is told when it is not good.
Task<Result<Caller>> find_caller(Context& context, const RouteSpec& route,
                                 const http::Request& request) {
  const auto token = request.query_value("token");
  if (route.access != kLink || !token || request.headers.get("Authorization")) {
    co_return co_await context.authenticator.authenticate(request);
  }
  CO_TRY(tenant_id, context.options.links.tenant_of(*token, request.capture("job_id"),
                                                    context.clock().wall_now()));
  co_return Caller{std::move(tenant_id), {}, model::Scope::kRead};
}

Task<http::Response> handle(Context& context, const RouteSpec& route, http::Request& request) {
  Call call{request, {}};
  if (route.access != kPublic) {
    auto caller = co_await find_caller(context, route, request);
    if (!caller) co_return error_answer(caller.error(), request);
    call.caller = *caller;
    if (!may(route.access, call.caller.scope)) {
      const Error error{Errc::kForbidden, "this API key lacks the scope \"" +
                                              std::string(needed_scope(route.access)) + "\""};
      co_return error_answer(error, request);
    }
  }
  auto answer = co_await route.handler(context, call);
  if (!answer) co_return error_answer(answer.error(), request);
  co_return std::move(*answer);
}

}  // namespace

std::span<const RouteSpec> route_table() { return kRoutes; }

std::vector<http::Route> make_routes(Context& context) {
  std::vector<http::Route> routes;
  for (const RouteSpec& spec : kRoutes) {
    routes.push_back(
        {spec.method, std::string(spec.pattern),
         [&context, &spec](http::Request& request) { return handle(context, spec, request); }});
  }
  return routes;
}

}  // namespace verihook::api
