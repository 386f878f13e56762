#include "cli/page_view.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "cli/terminal.h"

namespace verihook::cli {
namespace {

std::string upper(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

}  // namespace

std::string cell_text(const ApiClient::Object& item, std::string_view name) {
  const auto* value = item.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return printable(value->get_string());
  return boost::json::serialize(*value);
}

Task<Result<int>> show_page(ApiClient& client, std::string path, PageView view) {
  CO_TRY(page, co_await client.get(std::move(path)));
  const auto* items = page.if_contains("data");
  if (items == nullptr || !items->is_array()) {
    co_return fail(Errc::kProtocol, "the server's answer is no list");
  }
  std::vector<std::vector<Cell>> rows(1);
  for (const std::string_view column : view.columns) rows[0].push_back({upper(column)});
  for (const auto& item : items->get_array()) {
    if (view.json) write(Channel::kOut, boost::json::serialize(item) + "\n");
    std::vector<Cell>& row = rows.emplace_back();
    for (const std::string_view column : view.columns) {
      row.push_back({cell_text(item.as_object(), column)});
    }
  }
  if (!view.json) write(Channel::kOut, aligned(terminal_of(Channel::kOut), rows, 0));
  if (!text_of(page, "next_cursor").empty()) {
    write(Channel::kError,
          fmt::format("older ones are not shown; see --limit (now {})\n", view.limit));
  }
  co_return kDone;
}

}  // namespace verihook::cli
