// Small helpers that the repositories share: one row, many rows, and the error for none.
#pragma once

#include <initializer_list>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/connection.h"

namespace verihook::store {

// Make: T(const Row&).
template <class Make>
auto find_row(Connection& db, std::string_view sql, std::initializer_list<Param> params, Make make)
    -> Result<std::optional<decltype(make(std::declval<const Row&>()))>> {
  std::optional<decltype(make(std::declval<const Row&>()))> found;
  TRY_VOID(db.query(sql, params, [&](const Row& row) {
    found.emplace(make(row));
    return false;
  }));
  return found;
}

template <class Make>
auto find_rows(Connection& db, std::string_view sql, std::initializer_list<Param> params, Make make)
    -> Result<std::vector<decltype(make(std::declval<const Row&>()))>> {
  std::vector<decltype(make(std::declval<const Row&>()))> rows;
  TRY_VOID(db.query(sql, params, [&](const Row& row) {
    rows.push_back(make(row));
    return true;
  }));
  return rows;
}

// kNotFound with a sentence about `what` ("job", "event", …) when there is none.
template <class T>
Result<T> expect_found(Result<std::optional<T>> found, std::string_view what) {
  if (!found) return std::unexpected(std::move(found).error());
  if (!*found) return fail(Errc::kNotFound, "there is no such " + std::string(what));
  return *std::move(*found);
}

inline Result<void> expect_changed(Result<std::int64_t> changed, std::string_view what) {
  if (!changed) return std::unexpected(std::move(changed).error());
  if (*changed == 0) return fail(Errc::kNotFound, "there is no such " + std::string(what));
  return {};
}

// A SELECT whose conditions depend on a filter: pieces of fixed text, each followed by one
// parameter.
class Select {
 public:
  Select(std::string_view head, const Param& param) { add(head, param); }

  Select& where(std::string_view condition, const Param& param) {
    sql_ += " AND ";
    return add(condition, param);
  }
  // For an enumerator's name, as a literal so that partial indexes apply.
  Select& where_word(std::string_view column, std::string_view word) {
    sql_.append(" AND ").append(column).append(" = '").append(word).append("'");
    return *this;
  }
  Select& add(std::string_view piece, const Param& param) {
    params_.push_back(param);
    sql_.append(piece).append("$").append(std::to_string(params_.size()));
    return *this;
  }

  // For a text that the caller does not keep.
  Select& where_text(std::string_view condition, std::string text) {
    return where(condition, Param(texts_.emplace_back(std::move(text))));
  }
  Select& add_text(std::string_view piece, std::string text) {
    return add(piece, Param(texts_.emplace_back(std::move(text))));
  }
  // A piece without a parameter.
  Select& literally(std::string_view piece) {
    sql_.append(piece);
    return *this;
  }

  template <class Make>
  auto rows(Connection& db, Make make) const
      -> Result<std::vector<decltype(make(std::declval<const Row&>()))>> {
    std::vector<decltype(make(std::declval<const Row&>()))> found;
    TRY_VOID(db.query(sql_, std::span<const Param>(params_), [&](const Row& row) {
      found.push_back(make(row));
      return true;
    }));
    return found;
  }

 private:
  std::string sql_;
  std::vector<Param> params_;
  std::list<std::string> texts_;
};

// An integer of a query that has exactly one row.
inline Result<std::int64_t> find_integer(Connection& db, std::string_view sql,
                                         std::initializer_list<Param> params = {}) {
  std::int64_t value = 0;
  TRY_VOID(db.query(sql, params, [&](const Row& row) {
    value = row.integer(0);
    return false;
  }));
  return value;
}

// Drops the count.
inline Result<void> done(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(std::move(changed).error());
  return {};
}

}  // namespace verihook::store
