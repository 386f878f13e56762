#include "store/postgres/statements.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "store/postgres/session.h"

namespace verihook::store::postgres {
namespace {

std::string column(std::string_view name) { return "t." + quoted_identifier(name); }

// What makes two addresses the same.
std::string same_address(const PostgresContactsSpec& spec, const ColumnTypes& types) {
  if (spec.ignore_case) return fmt::format("lower({}::text) = lower(u.e)", column(spec.email));
  return fmt::format("{} = u.e::{}", column(spec.email), types.email);
}

}  // namespace

std::string table_name(const PostgresContactsSpec& spec) {
  const std::string table = quoted_identifier(spec.table);
  return spec.schema.empty() ? table : quoted_identifier(spec.schema) + "." + table;
}

std::array<std::string, 5> column_names(const PostgresContactsSpec& spec) {
  return {spec.email, spec.email_verified, spec.verification_date, spec.verification_job_id,
          spec.email_invalid_reason};
}

std::string_view describe_statement() {
  return "SELECT r.id IS NOT NULL, a.attname,"
         " format_type(COALESCE(NULLIF(y.typbasetype, 0), a.atttypid),"
         " CASE WHEN y.typcategory = 'D' THEN a.atttypmod END)"
         " FROM (SELECT to_regclass($1::text) AS id) AS r"
         " LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.id AND a.attnum > 0"
         " AND NOT a.attisdropped AND a.attname = ANY($2::text[])"
         " LEFT JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid";
}

std::string_view limits_statement() {
  return "SELECT set_config(s.name, v.value, true)"
         " FROM (VALUES ('statement_timeout', $1::text), ('lock_timeout', $2::text),"
         " ('idle_in_transaction_session_timeout', '600000'),"
         " ('client_connection_check_interval', '5000')) AS v(name, value)"
         " JOIN pg_catalog.pg_settings AS s ON s.name = v.name";
}

std::string apply_statement(const PostgresContactsSpec& spec, const ColumnTypes& types) {
  const std::string verified = "u.v::" + types.email_verified;
  const std::string date = "$5::timestamptz::" + types.verification_date;
  const std::string job = "$4::text::" + types.verification_job_id;
  const std::string reason = "NULLIF(u.r, '')::" + types.email_invalid_reason;
  return fmt::format(
      "UPDATE {table} AS t SET {set_v} = {v}, {set_d} = {d}, {set_j} = {j}, {set_r} = {r}"
      " FROM unnest($1::text[], $2::boolean[], $3::text[]) AS u(e, v, r) WHERE {same}"
      " AND ({tv}, {td}, {tj}, {tr}) IS DISTINCT FROM ({v}, {d}, {j}, {r})",
      fmt::arg("table", table_name(spec)),
      fmt::arg("set_v", quoted_identifier(spec.email_verified)),
      fmt::arg("set_d", quoted_identifier(spec.verification_date)),
      fmt::arg("set_j", quoted_identifier(spec.verification_job_id)),
      fmt::arg("set_r", quoted_identifier(spec.email_invalid_reason)), fmt::arg("v", verified),
      fmt::arg("d", date), fmt::arg("j", job), fmt::arg("r", reason),
      fmt::arg("same", same_address(spec, types)), fmt::arg("tv", column(spec.email_verified)),
      fmt::arg("td", column(spec.verification_date)),
      fmt::arg("tj", column(spec.verification_job_id)),
      fmt::arg("tr", column(spec.email_invalid_reason)));
}

std::string mark_statement(const PostgresContactsSpec& spec, const ColumnTypes& types) {
  const std::string job = "$2::text::" + types.verification_job_id;
  return fmt::format(
      "UPDATE {} AS t SET {} = {} FROM unnest($1::text[]) AS u(e) WHERE {}"
      " AND {} IS DISTINCT FROM {}",
      table_name(spec), quoted_identifier(spec.verification_job_id), job, same_address(spec, types),
      column(spec.verification_job_id), job);
}

std::string cursor_statement(const PostgresContactsSpec& spec, const ColumnTypes& types,
                             const ContactSelection& selection, std::vector<std::string>& params) {
  using enum ContactSelection::Which;
  std::string sql = fmt::format(
      "DECLARE contacts NO SCROLL CURSOR FOR SELECT {0}::text FROM {1} AS t"
      " WHERE {0} IS NOT NULL AND {0}::text <> ''",
      column(spec.email), table_name(spec));
  const std::string date = column(spec.verification_date);
  const std::string older = fmt::format("{} < $1::timestamptz::{}", date, types.verification_date);
  switch (selection.which) {
    case kAll:
      return sql;
    case kNever:
      return sql + " AND " + date + " IS NULL";
    case kOlder:
      params = {to_iso8601(selection.verified_before)};
      return sql + " AND " + older;
    case kDue:
      params = {to_iso8601(selection.verified_before)};
      return sql + " AND (" + date + " IS NULL OR " + older + ")";
    case kOfJob:
      params = {selection.job_id};
      return sql + " AND " + column(spec.verification_job_id) +
             " = $1::text::" + types.verification_job_id;
  }
  return sql;
}

}  // namespace verihook::store::postgres
