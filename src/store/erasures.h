// Repository of erasures, and of the texts in which an address may stand: what the program stored
// of others' words (metadata, payloads, answers, errors), by table. All functions run inside
// Database::read or ::write.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/erasure.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_erasure(Connection& db, const model::Erasure& erasure);
Result<model::Erasure> find_erasure(Connection& db, std::string_view tenant_id,
                                    std::string_view id);
// Newest first; `before_id` empty starts at the newest.
Result<std::vector<model::Erasure>> list_erasures(Connection& db, std::string_view tenant_id,
                                                  std::string_view before_id, std::int64_t limit);
// The oldest that is not completed.
Result<std::optional<model::Erasure>> next_erasure(Connection& db);
// Writes its state, email, counts and finished_at.
Result<void> update_erasure(Connection& db, const model::Erasure& erasure);
// Counts more of `kind`, in the transaction that made them so.
Result<void> count_erased(Connection& db, const model::Erasure& erasure, std::string_view kind,
                          std::int64_t count);

// A table that holds texts: the columns after tenant_id that name a row, and those with texts.
struct TextTable {
  std::string_view name;  // also the kind under which changes are counted
  std::vector<std::string_view> keys;
  std::vector<std::string_view> columns;
  std::vector<std::string_view> blobs;  // columns of another type
  std::string_view of_tenant = "tenant_id = $1";
};
std::span<const TextTable> text_tables();

struct TextRow {
  std::vector<std::string> key;    // of TextTable::keys
  std::vector<std::string> texts;  // of TextTable::columns, then blobs
};
// In the order of their keys, after `after_key` (empty: from the first).
Result<std::vector<TextRow>> find_texts(Connection& db, const TextTable& table,
                                        std::string_view tenant_id,
                                        const std::vector<std::string>& after_key,
                                        std::int64_t limit);

enum class TextChange { kNone, kRewritten, kRemove };
// Reads the row again, lets `change` change its texts, and writes or removes it. What was done;
// kNone also when it is gone.
Result<TextChange> change_texts(Connection& db, const TextTable& table, std::string_view tenant_id,
                                const std::vector<std::string>& key,
                                const std::function<TextChange(TextRow&)>& change);

}  // namespace verihook::store
