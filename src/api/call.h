// Call: one authenticated request on its way through a handler, and the small things that every
// handler does with one.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "api/authentication.h"
#include "api/fields.h"
#include "http/message.h"

namespace verihook::api {

struct Call {
  http::Request& request;
  Caller caller;
};

using Answer = Task<Result<http::Response>>;

// The body as one JSON object; kUnsupported unless its content type is JSON.
Task<Result<Fields>> read_fields(http::Request& request, std::size_t bytes_max);
// The same, and its bytes, for the hash of an Idempotency-Key.
struct FieldsAndBytes {
  Fields fields;
  std::string bytes;
};
Task<Result<FieldsAndBytes>> read_fields_and_bytes(http::Request& request, std::size_t bytes_max);

// `?limit=`: 1 to 1000, 50 when absent.
Result<std::int64_t> read_limit(const http::Request& request);
std::string read_query(const http::Request& request, std::string_view name);
// A query that is "true" or "false"; absent is false.
Result<bool> read_switch(const http::Request& request, std::string_view name);
// kInvalidArgument that names the first query parameter outside `known`.
Result<void> refuse_other_queries(const http::Request& request,
                                  std::initializer_list<std::string_view> known);

// Ids in paths: one of another kind, or malformed, is answered like one that the store does not
// find, which says the same of the same noun.
std::unexpected<Error> not_found(std::string_view what);

// 204.
http::Response no_content();

// {"data":[…],"next_cursor":…}; `items` are JSON texts, `next_cursor` is null when empty.
http::Response page_response(const std::vector<std::string>& items, std::string_view next_cursor);

// The page of rows that were asked for with a limit one larger than the page's: a row too many says
// that there is a next page, whose cursor is `cursor_of` the last row shown.
template <class Row, class ToJson, class CursorOf>
http::Response page_of(std::vector<Row> rows, std::int64_t limit, ToJson to_json,
                       CursorOf cursor_of) {
  const bool more = std::ssize(rows) > limit;
  if (more) rows.pop_back();
  std::vector<std::string> items;
  for (const Row& row : rows) items.push_back(to_json(row));
  return page_response(items, more ? std::string(std::invoke(cursor_of, rows.back())) : "");
}

}  // namespace verihook::api
