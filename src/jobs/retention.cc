#include "jobs/retention.h"

#include "base/ids.h"
#include "store/accounts.h"
#include "store/jobs.h"

namespace verihook::jobs {
namespace {

using std::chrono::days;

constexpr std::int64_t kTenantsAtOnce = 100;
constexpr std::int64_t kJobsAtOnce = 500;

bool is_older(WallTime time, std::int64_t kept_days, WallTime now) {
  return kept_days > 0 && time + days{kept_days} <= now;
}

}  // namespace

bool is_over_age(const model::Job& job, std::int64_t tenant_days, WallTime now) {
  WallTime since = job.created_at;
  if (model::is_final(job.state)) {
    since = job.finished_at.value_or(job.created_at);
  } else if (job.state != model::JobState::kPaused) {
    return false;
  }
  return is_older(since, tenant_days, now) ||
         is_older(since, job.options.retention_days.value_or(0), now);
}

Retention::Retention(store::Database& database, const Clock& clock, std::int64_t default_days,
                     store::SliceLimits slice)
    : database_(database), clock_(clock), default_days_(default_days), slice_(slice) {}

Task<Result<void>> Retention::sweep() {
  std::string after;
  for (;;) {
    CO_TRY(tenants, co_await database_.read([&](store::Connection& db) {
      return store::list_tenants(db, after, kTenantsAtOnce);
    }));
    for (const model::Tenant& tenant : tenants) {
      CO_TRY_VOID(co_await sweep_tenant(tenant.id, tenant.retention_days.value_or(default_days_)));
    }
    if (std::ssize(tenants) < kTenantsAtOnce) co_return Result<void>{};
    after = tenants.back().id;
  }
}

Task<Result<void>> Retention::sweep_tenant(std::string tenant_id, std::int64_t kept_days) {
  CO_TRY_VOID(co_await remove_jobs(tenant_id, kept_days));
  if (kept_days == 0) co_return Result<void>{};
  const WallTime before = clock_.wall_now() - days{kept_days};
  CO_TRY_VOID(co_await remove_events(tenant_id, before));
  CO_TRY_VOID(co_await repeat([&](store::Connection& db) {
    return store::remove_verifications(db, tenant_id, id_floor(id_prefix::kVerification, before),
                                       slice_.rows);
  }));
  CO_TRY_VOID(co_await repeat([&](store::Connection& db) {
    return store::remove_remote_jobs(db, tenant_id, before, slice_.rows);
  }));
  co_return co_await repeat([&](store::Connection& db) {
    return store::remove_replays(db, tenant_id, before, slice_.rows);
  });
}

// Newest first, from those that are a day old: no job is kept for less. Where the tenant keeps for
// ever, only jobs that say something else are looked at.
Task<Result<void>> Retention::remove_jobs(std::string tenant_id, std::int64_t kept_days) {
  const WallTime now = clock_.wall_now();
  std::string before = id_floor(id_prefix::kJob, now - days{1});
  for (;;) {
    CO_TRY(jobs, co_await database_.read([&](store::Connection& db) {
      return kept_days > 0 ? store::list_jobs(db, tenant_id, before, kJobsAtOnce)
                           : store::list_jobs_with_retention(db, tenant_id, before, kJobsAtOnce);
    }));
    for (const model::Job& job : jobs) {
      if (!is_over_age(job, kept_days, now)) continue;
      const auto deleted = co_await database_.write([&](store::Connection& db) -> Result<void> {
        // It may have been resumed meanwhile.
        TRY(current, store::find_job(db, tenant_id, job.id));
        if (!is_over_age(current, kept_days, now)) return {};
        return store::delete_job(db, tenant_id, job.id);
      });
      if (!deleted && deleted.error().code != Errc::kNotFound) co_return deleted;
    }
    if (std::ssize(jobs) < kJobsAtOnce) co_return Result<void>{};
    before = jobs.back().id;
  }
}

// Oldest first. Those that stay because somebody is still to hear of them are passed over once.
Task<Result<void>> Retention::remove_events(std::string tenant_id, WallTime before) {
  const std::string end = id_floor(id_prefix::kEvent, before);
  std::string after;
  for (;;) {
    CO_TRY(ids, co_await database_.read([&](store::Connection& db) {
      return store::find_event_ids(db, tenant_id, after, end, slice_.rows);
    }));
    if (!ids.empty()) {
      CO_TRY_VOID(co_await database_.write(
          [&](store::Connection& db) { return store::remove_told_events(db, tenant_id, ids); }));
    }
    if (std::ssize(ids) < slice_.rows) co_return Result<void>{};
    after = ids.back();
  }
}

template <class Remove>
Task<Result<void>> Retention::repeat(Remove remove) {
  for (;;) {
    CO_TRY(removed, co_await database_.write(remove));
    if (removed < slice_.rows) co_return Result<void>{};
  }
}

}  // namespace verihook::jobs
