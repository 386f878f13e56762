#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include "api/bulk_handlers.h"
#include "api/endpoint_fields.h"
#include "api/idempotency.h"
#include "async/and_finally.h"
#include "async/run_on.h"
#include "crypto/sha256.h"
#include "jobs/intake.h"
#include "jobs/list_upload.h"
#include "store/destinations.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

// What the body of a create came to, before anything of it is made real.
struct Received {
  jobs::BulkRequest request;
  std::string body_hash;
};

// The parameters beside the list. `hash` is told of them, since they are part of what is asked for.
Result<jobs::BulkRequest> read_parameters(const http::Request& request, crypto::Sha256* hash) {
  jobs::BulkRequest parameters;
  for (const auto& [name, value] : request.query) {
    if (name == "webhook_secret") {
      return fail(Errc::kInvalidArgument,
                  "a query is no place for a secret, proxies write it into their logs: send "
                  "webhook_secret as a member of a JSON body or as a field of a form");
    }
    TRY_VOID(jobs::read_parameter(name, value, parameters));
    // A NUL stands in neither, so two different queries never look alike.
    if (hash != nullptr) hash->update(name + '\0' + value + '\0');
  }
  return parameters;
}

// Until there is something to store: a little of a compressed list may be a great many rows.
Result<void> feed_some(jobs::ListUpload& upload, const jobs::Intake& intake,
                       std::string_view& piece) {
  constexpr std::size_t kBytes = 4096;
  while (!piece.empty() && !intake.has_ready()) {
    TRY_VOID(upload.feed(piece.substr(0, kBytes)));
    piece.remove_prefix(std::min(piece.size(), kBytes));
  }
  return {};
}

// The body in pieces that are worth another thread's while, each taken from the socket while the
// one before it is being read.
class Pieces {
 public:
  Pieces(http::BodyReader& body, std::uint64_t bytes_max, crypto::Sha256* hash)
      : body_(body), bytes_max_(bytes_max), hash_(hash) {}

  // Whether there is anything left to take or to fetch.
  bool at_end() const { return ended_ && next_.empty(); }
  // What was fetched; empty before the first fetch.
  std::string take() { return std::exchange(next_, {}); }
  // Does nothing as long as the last one has not been taken.
  Task<Result<void>> fetch() {
    constexpr std::size_t kBytes = 512 * 1024;
    if (ended_ || !next_.empty()) co_return Result<void>{};
    while (next_.size() < kBytes) {
      CO_TRY(piece, co_await body_.read_some());
      received_ += piece.size();
      if (received_ > bytes_max_) {
        co_return fail(Errc::kTooLarge,
                       fmt::format("the list is larger than {} bytes; split it", bytes_max_));
      }
      ended_ = piece.empty();
      if (ended_) break;
      next_.append(piece);
    }
    if (hash_ != nullptr) hash_->update(next_);
    co_return Result<void>{};
  }

 private:
  http::BodyReader& body_;
  const std::uint64_t bytes_max_;
  crypto::Sha256* const hash_;
  std::string next_;
  std::uint64_t received_ = 0;
  bool ended_ = false;
};

// Three things go on beside each other: the next piece arrives, the one before it is read into
// rows, and the rows of an earlier one are stored.
Task<Result<void>> receive_body(Context& context, Pieces& pieces, jobs::ListUpload& upload,
                                jobs::Intake& intake) {
  using asio::experimental::awaitable_operators::operator&&;
  std::string piece;
  std::string_view rest;
  while (!rest.empty() || !pieces.at_end()) {
    if (rest.empty()) rest = piece = pieces.take();
    const auto [stored, read, fetched] =
        co_await (intake.store(intake.take_ready()) &&
                  run_on(context.cpu_pool, [&] { return feed_some(upload, intake, rest); }) &&
                  pieces.fetch());
    CO_TRY_VOID(stored);
    CO_TRY_VOID(read);
    CO_TRY_VOID(fetched);
  }
  co_return Result<void>{};
}

Task<Result<Received>> receive_list(Context& context, http::Request& request,
                                    jobs::Intake& intake) {
  std::optional<crypto::Sha256> hash;
  if (request.headers.get("Idempotency-Key")) hash.emplace();
  crypto::Sha256* const wanted_hash = hash ? &*hash : nullptr;  // only a key needs it
  CO_TRY(parameters, read_parameters(request, wanted_hash));
  const jobs::UploadHeaders headers{
      .content_type = request.headers.get("Content-Type").value_or(""),
      .content_encoding = request.headers.get("Content-Encoding").value_or("")};
  CO_TRY(upload, jobs::ListUpload::create(headers, std::move(parameters), intake,
                                          context.options.upload_limits));
  Pieces pieces(*request.body, context.options.upload_bytes_max, wanted_hash);
  CO_TRY_VOID(co_await receive_body(context, pieces, *upload, intake));
  CO_TRY(bulk, co_await run_on(context.cpu_pool, [&] { return upload->finish(); }));
  co_return Received{std::move(bulk), hash ? crypto::to_bytes(hash->finish()) : ""};
}

Task<Result<http::Response>> commit_list(Context& context, const Call& call, jobs::Intake& intake,
                                         Received received, const Idempotency& idempotency) {
  std::optional<NewEndpoint> endpoint;
  if (!received.request.webhook_url.empty()) {
    CO_TRY(made, make_endpoint(context, call.caller.tenant_id, received.request.webhook_url,
                               received.request.webhook_secret));
    endpoint = std::move(made);
  }
  std::string body;
  auto job =
      co_await intake.commit(std::move(received.request),
                             [&](store::Connection& db, const model::Job& stored) -> Result<void> {
                               if (endpoint) {
                                 endpoint->destination.job_id = stored.id;
                                 TRY_VOID(store::insert_destination(db, endpoint->destination));
                               }
                               body = created_json(stored, endpoint ? &*endpoint : nullptr);
                               return idempotency.remember(db, stored.created_at, 202, body);
                             });
  if (!job) co_return std::unexpected(job.error());
  context.engine.wake();
  co_return http::json_response(202, std::move(body));
}

Task<Result<http::Response>> receive_and_commit(Context& context, const Call& call,
                                                jobs::Intake& intake) {
  CO_TRY(received, co_await receive_list(context, call.request, intake));
  CO_TRY(idempotency, Idempotency::of(call, received.body_hash));
  co_return co_await idempotency.once(context, [&] {
    return commit_list(context, call, intake, std::move(received), idempotency);
  });
}

}  // namespace

std::string created_json(const model::Job& job, const NewEndpoint* endpoint) {
  std::string text;
  webhooks::JsonWriter json(text);
  json.begin_object();
  json.member("job_id", job.id);
  json.member("status", model::to_string(job.state));
  json.member("total", job.total_count);
  json.member("duplicates", job.summary.duplicates);
  json.member("rejected_count", job.rejected_count);
  json.key("metadata");
  json.raw(job.metadata);
  json.member("created_at", to_iso8601(job.created_at));
  if (endpoint) append_endpoint(json, *endpoint);
  json.end_object();
  return text;
}

Task<void> abandon_rest(Context& context, jobs::Intake& intake) {
  if (!intake.has_rest()) co_return;
  co_await intake.abandon();
  context.housekeeping.wake();
}

Answer create_bulk(Context& context, Call& call) {
  jobs::Intake intake(context.database, context.cpu_pool, context.clock(), call.caller.tenant_id,
                      context.ids.make(id_prefix::kJob), context.options.intake_limits);
  co_return co_await and_finally(receive_and_commit(context, call, intake),
                                 abandon_rest(context, intake));
}

}  // namespace verihook::api
