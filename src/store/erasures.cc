#include "store/erasures.h"

#include <array>

#include "store/codec.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

#define ERASURE_COLUMNS \
  "tenant_id, id, scope, email, address_hash, state, counts, created_at, finished_at"

model::Erasure erasure_of(const Row& row) {
  model::Erasure erasure;
  erasure.tenant_id = row.string(0);
  erasure.id = row.string(1);
  erasure.scope = row.string(2);
  erasure.email = row.string(3);
  erasure.address_hash = row.string(4);
  erasure.state = decode_erasure_state(row.text(5));
  erasure.counts = decode_counts(row.text(6));
  erasure.created_at = row.time(7);
  erasure.finished_at = row.optional_time(8);
  return erasure;
}

const std::array<TextTable, 12> kTextTables = {{
    {.name = "jobs", .keys = {"id"}, .columns = {"name", "metadata", "error_message"}, .blobs = {}},
    {.name = "rejected_requests",
     .keys = {"id"},
     .columns = {"headers", "diagnosis"},
     .blobs = {"body"}},
    {.name = "rejected_entries", .keys = {"job_id", "number"}, .columns = {"excerpt"}, .blobs = {}},
    {.name = "verifications",
     .keys = {"id"},
     .columns = {"email", "metadata"},
     .blobs = {"result"}},
    {.name = "events",
     .keys = {"id"},
     .columns = {"job_id", "request_headers", "dedup_key"},
     .blobs = {"body"}},
    {.name = "deliveries", .keys = {"id"}, .columns = {"last_error"}, .blobs = {}},
    {.name = "attempts",
     .keys = {"delivery_id", "id"},
     .columns = {"error"},
     .blobs = {"response_head"}},
    {.name = "idempotent_answers", .keys = {"key"}, .columns = {}, .blobs = {"body"}},
    {.name = "contacts",
     .keys = {"email_key"},
     .columns = {"email", "email_invalid_reason"},
     .blobs = {}},
    {.name = "remote_jobs",
     .keys = {"source_name", "job_id"},
     .columns = {"summary", "error_message"},
     .blobs = {}},
    {.name = "replays", .keys = {"id"}, .columns = {"filter_text"}, .blobs = {}},
    {.name = "dedup_keys",
     .keys = {"source_id", "key"},
     .columns = {},
     .blobs = {},
     .of_tenant = "source_id IN (SELECT id FROM sources WHERE tenant_id = $1)"},
}};

// SQL that is put together from the table above, with its parameters.
class Statement {
 public:
  explicit Statement(std::string_view head) : sql_(head) {}

  Statement& text(std::string_view text) {
    sql_ += text;
    return *this;
  }
  // "name = $1 AND other = $2" and the like.
  Statement& each(const std::vector<std::string_view>& names,
                  const std::vector<std::string>& values, std::string_view between) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      sql_.append(i == 0 ? "" : between).append(names[i]).append(" = ");
      param(values[i]);
    }
    return *this;
  }
  Statement& param(const Param& value) {
    params_.push_back(value);
    sql_.append("$").append(std::to_string(params_.size()));
    return *this;
  }
  Statement& bind(const Param& value) {  // one whose place is in the text already
    params_.push_back(value);
    return *this;
  }

  const std::string& sql() const { return sql_; }
  std::span<const Param> params() const { return params_; }

 private:
  std::string sql_;
  std::vector<Param> params_;
};

std::string joined(const std::vector<std::string_view>& names) {
  std::string list;
  for (const std::string_view name : names) list.append(list.empty() ? "" : ", ").append(name);
  return list;
}

std::vector<std::string_view> all_columns(const TextTable& table) {
  std::vector<std::string_view> all = table.keys;
  all.insert(all.end(), table.columns.begin(), table.columns.end());
  all.insert(all.end(), table.blobs.begin(), table.blobs.end());
  return all;
}

Statement select(const TextTable& table, std::string_view tenant_id) {
  Statement statement("SELECT " + joined(all_columns(table)));
  statement.text(" FROM ").text(table.name).text(" WHERE ").text(table.of_tenant).bind(tenant_id);
  return statement;
}

TextRow text_row_of(const Row& row, const TextTable& table) {
  TextRow found;
  const auto keys = static_cast<int>(table.keys.size());
  const auto count = static_cast<int>(all_columns(table).size());
  for (int i = 0; i < count; ++i) (i < keys ? found.key : found.texts).push_back(row.string(i));
  return found;
}

