#include "store/codec.h"
#include "store/destinations.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

#define SOURCE_COLUMNS                                                           \
  "tenant_id, id, name, verifier, secrets, ip_allowlist, timestamp_tolerance_s," \
  " body_bytes_max, dedup_key, mode, settings, created_at, updated_at"

model::Source source_of(const Row& row) {
  model::Source source;
  source.tenant_id = row.string(0);
  source.id = row.string(1);
  source.name = row.string(2);
  source.verifier = row.string(3);
  source.secrets = decode_secrets(row.text(4));
  source.ip_allowlist = decode_strings(row.text(5));
  source.timestamp_tolerance_s = row.integer(6);
  source.body_bytes_max = row.integer(7);
  source.dedup_key = row.string(8);
  source.mode = decode_source_mode(row.text(9));
  source.settings = row.string(10);
  source.created_at = row.time(11);
  source.updated_at = row.time(12);
  return source;
}

}  // namespace

Result<void> insert_source(Connection& db, const model::Source& source) {
  return done(
      db.execute("INSERT INTO sources (" SOURCE_COLUMNS
                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                 {source.tenant_id, source.id, source.name, source.verifier, encode(source.secrets),
                  encode(source.ip_allowlist), source.timestamp_tolerance_s, source.body_bytes_max,
                  source.dedup_key, to_string(source.mode), source.settings, source.created_at,
                  source.updated_at}));
}

Result<void> update_source(Connection& db, const model::Source& source) {
  return expect_changed(
      db.execute("UPDATE sources SET name = $3, verifier = $4, secrets = $5, ip_allowlist = $6,"
                 " timestamp_tolerance_s = $7, body_bytes_max = $8, dedup_key = $9, mode = $10,"
                 " settings = $11, updated_at = $12 WHERE tenant_id = $1 AND id = $2",
                 {source.tenant_id, source.id, source.name, source.verifier, encode(source.secrets),
                  encode(source.ip_allowlist), source.timestamp_tolerance_s, source.body_bytes_max,
                  source.dedup_key, to_string(source.mode), source.settings, source.updated_at}),
      "source");
}

Result<void> delete_source(Connection& db, std::string_view tenant_id, std::string_view id) {
  TRY_VOID(db.execute("DELETE FROM rejected_requests WHERE tenant_id = $1 AND source_id = $2",
                      {tenant_id, id}));
  return expect_changed(
      db.execute("DELETE FROM sources WHERE tenant_id = $1 AND id = $2", {tenant_id, id}),
      "source");
}

Result<model::Source> find_source(Connection& db, std::string_view tenant_id, std::string_view id) {
  return expect_found(
      find_row(db, "SELECT " SOURCE_COLUMNS " FROM sources WHERE tenant_id = $1 AND id = $2",
               {tenant_id, id}, source_of),
      "source");
}

Result<model::Source> find_source_by_name(Connection& db, std::string_view name) {
  return expect_found(
      find_row(db, "SELECT " SOURCE_COLUMNS " FROM sources WHERE name = $1", {name}, source_of),
      "source");
}

Result<std::vector<model::Source>> list_sources(Connection& db, std::string_view tenant_id,
                                                std::string_view after_id, std::int64_t limit) {
  return find_rows(db,
                   "SELECT " SOURCE_COLUMNS
                   " FROM sources WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                   {tenant_id, after_id, limit}, source_of);
}

}  // namespace verihook::store
