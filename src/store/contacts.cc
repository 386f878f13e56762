#include "store/contacts.h"

#include "base/text.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

std::string_view view_of(const std::string& text) { return text; }

model::Contact contact_of(const Row& row) {
  model::Contact contact;
  contact.tenant_id = row.string(0);
  contact.email = row.string(1);
  if (!row.is_null(2)) contact.email_verified = row.boolean(2);
  contact.verification_date = row.optional_time(3);
  contact.verification_job_id = row.string(4);
  contact.email_invalid_reason = row.string(5);
  return contact;
}

model::RemoteJob remote_job_of(const Row& row) {
  model::RemoteJob job;
  job.tenant_id = row.string(0);
  job.source_name = row.string(1);
  job.job_id = row.string(2);
  job.status = row.string(3);
  job.processed_count = row.integer(4);
  job.total_count = row.integer(5);
  job.summary = row.string(6);
  job.error_code = row.string(7);
  job.error_message = row.string(8);
  job.notified_quarter = static_cast<int>(row.integer(9));
  job.updated_at = row.time(10);
  return job;
}

}  // namespace

Result<std::int64_t> import_contacts(Connection& db, std::string_view tenant_id,
                                     std::span<const std::string> emails) {
  std::int64_t added = 0;
  for (const std::string& email : emails) {
    TRY(changed, db.execute("INSERT INTO contacts (tenant_id, email_key, email, email_verified,"
                            " verification_date, verification_job_id, result_job_id,"
                            " email_invalid_reason) VALUES ($1, $2, $3, NULL, NULL, '', '', '')"
                            " ON CONFLICT (tenant_id, email_key) DO NOTHING",
                            {tenant_id, to_lower(view_of(email)), email}));
    added += changed;
  }
  return added;
}

Result<std::int64_t> mark_contacts(Connection& db, std::string_view tenant_id,
                                   std::string_view job_id, std::span<const std::string> emails) {
  std::int64_t marked = 0;
  for (const std::string& email : emails) {
    TRY(changed, db.execute("UPDATE contacts SET verification_job_id = $3 WHERE tenant_id = $1"
                            " AND email_key = $2 AND verification_job_id <> $3",
                            {tenant_id, to_lower(view_of(email)), job_id}));
    marked += changed;
  }
  return marked;
}

Result<std::int64_t> apply_verification(Connection& db, std::string_view tenant_id,
                                        std::string_view job_id, WallTime now,
                                        std::span<const model::ContactUpdate> updates) {
  std::int64_t applied = 0;
  for (const model::ContactUpdate& update : updates) {
    const std::string_view reason =
        update.email_verified ? std::string_view() : view_of(update.email_invalid_reason);
    TRY(changed,
        db.execute("UPDATE contacts SET email_verified = $4, verification_date = $6,"
                   " verification_job_id = $3, result_job_id = $3, email_invalid_reason = $5"
                   " WHERE tenant_id = $1 AND email_key = $2"
                   " AND NOT (verification_job_id = $3 AND result_job_id = $3"
                   " AND email_invalid_reason = $5 AND COALESCE(email_verified, -1) = $4)",
                   {tenant_id, to_lower(view_of(update.email)), job_id, update.email_verified,
                    reason, now}));
    applied += changed;
  }
  return applied;
}

Result<std::vector<model::Contact>> list_contacts(Connection& db, std::string_view tenant_id,
                                                  std::string_view after_email,
                                                  std::int64_t limit) {
  return find_rows(db,
                   "SELECT tenant_id, email, email_verified, verification_date,"
                   " verification_job_id, email_invalid_reason FROM contacts"
                   " WHERE tenant_id = $1 AND email_key > $2 ORDER BY email_key LIMIT $3",
                   {tenant_id, to_lower(after_email), limit}, contact_of);
}

Result<std::vector<std::string>> select_contacts(Connection& db, std::string_view tenant_id,
                                                 const ContactSelection& selection,
                                                 std::string_view after_email, std::int64_t limit) {
  using enum ContactSelection::Which;
  Select select("SELECT email FROM contacts WHERE tenant_id = ", tenant_id);
  switch (selection.which) {
    case kAll:
      break;
    case kNever:
      select.literally(" AND verification_date IS NULL");
      break;
    case kOlder:
      select.where("verification_date < ", selection.verified_before);
      break;
    case kDue:
      select.where("(verification_date IS NULL OR verification_date < ", selection.verified_before)
          .literally(")");
      break;
    case kOfJob:
      select.where("verification_job_id = ", selection.job_id)
          .where("result_job_id <> ", selection.job_id)
          .literally(" AND verification_job_id <> ''");
      break;
  }
  const std::string after = to_lower(after_email);
  select.where("email_key > ", after).add(" ORDER BY email_key LIMIT ", limit);
  return select.rows(db, [](const Row& row) { return row.string(0); });
}

Result<void> upsert_remote_job(Connection& db, const model::RemoteJob& job) {
  return done(db.execute(
      "INSERT INTO remote_jobs (tenant_id, source_name, job_id, status, processed_count,"
      " total_count, summary, error_code, error_message, notified_quarter, updated_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
      " ON CONFLICT (tenant_id, source_name, job_id) DO UPDATE SET status = excluded.status,"
      " processed_count = excluded.processed_count, total_count = excluded.total_count,"
      " summary = excluded.summary, error_code = excluded.error_code,"
      " error_message = excluded.error_message, notified_quarter = excluded.notified_quarter,"
      " updated_at = excluded.updated_at",
      {job.tenant_id, job.source_name, job.job_id, job.status, job.processed_count, job.total_count,
       job.summary, job.error_code, job.error_message, job.notified_quarter, job.updated_at}));
}

Result<model::RemoteJob> find_remote_job(Connection& db, std::string_view tenant_id,
                                         std::string_view source_name, std::string_view job_id) {
  return expect_found(
      find_row(db,
               "SELECT tenant_id, source_name, job_id, status, processed_count, total_count,"
               " summary, error_code, error_message, notified_quarter, updated_at FROM remote_jobs"
               " WHERE tenant_id = $1 AND source_name = $2 AND job_id = $3",
               {tenant_id, source_name, job_id}, remote_job_of),
      "job");
}

}  // namespace verihook::store
