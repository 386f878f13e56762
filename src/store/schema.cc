#include "store/schema.h"

#include <array>
#include <string>

#include "base/log.h"

namespace verihook::store {
namespace {

constexpr std::string_view kAccounts = R"(
CREATE TABLE metadata (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
){clustered};

CREATE TABLE tenants (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
){clustered};

CREATE TABLE api_keys (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  hash {blob} NOT NULL,
  prefix TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  PRIMARY KEY (tenant_id, id)
){clustered};
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE idempotent_answers (
  tenant_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash {blob} NOT NULL,
  status BIGINT NOT NULL,
  body {blob} NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotent_answers_expiry ON idempotent_answers (expires_at);
)";

// The blobs of a chunk stand in tables of their own: its row is rewritten with every checkpoint.
constexpr std::string_view kJobs = R"(
CREATE TABLE jobs (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  options TEXT NOT NULL,
  metadata TEXT NOT NULL,
  total_count BIGINT NOT NULL,
  processed_count BIGINT NOT NULL,
  chunk_count BIGINT NOT NULL,
  summary_total BIGINT NOT NULL,
  summary_valid BIGINT NOT NULL,
  summary_invalid BIGINT NOT NULL,
  summary_risky BIGINT NOT NULL,
  summary_unknown BIGINT NOT NULL,
  summary_disposable BIGINT NOT NULL,
  summary_catch_all BIGINT NOT NULL,
  summary_role BIGINT NOT NULL,
  summary_free BIGINT NOT NULL,
  summary_duplicates BIGINT NOT NULL,
  error_code TEXT NOT NULL,
  error_message TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  progress_event_at BIGINT NOT NULL,
  progress_event_count BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX jobs_active ON jobs (tenant_id, id) WHERE state IN ('queued', 'processing');
CREATE INDEX jobs_state ON jobs (state, tenant_id, id);

CREATE TABLE chunks (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  row_count BIGINT NOT NULL,
  processed_count BIGINT NOT NULL,
  summary_total BIGINT NOT NULL,
  summary_valid BIGINT NOT NULL,
  summary_invalid BIGINT NOT NULL,
  summary_risky BIGINT NOT NULL,
  summary_unknown BIGINT NOT NULL,
  summary_disposable BIGINT NOT NULL,
  summary_catch_all BIGINT NOT NULL,
  summary_role BIGINT NOT NULL,
  summary_free BIGINT NOT NULL,
  summary_duplicates BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  leases BIGINT NOT NULL,
  parked_count BIGINT NOT NULL,
  times_parked BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, job_id, number)
);
CREATE INDEX chunks_open ON chunks (tenant_id, job_id, number) WHERE state = 'open';
CREATE INDEX chunks_leased ON chunks (tenant_id, job_id, number, lease_until)
  WHERE state = 'leased';
CREATE INDEX chunks_parked ON chunks (tenant_id, job_id, number, lease_until)
  WHERE state = 'parked';
CREATE INDEX chunks_parked_until ON chunks (lease_until) WHERE state = 'parked';

CREATE TABLE chunk_inputs (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  input {blob} NOT NULL,
  PRIMARY KEY (tenant_id, job_id, number)
);
CREATE TABLE chunk_segments (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  segment BIGINT NOT NULL,
  results {blob} NOT NULL,
  PRIMARY KEY (tenant_id, job_id, number, segment)
);
CREATE TABLE chunk_results (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  results {blob} NOT NULL,
  PRIMARY KEY (tenant_id, job_id, number)
);

-- When a tenant was last given a chunk: the turn-taking between tenants that hold equally many.
CREATE TABLE lease_turns (
  tenant_id TEXT NOT NULL PRIMARY KEY,
  turn BIGINT NOT NULL
){clustered};
)";

// deliveries.claimable_at is when the row may next be leased: next_attempt_at, or lease_until while
// it is held. dedup_keys have no tenant: a source's id is unique in the program.
constexpr std::string_view kEvents = R"(
CREATE TABLE events (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  origin TEXT NOT NULL,
  job_id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  source_name TEXT NOT NULL,
  request_headers TEXT NOT NULL,
  peer TEXT NOT NULL,
  dedup_key TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  status TEXT NOT NULL,
  retry_count BIGINT NOT NULL,
  body {blob} NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX events_job ON events (tenant_id, job_id, id) WHERE job_id <> '';
CREATE INDEX events_source ON events (tenant_id, source_name, id) WHERE source_name <> '';
CREATE INDEX events_trouble ON events (tenant_id, status, id)
  WHERE status = 'failed' OR status = 'dead';
CREATE INDEX events_received ON events (status) WHERE origin = 'received';

CREATE TABLE dedup_keys (
  source_id TEXT NOT NULL,
  key TEXT NOT NULL,
  event_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (source_id, key)
){clustered};
CREATE INDEX dedup_keys_age ON dedup_keys (created_at);

CREATE TABLE deliveries (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  destination_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt_count BIGINT NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  claimable_at BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  last_status_code BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX deliveries_queue ON deliveries (tenant_id, destination_id, claimable_at)
  WHERE state = 'pending';
CREATE INDEX deliveries_job ON deliveries (tenant_id, destination_id, job_id, created_at, id)
  WHERE state = 'pending' AND job_id <> '';
CREATE INDEX deliveries_event ON deliveries (tenant_id, event_id, id);
CREATE INDEX deliveries_destination ON deliveries (tenant_id, destination_id, id);
CREATE INDEX deliveries_state ON deliveries (tenant_id, state, id);

CREATE TABLE attempts (
  tenant_id TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  id TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  status_code BIGINT NOT NULL,
  error_class TEXT NOT NULL,
  error TEXT NOT NULL,
  latency_ms DOUBLE PRECISION NOT NULL,
  response_head {blob} NOT NULL,
  PRIMARY KEY (tenant_id, delivery_id, number, id)
){clustered};
)";

constexpr std::string_view kDestinations = R"(
CREATE TABLE destinations (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  secrets TEXT NOT NULL,
  events TEXT NOT NULL,
  sources TEXT NOT NULL,
  job_id TEXT NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  options TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE sources (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  verifier TEXT NOT NULL,
  secrets TEXT NOT NULL,
  ip_allowlist TEXT NOT NULL,
  timestamp_tolerance_s BIGINT NOT NULL,
  body_bytes_max BIGINT NOT NULL,
  dedup_key TEXT NOT NULL,
  mode TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX sources_name ON sources (name);
)";

// contacts.verification_job_id is the job a contact was handed to; result_job_id the one whose
// result it carries. email_key is the address in lower case.
constexpr std::string_view kContacts = R"(
CREATE TABLE contacts (
  tenant_id TEXT NOT NULL,
  email_key TEXT NOT NULL,
  email TEXT NOT NULL,
  email_verified BIGINT,
  verification_date BIGINT,
  verification_job_id TEXT NOT NULL,
  result_job_id TEXT NOT NULL,
  email_invalid_reason TEXT NOT NULL,
  PRIMARY KEY (tenant_id, email_key)
){clustered};
CREATE INDEX contacts_job ON contacts (tenant_id, verification_job_id, email_key)
  WHERE verification_job_id <> '';

CREATE TABLE remote_jobs (
  tenant_id TEXT NOT NULL,
  source_name TEXT NOT NULL,
  job_id TEXT NOT NULL,
  status TEXT NOT NULL,
  processed_count BIGINT NOT NULL,
  total_count BIGINT NOT NULL,
  summary TEXT NOT NULL,
  error_code TEXT NOT NULL,
  error_message TEXT NOT NULL,
  notified_quarter BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, source_name, job_id)
);
)";

// jobs.priority repeats what the options say, for the order in which chunks are given out.
constexpr std::string_view kJobControl = R"(
ALTER TABLE jobs ADD COLUMN deadline_at BIGINT;
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 1;
CREATE INDEX jobs_deadline ON jobs (deadline_at)
  WHERE deadline_at IS NOT NULL AND state IN ('queued', 'processing', 'paused');
)";

