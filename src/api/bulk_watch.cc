#include <memory>

#include "api/bulk_handlers.h"
#include "api/event_stream.h"
#include "base/text.h"

namespace verihook::api {
namespace {

constexpr std::uint64_t kWaitMaxS = 300;
// What another node stores rings no bell here, so a watcher looks by itself now and then.
constexpr Milliseconds kLookInterval{2'000};

Task<Result<ShownJob>> look(Context& context, std::string tenant_id, std::string job_id) {
  co_return co_await context.database.read([&](store::Connection& db) -> Result<ShownJob> {
    TRY(job, store::find_job(db, tenant_id, job_id));
    return shown_job(db, std::move(job));
  });
}

Result<Milliseconds> read_wait(const http::Request& request) {
  const std::string text = read_query(request, "wait");
  if (text.empty()) return Milliseconds{0};
  const auto seconds = parse_u64(text);
  if (!seconds || *seconds > kWaitMaxS) {
    return fail(Errc::kInvalidArgument, "wait must be a number of seconds from 0 to 300");
  }
  return std::chrono::seconds{*seconds};
}

// The stream of one job's server-sent events: `progress` with
// the job each time it has changed, and at last one that is named after the state it ended in.
class JobEventStream {
 public:
  JobEventStream(Context& context, const model::Job& job)
      : context_(context),
        tenant_id_(job.tenant_id),
        job_id_(job.id),
        watch_(context.engine.bell(), job.id) {}

  // The next piece, empty at the end.
  Task<Result<std::string>> next() {
    const MonotonicTime began = context_.clock().monotonic_now();
    while (!ended_ && !context_.engine.bell().closed()) {
      auto seen = co_await look(context_, tenant_id_, job_id_);
      if (!seen && seen.error().code == Errc::kNotFound) {
        ended_ = true;
        co_return std::string("event: deleted\ndata: {}\n\n");
      }
      if (!seen) co_return std::unexpected(seen.error());
      if (is_news(seen->job)) co_return tell(*seen);
      if (context_.clock().monotonic_now() - began >= kHeartbeatInterval) {
        co_return std::string(kHeartbeat);
      }
      co_await watch_.wait(Deadline::after(context_.clock(), kLookInterval));
    }
    co_return std::string();
  }

 private:
  bool is_news(const model::Job& job) const {
    return job.state != told_state_ || job.processed_count != told_count_;
  }

  std::string tell(const ShownJob& seen) {
    told_state_ = seen.job.state;
    told_count_ = seen.job.processed_count;
    ended_ = model::is_final(seen.job.state);
    const std::string_view name = ended_ ? model::to_string(seen.job.state) : "progress";
    return server_event(name, told_count_, text_of(context_, seen));
  }

  Context& context_;
  const std::string tenant_id_;
  const std::string job_id_;
  jobs::JobBell::Watch watch_;
  std::optional<model::JobState> told_state_;
  std::int64_t told_count_ = -1;
  bool ended_ = false;
};

}  // namespace

Answer get_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"wait"}));
  CO_TRY(wait, read_wait(call.request));
  CO_TRY(job_id, named_job_id(call));
  const auto deadline = Deadline::after(context.clock(), wait);
  jobs::JobBell::Watch watch(context.engine.bell(), job_id);
  for (;;) {
    CO_TRY(seen, co_await look(context, call.caller.tenant_id, job_id));
    const bool waits = !model::is_final(seen.job.state) && !deadline.passed(context.clock()) &&
                       !context.engine.bell().closed();
    if (!waits) co_return http::json_response(200, text_of(context, seen));
    co_await watch.wait(deadline.sooner(Deadline::after(context.clock(), kLookInterval)));
  }
}

Answer watch_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  CO_TRY(job, co_await find_named_job(context, call));
  co_return event_stream(std::make_shared<JobEventStream>(context, job));
}

}  // namespace verihook::api
