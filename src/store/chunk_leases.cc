#include <algorithm>
#include <map>
#include <tuple>

#include "store/job_rows.h"
#include "store/jobs.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

// Live leases, by tenant and job: as many as there are workers.
struct Held {
  std::map<std::string, std::int64_t> by_tenant;
  std::map<std::pair<std::string, std::string>, std::int64_t> by_job;
};

Result<Held> find_held(Connection& db, WallTime now) {
  Held held;
  TRY_VOID(
      db.query("SELECT tenant_id, job_id, COUNT(*) FROM chunks"
               " WHERE state = 'leased' AND lease_until > $1 GROUP BY tenant_id, job_id",
               {now}, [&](const Row& row) {
                 held.by_tenant[row.string(0)] += row.integer(2);
                 held.by_job[{row.string(0), row.string(1)}] = row.integer(2);
                 return true;
               }));
  return held;
}

// Tenants with active jobs, the one whose turn it is first: fewest live leases, then the one that
// was served longest ago. The recursion leaps from tenant to tenant in the index of active jobs.
Result<std::vector<std::string>> find_tenants(Connection& db, const Held& held) {
  struct Candidate {
    std::int64_t held = 0;
    std::int64_t turn = 0;
    std::string id;
  };
  TRY(candidates,
      find_rows(db,
                "WITH RECURSIVE active (tenant_id) AS ("
                " SELECT MIN(tenant_id) FROM jobs WHERE state IN ('queued', 'processing')"
                " UNION ALL SELECT (SELECT MIN(j.tenant_id) FROM jobs j"
                " WHERE j.state IN ('queued', 'processing') AND j.tenant_id > active.tenant_id)"
                " FROM active WHERE active.tenant_id IS NOT NULL)"
                " SELECT a.tenant_id, COALESCE(t.turn, 0) FROM active a"
                " LEFT JOIN lease_turns t ON t.tenant_id = a.tenant_id"
                " WHERE a.tenant_id IS NOT NULL",
                {}, [&](const Row& row) {
                  const auto leases = held.by_tenant.find(row.string(0));
                  return Candidate{.held = leases == held.by_tenant.end() ? 0 : leases->second,
                                   .turn = row.integer(1),
                                   .id = row.string(0)};
                }));
  std::ranges::sort(candidates, {}, [](const Candidate& candidate) {
    return std::tie(candidate.held, candidate.turn, candidate.id);
  });
  std::vector<std::string> tenants;
  for (Candidate& candidate : candidates) tenants.push_back(std::move(candidate.id));
  return tenants;
}

struct ChunkKey {
  std::string tenant_id;
  std::string job_id;
  std::int64_t number = 0;
};

std::optional<std::int64_t> lowest(const Row& row, std::initializer_list<int> columns) {
  std::optional<std::int64_t> lowest;
  for (const int column : columns) {
    if (row.is_null(column)) continue;
    lowest = std::min(lowest.value_or(row.integer(column)), row.integer(column));
  }
  return lowest;
}

// The tenant's job of the highest priority that has a chunk to give; of those the one with the
// fewest live leases, and of those the oldest.
Result<std::optional<ChunkKey>> find_chunk(Connection& db, const std::string& tenant_id,
                                           const Held& held, WallTime now,
                                           const LeaseRules& rules) {
  std::optional<ChunkKey> best;
  std::int64_t best_held = 0;
  std::int64_t best_priority = 0;
  TRY_VOID(db.query(
      "SELECT j.id, (SELECT MIN(c.number) FROM chunks c WHERE c.tenant_id = j.tenant_id"
      " AND c.job_id = j.id AND c.state = 'open'),"
      " (SELECT MIN(c.number) FROM chunks c WHERE c.tenant_id = j.tenant_id"
      " AND c.job_id = j.id AND c.state = 'leased' AND c.lease_until <= $2),"
      " (SELECT MIN(c.number) FROM chunks c WHERE c.tenant_id = j.tenant_id"
      " AND c.job_id = j.id AND c.state = 'parked' AND c.lease_until <= $2), j.priority"
      " FROM jobs j WHERE j.tenant_id = $1 AND j.state IN ('queued', 'processing')"
      " ORDER BY j.priority DESC, j.id",
      {tenant_id, now}, [&](const Row& row) {
        const auto number = lowest(row, {1, 2, 3});
        if (!number) return true;
        const auto leases = held.by_job.find({tenant_id, row.string(0)});
        const std::int64_t count = leases == held.by_job.end() ? 0 : leases->second;
        if (rules.first_of_job_only && count > 0) return true;
        const std::int64_t priority = row.integer(4);
        if (best && priority < best_priority) return false;
        if (best && count >= best_held) return true;
        best = ChunkKey{.tenant_id = tenant_id, .job_id = row.string(0), .number = *number};
        best_held = count;
        best_priority = priority;
        return best_held > 0;  // nothing beats none
      }));
  return best;
}

