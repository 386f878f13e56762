#include "store/metadata.h"

#include "store/rows.h"

namespace verihook::store {

Result<std::optional<std::string>> find_metadata(Connection& db, std::string_view key) {
  std::optional<std::string> value;
  TRY_VOID(db.query("SELECT value FROM metadata WHERE key = $1", {key}, [&](const Row& row) {
    value = row.string(0);
    return false;
  }));
  return value;
}

Result<void> put_metadata(Connection& db, std::string_view key, std::string_view value) {
  TRY_VOID(
      db.execute("INSERT INTO metadata (key, value) VALUES ($1, $2)"
                 " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                 {key, value}));
  return {};
}

Result<void> remove_metadata(Connection& db, std::string_view key) {
  return done(db.execute("DELETE FROM metadata WHERE key = $1", {key}));
}

Result<std::vector<std::string>> list_metadata(Connection& db, std::string_view prefix) {
  std::string end(prefix);
  ++end.back();
  return find_rows(db, "SELECT key FROM metadata WHERE key >= $1 AND key < $2 ORDER BY key",
                   {prefix, end}, [](const Row& row) { return row.string(0); });
}

}  // namespace verihook::store
