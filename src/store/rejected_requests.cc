#include "store/rejected_requests.h"

#include "store/rows.h"

namespace verihook::store {
namespace {

#define REJECTED_COLUMNS                                                          \
  "tenant_id, id, source_id, outcome, cause, diagnosis, headers, secret_headers," \
  " peer, body_bytes, received_at, body"

model::RejectedRequest rejected_of(const Row& row) {
  model::RejectedRequest request;
  request.tenant_id = row.string(0);
  request.id = row.string(1);
  request.source_id = row.string(2);
  request.outcome = row.string(3);
  request.cause = row.string(4);
  request.diagnosis = row.string(5);
  request.headers = row.string(6);
  request.secret_headers = row.string(7);
  request.peer = row.string(8);
  request.body_bytes = row.integer(9);
  request.received_at = row.time(10);
  request.body = row.string(11);
  return request;
}

// What counts against a source's share: the body, and what stands beside it.
std::int64_t bytes_of(const model::RejectedRequest& request) {
  return std::ssize(request.body) + std::ssize(request.headers) +
         std::ssize(request.secret_headers) + std::ssize(request.diagnosis);
}

}  // namespace

Result<void> insert_rejected_request(Connection& db, const model::RejectedRequest& request) {
  return done(db.execute(
      "INSERT INTO rejected_requests (" REJECTED_COLUMNS
      ", kept_bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {request.tenant_id, request.id, request.source_id, request.outcome, request.cause,
       request.diagnosis, request.headers, BlobView{request.secret_headers}, request.peer,
       request.body_bytes, request.received_at, BlobView{request.body}, bytes_of(request)}));
}

Result<model::RejectedRequest> find_rejected_request(Connection& db, std::string_view tenant_id,
                                                     std::string_view source_id,
                                                     std::string_view id) {
  return expect_found(
      find_row(db,
               "SELECT " REJECTED_COLUMNS
               " FROM rejected_requests WHERE tenant_id = $1 AND id = $2 AND source_id = $3",
               {tenant_id, id, source_id}, rejected_of),
      "rejected request");
}

Result<std::vector<model::RejectedRequest>> list_rejected_requests(
    Connection& db, std::string_view tenant_id, std::string_view source_id,
    const RejectedRequestFilter& filter) {
  Select select(
      "SELECT tenant_id, id, source_id, outcome, cause, diagnosis, '', '', peer, body_bytes,"
      " received_at, '' FROM rejected_requests WHERE tenant_id = ",
      tenant_id);
  select.where("source_id = ", source_id);
  if (!filter.outcome.empty()) select.where("outcome = ", filter.outcome);
  if (!filter.cause.empty()) select.where("cause = ", filter.cause);
  if (!filter.before_id.empty()) select.where("id < ", filter.before_id);
  if (!filter.after_id.empty()) select.where("id > ", filter.after_id);
  select.add(filter.oldest_first ? " ORDER BY id LIMIT " : " ORDER BY id DESC LIMIT ",
             filter.limit);
  return select.rows(db, rejected_of);
}

Result<bool> delete_rejected_request(Connection& db, std::string_view tenant_id,
                                     std::string_view id) {
  TRY(count, db.execute("DELETE FROM rejected_requests WHERE tenant_id = $1 AND id = $2",
                        {tenant_id, id}));
  return count > 0;
}

Result<std::int64_t> trim_rejected_requests(Connection& db, std::string_view tenant_id,
                                            std::string_view source_id, std::int64_t count_max,
                                            std::int64_t bytes_max) {
  // Both figures and the walk come out of the index alone.
  std::int64_t count = 0;
  std::int64_t bytes = 0;
  TRY_VOID(
      db.query("SELECT COUNT(*), SUM(kept_bytes) FROM rejected_requests WHERE tenant_id = $1"
               " AND source_id = $2",
               {tenant_id, source_id}, [&](const Row& row) {
                 count = row.integer(0);
                 bytes = row.integer(1);
                 return false;
               }));
  if (count <= count_max && bytes <= bytes_max) return 0;
  std::string last;
  TRY_VOID(
      db.query("SELECT id, kept_bytes FROM rejected_requests WHERE tenant_id = $1"
               " AND source_id = $2 ORDER BY id",
               {tenant_id, source_id}, [&](const Row& row) {
                 last = row.string(0);
                 --count;
                 bytes -= row.integer(1);
                 return count > count_max || bytes > bytes_max;
               }));
  return db.execute(
      "DELETE FROM rejected_requests WHERE tenant_id = $1 AND source_id = $2 AND id <= $3",
      {tenant_id, source_id, last});
}

Result<std::int64_t> forget_rejected_requests(Connection& db, WallTime before, std::int64_t limit) {
  return db.execute(
      "DELETE FROM rejected_requests WHERE (tenant_id, id) IN"
      " (SELECT tenant_id, id FROM rejected_requests WHERE received_at < $1 LIMIT $2)",
      {before, limit});
}

}  // namespace verihook::store
