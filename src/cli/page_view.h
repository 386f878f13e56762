// Lists of the API as tables: a page of objects, of each the members that a command names.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/api_client.h"
#include "cli/options.h"

namespace verihook::cli {

// A member for people: text as it is, made printable; other values as JSON; nothing when it is null
// or not there.
std::string cell_text(const ApiClient::Object& item, std::string_view name);

struct PageView {
  std::span<const std::string_view> columns;  // members, in this order; their names are the heads
  std::int64_t limit = 0;                     // what the path asks for; told when there is more
  bool json = false;                          // an object a line instead of the table
};
Task<Result<int>> show_page(ApiClient& client, std::string path, PageView view);

}  // namespace verihook::cli
