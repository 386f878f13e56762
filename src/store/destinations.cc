#include "store/destinations.h"

#include "store/codec.h"
#include "store/delivery_state.h"
#include "store/rows.h"
#include "store/transaction_memo.h"

namespace verihook::store {
namespace {

#define DESTINATION_COLUMNS                                                                \
  "tenant_id, id, name, kind, url, secrets, events, sources, job_id, state, state_reason," \
  " options, settings, created_at, updated_at"

model::Destination destination_of(const Row& row) {
  model::Destination destination;
  destination.tenant_id = row.string(0);
  destination.id = row.string(1);
  destination.name = row.string(2);
  destination.kind = decode_destination_kind(row.text(3));
  destination.url = row.string(4);
  destination.secrets = decode_secrets(row.text(5));
  destination.events = decode_strings(row.text(6));
  destination.sources = decode_strings(row.text(7));
  destination.job_id = row.string(8);
  destination.state = decode_destination_state(row.text(9));
  destination.state_reason = row.string(10);
  destination.options = decode_delivery_options(row.text(11));
  destination.settings = row.string(12);
  destination.created_at = row.time(13);
  destination.updated_at = row.time(14);
  return destination;
}

// The fan-out reads them again.
void forget_destinations(Connection& db) {
  if (TransactionMemo* const memo = db.memo()) memo->destinations.clear();
}

}  // namespace

Result<void> insert_destination(Connection& db, const model::Destination& destination) {
  forget_destinations(db);
  return done(db.execute(
      "INSERT INTO destinations (" DESTINATION_COLUMNS
      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
      " $15)",
      {destination.tenant_id, destination.id, destination.name, to_string(destination.kind),
       destination.url, encode(destination.secrets), encode(destination.events),
       encode(destination.sources), destination.job_id, to_string(destination.state),
       destination.state_reason, encode(destination.options), destination.settings,
       destination.created_at, destination.updated_at}));
}

Result<void> update_destination(Connection& db, const model::Destination& destination) {
  forget_destinations(db);
  return expect_changed(
      db.execute("UPDATE destinations SET name = $3, kind = $4, url = $5, secrets = $6,"
                 " events = $7, sources = $8, job_id = $9, state = $10, state_reason = $11,"
                 " options = $12, settings = $13, updated_at = $14"
                 " WHERE tenant_id = $1 AND id = $2",
                 {destination.tenant_id, destination.id, destination.name,
                  to_string(destination.kind), destination.url, encode(destination.secrets),
                  encode(destination.events), encode(destination.sources), destination.job_id,
                  to_string(destination.state), destination.state_reason,
                  encode(destination.options), destination.settings, destination.updated_at}),
      "destination");
}

Result<void> delete_destination(Connection& db, std::string_view tenant_id, std::string_view id,
                                WallTime now) {
  forget_destinations(db);
  TRY_VOID(expect_changed(
      db.execute("DELETE FROM destinations WHERE tenant_id = $1 AND id = $2", {tenant_id, id}),
      "destination"));
  return cancel_deliveries(db, tenant_id, id, now);
}

Result<model::Destination> find_destination(Connection& db, std::string_view tenant_id,
                                            std::string_view id) {
  return expect_found(
      find_row(db,
               "SELECT " DESTINATION_COLUMNS " FROM destinations WHERE tenant_id = $1 AND id = $2",
               {tenant_id, id}, destination_of),
      "destination");
}

Result<std::optional<model::Destination>> find_destination_of_any_tenant(Connection& db,
                                                                         std::string_view id) {
  return find_row(db, "SELECT " DESTINATION_COLUMNS " FROM destinations WHERE id = $1", {id},
                  destination_of);
}

Result<std::vector<model::Destination>> list_destinations(Connection& db,
                                                          std::string_view tenant_id,
                                                          std::string_view id_prefix,
                                                          std::string_view after_id,
                                                          std::int64_t limit) {
  // From "wh_" to "wh`", the character after the underscore.
  const std::string first = std::string(id_prefix) + "_";
  const std::string end = std::string(id_prefix) + "`";
  return find_rows(db,
                   "SELECT " DESTINATION_COLUMNS
                   " FROM destinations WHERE tenant_id = $1 AND id > $2 AND id >= $3 AND id < $4"
                   " ORDER BY id LIMIT $5",
                   {tenant_id, after_id, first, end, limit}, destination_of);
}

Result<std::shared_ptr<const DestinationList>> destinations_of_tenant(Connection& db,
                                                                      std::string_view tenant_id) {
  TransactionMemo* const memo = db.memo();
  if (memo != nullptr) {
    const auto known = memo->destinations.find(tenant_id);
    if (known != memo->destinations.end()) return known->second;
  }
  TRY(rows, destinations_of_job(db, tenant_id, ""));
  auto list = std::make_shared<DestinationList>();
  list->reserve(rows.size());
  for (model::Destination& row : rows) {
    list->push_back(std::make_shared<const model::Destination>(std::move(row)));
  }
  if (memo != nullptr) memo->destinations.emplace(tenant_id, list);
  return list;
}

Result<std::vector<model::Destination>> destinations_of_job(Connection& db,
                                                            std::string_view tenant_id,
                                                            std::string_view job_id) {
  return find_rows(db,
                   "SELECT " DESTINATION_COLUMNS
                   " FROM destinations WHERE tenant_id = $1 AND job_id = $2 ORDER BY id",
                   {tenant_id, job_id}, destination_of);
}

}  // namespace verihook::store