// Jobs that are gone for everybody and whose rows are still being removed, a few chunks at a time.
constexpr std::string_view kRemovedJobs = R"(
CREATE TABLE removed_jobs (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, job_id)
){clustered};
CREATE INDEX destinations_job ON destinations (tenant_id, job_id) WHERE job_id <> '';
)";

// A verification that waits or is worked on is open; claimable_at as in model/verification.h.
// destinations_job now also finds what belongs to no job.
constexpr std::string_view kVerifications = R"(
CREATE TABLE verifications (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  email TEXT NOT NULL,
  options TEXT NOT NULL,
  timeout_ms BIGINT NOT NULL,
  metadata TEXT NOT NULL,
  result {blob} NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  claimable_at BIGINT NOT NULL,
  lease_owner TEXT NOT NULL,
  fence BIGINT NOT NULL,
  leases BIGINT NOT NULL,
  times_parked BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX verifications_open ON verifications (tenant_id, claimable_at, id)
  WHERE state = 'open';
CREATE INDEX verifications_due ON verifications (claimable_at) WHERE state = 'open';
CREATE INDEX verifications_suspect ON verifications (leases, tenant_id, id)
  WHERE state = 'open' AND leases >= 5;
DROP INDEX destinations_job;
CREATE INDEX destinations_job ON destinations (tenant_id, job_id, id);
)";

