#include "store/metadata.h"

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

}  // namespace verihook::store
