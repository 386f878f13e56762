#include "api/call.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

constexpr std::int64_t kLimitDefault = 50;
constexpr std::uint64_t kLimitMax = 1'000;

bool is_json(const http::Request& request) {
  const auto type = request.headers.get("Content-Type");
  if (!type) return false;
  return equals_ignoring_case(trim(type->substr(0, type->find(';'))), "application/json");
}

}  // namespace

Task<Result<FieldsAndBytes>> read_fields_and_bytes(http::Request& request, std::size_t bytes_max) {
  auto bytes = co_await request.body->read_all(bytes_max);
  if (!bytes) co_return std::unexpected(bytes.error());
  if (!bytes->empty() && !is_json(request)) {
    co_return fail(Errc::kUnsupported, "send the body as Content-Type: application/json");
  }
  CO_TRY(fields, Fields::parse(*bytes));
  co_return FieldsAndBytes{std::move(fields), std::move(*bytes)};
}

Task<Result<Fields>> read_fields(http::Request& request, std::size_t bytes_max) {
  CO_TRY(both, co_await read_fields_and_bytes(request, bytes_max));
  co_return std::move(both.fields);
}

Result<std::int64_t> read_limit(const http::Request& request) {
  const auto text = request.query_value("limit");
  if (!text) return kLimitDefault;
  const auto limit = parse_u64(*text);
  if (!limit || *limit < 1 || *limit > kLimitMax) {
    return fail(Errc::kInvalidArgument, "limit must be a number from 1 to 1000");
  }
  return static_cast<std::int64_t>(*limit);
}

std::string read_query(const http::Request& request, std::string_view name) {
  return std::string(request.query_value(name).value_or(""));
}

Result<bool> read_switch(const http::Request& request, std::string_view name) {
  const std::string text = read_query(request, name);
  if (text == "true") return true;
  if (text.empty() || text == "false") return false;
  return fail(Errc::kInvalidArgument, fmt::format("{} must be true or false", name));
}

Result<void> refuse_other_queries(const http::Request& request,
                                  std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.query) {
    if (std::ranges::find(known, name) == known.end()) {
      return fail(Errc::kInvalidArgument, "\"" + name +
                                              "\" is not a query parameter of this route; see "
                                              "/openapi.json");
    }
  }
  return {};
}

std::unexpected<Error> not_found(std::string_view what) {
  return fail(Errc::kNotFound, "there is no such " + std::string(what));
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

http::Response page_response(const std::vector<std::string>& items, std::string_view next_cursor) {
  std::string json;
  webhooks::JsonWriter writer(json);
  writer.begin_object();
  writer.key("data");
  writer.begin_array();
  for (const std::string& item : items) writer.raw(item);
  writer.end_array();
  writer.key("next_cursor");
  if (next_cursor.empty()) {
    writer.null();
  } else {
    writer.value(next_cursor);
  }
  writer.end_object();
  return http::json_response(200, std::move(json));
}

}  // namespace verihook::api