constexpr std::string_view kRetention = R"(
ALTER TABLE tenants ADD COLUMN retention_days BIGINT;
)";

constexpr std::string_view kErasures = R"(
CREATE TABLE erasures (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  scope TEXT NOT NULL,
  email TEXT NOT NULL,
  address_hash TEXT NOT NULL,
  state TEXT NOT NULL,
  counts TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  PRIMARY KEY (tenant_id, id)
){clustered};
)";

constexpr std::string_view kRejectedEntries = R"(
ALTER TABLE jobs ADD COLUMN rejected_count BIGINT NOT NULL DEFAULT 0;
CREATE TABLE rejected_entries (
  tenant_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  line BIGINT NOT NULL,
  reason TEXT NOT NULL,
  excerpt TEXT NOT NULL,
  PRIMARY KEY (tenant_id, job_id, number)
){clustered};
)";

// jobs.has_retention is 1 when the options say how long the job is kept, so that these are found.
constexpr std::string_view kJobRetention = R"(
ALTER TABLE jobs ADD COLUMN has_retention BIGINT NOT NULL DEFAULT 0;
UPDATE jobs SET has_retention = 1 WHERE options LIKE '%"retention_days":%';
CREATE INDEX jobs_with_retention ON jobs (tenant_id, id) WHERE has_retention = 1;
)";

// deliveries.turn is 1 for what a replay has issued, so that it comes after what is new.
constexpr std::string_view kReplays = R"(
CREATE TABLE replays (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  mode TEXT NOT NULL,
  state TEXT NOT NULL,
  filter_type TEXT NOT NULL,
  filter_job_id TEXT NOT NULL,
  filter_source TEXT NOT NULL,
  filter_destination_id TEXT NOT NULL,
  filter_since BIGINT,
  filter_until BIGINT,
  filter_text TEXT NOT NULL,
  rate_per_second DOUBLE PRECISION NOT NULL,
  total_count BIGINT NOT NULL,
  issued_count BIGINT NOT NULL,
  position TEXT NOT NULL,
  end_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  PRIMARY KEY (tenant_id, id)
){clustered};
CREATE INDEX replays_open ON replays (id) WHERE finished_at IS NULL;
ALTER TABLE deliveries ADD COLUMN replay_id TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
CREATE INDEX deliveries_replay ON deliveries (tenant_id, replay_id, state) WHERE replay_id <> '';
DROP INDEX deliveries_queue;
CREATE INDEX deliveries_queue ON deliveries (tenant_id, destination_id, turn, claimable_at)
  WHERE state = 'pending';
)";

// Where the time of an attempt went, in milliseconds; NULL for a phase that it did not have.
constexpr std::string_view kAttemptPhases = R"(
ALTER TABLE attempts ADD COLUMN dns_ms DOUBLE PRECISION;
ALTER TABLE attempts ADD COLUMN connect_ms DOUBLE PRECISION;
ALTER TABLE attempts ADD COLUMN tls_ms DOUBLE PRECISION;
ALTER TABLE attempts ADD COLUMN first_byte_ms DOUBLE PRECISION;
)";

