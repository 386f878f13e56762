#include "api/replay_handlers.h"

#include <algorithm>

#include "api/event_selection.h"
#include "api/idempotency.h"
#include "crypto/sha256.h"
#include "store/destinations.h"
#include "store/replays.h"
#include "webhooks/json_writer.h"
#include "webhooks/payload.h"

namespace verihook::api {
namespace {

using webhooks::JsonWriter;

constexpr double kRateDefault = 50;
constexpr double kRateMin = 0.01;

void append_selection(JsonWriter& json, const model::EventSelection& which) {
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) json.member(name, value);
  };
  json.begin_object();
  text("type", which.type);
  text("job_id", which.job_id);
  text("source", which.source);
  text("endpoint", which.destination_id);
  if (which.since) json.member("since", to_iso8601(*which.since));
  if (which.until) json.member("until", to_iso8601(*which.until));
  text("text", which.text);
  json.end_object();
}

std::string replay_json(const model::Replay& replay, const model::ReplayCounts* counts) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("replay_id", replay.id);
  json.member("status", model::kReplayStates[static_cast<std::size_t>(replay.state)]);
  json.member("mode", model::kReplayModes[static_cast<std::size_t>(replay.mode)]);
  json.key("filter");
  append_selection(json, replay.which);
  json.member("rate_per_second", replay.rate_per_second);
  json.member("total_count", replay.total_count);
  json.member("issued_count", replay.issued_count);
  json.member("percent_complete",
              replay.state == model::ReplayState::kCompleted
                  ? 100.0
                  : webhooks::percent_complete(std::min(replay.issued_count, replay.total_count),
                                               replay.total_count));
  if (counts != nullptr) {
    json.member("pending_count", counts->pending);
    json.member("delivered_count", counts->delivered);
    json.member("dead_count", counts->dead);
  }
  json.member("created_at", to_iso8601(replay.created_at));
  json.key("finished_at");
  if (replay.finished_at) {
    json.value(to_iso8601(*replay.finished_at));
  } else {
    json.null();
  }
  json.end_object();
  return text;
}

Result<model::ReplayMode> read_mode(Fields& fields) {
  TRY(name, fields.string("mode", 20));
  const auto* found = std::ranges::find(model::kReplayModes, name);
  if (found == model::kReplayModes.end()) {
    return fail(Errc::kInvalidArgument, "mode must be failed, missing or all");
  }
  return static_cast<model::ReplayMode>(found - model::kReplayModes.begin());
}

// The replay that is asked for, not yet counted; and whether it is only to be counted.
struct Wish {
  model::Replay replay;
  bool dry_run = false;
};
Result<Wish> read_wish(Context& context, const Call& call, Fields& fields) {
  Wish wish;
  model::Replay& replay = wish.replay;
  replay.tenant_id = call.caller.tenant_id;
  replay.id = context.ids.make(id_prefix::kReplay);
  replay.created_at = context.clock().wall_now();
  TRY(mode, read_mode(fields));
  replay.mode = mode;
  TRY(which, read_selection(fields));
  replay.which = which;
  TRY(rate, fields.optional_number("rate_per_second", kRateMin, delivery::kReplayRateMax));
  replay.rate_per_second = rate.value_or(kRateDefault);
  TRY(dry_run, fields.optional_bool("dry_run"));
  wish.dry_run = dry_run.value_or(false);
  TRY_VOID(fields.refuse_others());
  return wish;
}

// A slip in an endpoint's id would else look like a replay with nothing to do.
Task<Result<void>> expect_endpoint(Context& context, const model::Replay& replay) {
  const std::string& id = replay.which.destination_id;
  if (id.empty()) co_return Result<void>{};
  const auto found = co_await context.database.read(
      [&](store::Connection& db) { return store::find_destination(db, replay.tenant_id, id); });
  if (found) co_return Result<void>{};
  if (found.error().code != Errc::kNotFound) co_return std::unexpected(found.error());
  co_return fail(Errc::kInvalidArgument, "filter.endpoint: there is no such endpoint");
}

Answer change(Context& context, const Call& call, model::ReplayState state) {
  const std::string id(call.request.capture("replay_id"));
  if (!is_id(id, id_prefix::kReplay)) co_return not_found("replay");
  CO_TRY(replay, co_await context.replayer.change(call.caller.tenant_id, id, state));
  co_return http::json_response(200, replay_json(replay, nullptr));
}

Answer begin(Context& context, model::Replay wished, const Idempotency& idempotency) {
  CO_TRY(replay, co_await context.replayer.count(std::move(wished)));
  std::string shown = replay_json(replay, nullptr);
  const auto remember = [&](store::Connection& db) {
    return idempotency.remember(db, replay.created_at, 202, shown);
  };
  CO_TRY_VOID(co_await context.replayer.begin(replay, remember));
  co_return http::json_response(202, std::move(shown));
}

}  // namespace

Answer create_replay(Context& context, Call& call) {
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  CO_TRY(wish, read_wish(context, call, body.fields));
  CO_TRY_VOID(co_await expect_endpoint(context, wish.replay));
  if (wish.dry_run) {
    CO_TRY(counted, co_await context.replayer.count(std::move(wish.replay)));
    co_return http::json_response(
        200, "{\"dry_run\":true,\"count\":" + std::to_string(counted.total_count) + "}");
  }
  CO_TRY(idempotency, Idempotency::of(call, crypto::to_bytes(crypto::sha256(body.bytes))));
  co_return co_await idempotency.once(
      context, [&] { return begin(context, std::move(wish.replay), idempotency); });
}

Answer list_replays(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(replays, co_await context.database.read([&](store::Connection& db) {
    return store::list_replays(db, call.caller.tenant_id, cursor, limit + 1);
  }));
  co_return page_of(
      std::move(replays), limit,
      [](const model::Replay& replay) { return replay_json(replay, nullptr); }, &model::Replay::id);
}

Answer get_replay(Context& context, Call& call) {
  const std::string id(call.request.capture("replay_id"));
  if (!is_id(id, id_prefix::kReplay)) co_return not_found("replay");
  const auto read = [&](store::Connection& db) -> Result<std::string> {
    TRY(replay, store::find_replay(db, call.caller.tenant_id, id));
    TRY(counts, store::count_replay(db, call.caller.tenant_id, id));
    return replay_json(replay, &counts);
  };
  CO_TRY(shown, co_await context.database.read(read));
  co_return http::json_response(200, std::move(shown));
}

Answer pause_replay(Context& context, Call& call) {
  return change(context, call, model::ReplayState::kPaused);
}

Answer resume_replay(Context& context, Call& call) {
  return change(context, call, model::ReplayState::kRunning);
}

Answer cancel_replay(Context& context, Call& call) {
  return change(context, call, model::ReplayState::kCancelled);
}

}  // namespace verihook::api