Result<void> write(Connection& db, const TextTable& table, std::string_view tenant_id,
                   const TextRow& row) {
  Statement statement("UPDATE ");
  statement.text(table.name).text(" SET ").bind(tenant_id);
  for (std::size_t i = 0; i < row.texts.size(); ++i) {
    const bool blob = i >= table.columns.size();
    const auto name = blob ? table.blobs[i - table.columns.size()] : table.columns[i];
    statement.text(i == 0 ? "" : ", ").text(name).text(" = ");
    statement.param(blob ? Param(BlobView{row.texts[i]}) : Param(row.texts[i]));
  }
  statement.text(" WHERE ").text(table.of_tenant).text(" AND ");
  statement.each(table.keys, row.key, " AND ");
  return done(db.execute(statement.sql(), statement.params()));
}

Result<void> remove(Connection& db, const TextTable& table, std::string_view tenant_id,
                    const std::vector<std::string>& key) {
  Statement statement("DELETE FROM ");
  statement.text(table.name).text(" WHERE ").text(table.of_tenant).bind(tenant_id).text(" AND ");
  statement.each(table.keys, key, " AND ");
  return done(db.execute(statement.sql(), statement.params()));
}

}  // namespace

Result<void> insert_erasure(Connection& db, const model::Erasure& erasure) {
  return done(db.execute(
      "INSERT INTO erasures (" ERASURE_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {erasure.tenant_id, erasure.id, erasure.scope, erasure.email, erasure.address_hash,
       name_of(erasure.state), encode(erasure.counts), erasure.created_at, erasure.finished_at}));
}

Result<model::Erasure> find_erasure(Connection& db, std::string_view tenant_id,
                                    std::string_view id) {
  return expect_found(
      find_row(db, "SELECT " ERASURE_COLUMNS " FROM erasures WHERE tenant_id = $1 AND id = $2",
               {tenant_id, id}, erasure_of),
      "erasure");
}

Result<std::vector<model::Erasure>> list_erasures(Connection& db, std::string_view tenant_id,
                                                  std::string_view before_id, std::int64_t limit) {
  Select select("SELECT " ERASURE_COLUMNS " FROM erasures WHERE tenant_id = ", tenant_id);
  if (!before_id.empty()) select.where("id < ", before_id);
  select.add(" ORDER BY id DESC LIMIT ", limit);
  return select.rows(db, erasure_of);
}

Result<std::optional<model::Erasure>> next_erasure(Connection& db) {
  return find_row(
      db, "SELECT " ERASURE_COLUMNS " FROM erasures WHERE state <> 'completed' ORDER BY id LIMIT 1",
      {}, erasure_of);
}

Result<void> update_erasure(Connection& db, const model::Erasure& erasure) {
  return expect_changed(
      db.execute("UPDATE erasures SET email = $3, state = $4, counts = $5, finished_at = $6"
                 " WHERE tenant_id = $1 AND id = $2",
                 {erasure.tenant_id, erasure.id, erasure.email, name_of(erasure.state),
                  encode(erasure.counts), erasure.finished_at}),
      "erasure");
}

Result<void> count_erased(Connection& db, const model::Erasure& erasure, std::string_view kind,
                          std::int64_t count) {
  TRY(current, find_erasure(db, erasure.tenant_id, erasure.id));
  current.counts[std::string(kind)] += count;
  return update_erasure(db, current);
}

std::span<const TextTable> text_tables() { return kTextTables; }

Result<std::vector<TextRow>> find_texts(Connection& db, const TextTable& table,
                                        std::string_view tenant_id,
                                        const std::vector<std::string>& after_key,
                                        std::int64_t limit) {
  Statement statement = select(table, tenant_id);
  const std::string keys = joined(table.keys);
  if (!after_key.empty()) {
    statement.text(" AND (").text(keys).text(") > (");
    for (std::size_t i = 0; i < after_key.size(); ++i) {
      statement.text(i == 0 ? "" : ", ").param(after_key[i]);
    }
    statement.text(")");
  }
  statement.text(" ORDER BY ").text(keys).text(" LIMIT ").param(limit);
  std::vector<TextRow> found;
  TRY_VOID(db.query(statement.sql(), statement.params(), [&](const Row& row) {
    found.push_back(text_row_of(row, table));
    return true;
  }));
  return found;
}

Result<TextChange> change_texts(Connection& db, const TextTable& table, std::string_view tenant_id,
                                const std::vector<std::string>& key,
                                const std::function<TextChange(TextRow&)>& change) {
  Statement statement = select(table, tenant_id);
  statement.text(" AND ").each(table.keys, key, " AND ");
  std::optional<TextRow> row;
  TRY_VOID(db.query(statement.sql(), statement.params(), [&](const Row& current) {
    row = text_row_of(current, table);
    return false;
  }));
  if (!row) return TextChange::kNone;
  const TextChange what = change(*row);
  if (what == TextChange::kRewritten) TRY_VOID(write(db, table, tenant_id, *row));
  if (what == TextChange::kRemove) TRY_VOID(remove(db, table, tenant_id, key));
  return what;
}

}  // namespace verihook::store