// Nothing when another node was quicker.
Result<std::optional<model::Chunk>> take(Connection& db, const ChunkKey& key,
                                         std::string_view node_id, WallTime now,
                                         WallTime lease_until) {
  return find_row(db,
                  "UPDATE chunks SET state = 'leased', lease_owner = $4, lease_until = $5,"
                  " fence = fence + 1, leases = leases + 1"
                  " WHERE tenant_id = $1 AND job_id = $2 AND number = $3"
                  " AND (state = 'open' OR (state IN ('leased', 'parked') AND lease_until <= $6))"
                  " RETURNING " CHUNK_COLUMNS,
                  {key.tenant_id, key.job_id, key.number, node_id, lease_until, now}, chunk_of);
}

Result<model::Job> start_job(Connection& db, const ChunkKey& key, WallTime now) {
  return expect_found(
      find_row(db,
               "UPDATE jobs SET state = 'processing', started_at = COALESCE(started_at, $3)"
               " WHERE tenant_id = $1 AND id = $2 RETURNING " JOB_COLUMNS,
               {key.tenant_id, key.job_id, now}, job_of),
      "job");
}

Result<void> note_turn(Connection& db, std::string_view tenant_id) {
  TRY(last, find_integer(db, "SELECT COALESCE(MAX(turn), 0) FROM lease_turns"));
  return done(
      db.execute("INSERT INTO lease_turns (tenant_id, turn) VALUES ($1, $2)"
                 " ON CONFLICT (tenant_id) DO UPDATE SET turn = excluded.turn",
                 {tenant_id, last + 1}));
}

Result<LeasedChunk> load(Connection& db, model::Chunk chunk, model::Job job) {
  TRY(input, find_chunk_input(db, chunk));
  TRY(segments, find_chunk_segments(db, chunk));
  return LeasedChunk{.chunk = std::move(chunk),
                     .job = std::move(job),
                     .input = std::move(input),
                     .segments = std::move(segments)};
}

}  // namespace

Result<std::optional<LeasedChunk>> lease_chunk(Connection& db, std::string_view node_id,
                                               WallTime now, WallTime lease_until,
                                               const LeaseRules& rules) {
  TRY(held, find_held(db, now));
  TRY(tenants, find_tenants(db, held));
  for (const std::string& tenant_id : tenants) {
    const auto leases = held.by_tenant.find(tenant_id);
    const bool has_its_share = rules.chunks_per_tenant_max > 0 && leases != held.by_tenant.end() &&
                               leases->second >= rules.chunks_per_tenant_max;
    if (has_its_share) continue;
    TRY(key, find_chunk(db, tenant_id, held, now, rules));
    if (!key) continue;
    TRY(chunk, take(db, *key, node_id, now, lease_until));
    if (!chunk) continue;
    TRY(job, start_job(db, *key, now));
    TRY_VOID(note_turn(db, tenant_id));
    TRY(leased, load(db, *std::move(chunk), std::move(job)));
    return std::optional<LeasedChunk>(std::move(leased));
  }
  return std::optional<LeasedChunk>();
}

Result<std::optional<WallTime>> next_parked_time(Connection& db) {
  return find_row(db,
                  "SELECT lease_until FROM chunks WHERE state = 'parked'"
                  " ORDER BY lease_until LIMIT 1",
                  {}, [](const Row& row) { return row.time(0); });
}

Result<std::int64_t> release_chunks_of_node(Connection& db, std::string_view node_id) {
  return db.execute(
      "UPDATE chunks SET state = 'open', lease_owner = '', lease_until = 0, fence = fence + 1"
      " WHERE state = 'leased' AND lease_owner = $1",
      {node_id});
}

}  // namespace verihook::store