// Public keys are asked for without a tenant.
constexpr std::string_view kDestinationIds = R"(
CREATE INDEX destinations_id ON destinations (id);
)";

// kept_bytes is what a row counts against its source's share; the index alone tells the sum.
constexpr std::string_view kRejectedRequests = R"(
CREATE TABLE rejected_requests (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  source_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  cause TEXT NOT NULL,
  diagnosis TEXT NOT NULL,
  headers TEXT NOT NULL,
  secret_headers {blob} NOT NULL,
  peer TEXT NOT NULL,
  body_bytes BIGINT NOT NULL,
  kept_bytes BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  body {blob} NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX rejected_requests_source ON rejected_requests (tenant_id, source_id, id, kept_bytes);
CREATE INDEX rejected_requests_age ON rejected_requests (received_at);
)";

// What the metrics count, so that they need not (row_counts.h). The indexes that they counted by
// hold no more than what is not yet done with.
constexpr std::string_view kRowCounts = R"(
CREATE TABLE row_counts (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
){clustered};
INSERT INTO row_counts (name, value)
  SELECT 'received_events', COUNT(*) FROM events WHERE origin = 'received';
INSERT INTO row_counts (name, value) SELECT 'deliveries', COUNT(*) FROM deliveries;
DROP INDEX events_received;
CREATE INDEX events_unprocessed ON events (status)
  WHERE origin = 'received' AND status <> 'processed';
DROP INDEX deliveries_state;
CREATE INDEX deliveries_undelivered ON deliveries (tenant_id, state, id)
  WHERE state <> 'delivered';
DROP INDEX deliveries_event;
CREATE INDEX deliveries_event ON deliveries (tenant_id, event_id, state, attempt_count);
)";

constexpr std::array<Migration, 17> kMigrations = {{
    {1, kAccounts},
    {2, kJobs},
    {3, kEvents},
    {4, kDestinations},
    {5, kContacts},
    {6, kJobControl},
    {7, kRemovedJobs},
    {8, kVerifications},
    {9, kRetention},
    {10, kErasures},
    {11, kRejectedEntries},
    {12, kJobRetention},
    {13, kReplays},
    {14, kAttemptPhases},
    {15, kDestinationIds},
    {16, kRejectedRequests},
    {17, kRowCounts},
}};

Result<void> apply(Driver& driver, Connection& writer, const Migration& migration) {
  TRY_VOID(writer.execute_script(driver.translate_schema(migration.sql)));
  TRY_VOID(writer.execute("DELETE FROM schema_version"));
  TRY_VOID(writer.execute("INSERT INTO schema_version (version) VALUES ($1)", {migration.version}));
  return {};
}

Result<void> in_transaction(Driver& driver, Connection& writer,
                            const std::function<Result<void>()>& body) {
  TRY_VOID(driver.begin(writer));
  Result<void> done = body();
  if (done) done = driver.commit(writer);
  if (!done) driver.rollback(writer);
  return done;
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<int> schema_version(Connection& connection) {
  int version = 0;
  TRY_VOID(connection.query("SELECT version FROM schema_version", {}, [&](const Row& row) {
    version = static_cast<int>(row.integer(0));
    return false;
  }));
  return version;
}

Result<void> migrate(Driver& driver, Connection& writer, std::span<const Migration> all) {
  TRY_VOID(
      writer.execute_script("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"));
  TRY(version, schema_version(writer));
  const int newest = all.empty() ? 0 : all.back().version;
  if (version > newest) {
    return fail(Errc::kConflict, "the database has schema version " + std::to_string(version) +
                                     ", this program knows up to " + std::to_string(newest) +
                                     "; run the newer program that wrote it, or restore a backup");
  }
  for (const Migration& migration : all) {
    if (migration.version <= version) continue;
    TRY_VOID(in_transaction(driver, writer, [&] { return apply(driver, writer, migration); }));
    // A new database is not worth a line.
    if (version > 0) log_info("schema migrated", {{"version", migration.version}});
  }
  return {};
}

}  // namespace verihook::store
