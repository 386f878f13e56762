#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "http/guard.h"

namespace verihook::http {
namespace {

// Fields that only the connection may write.
constexpr std::string_view kOwnFields[] = {
    "content-length", "transfer-encoding", "connection", "keep-alive", "date", "x-request-id",
    "server",         "trailer",           "upgrade",    "te",
};

struct DefaultField {
  std::string_view name;
  std::string_view value;
};

constexpr DefaultField kDefaultFields[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
};

constexpr DefaultField kTlsField{"Strict-Transport-Security", "max-age=63072000"};

bool is_own(std::string_view name) {
  return std::ranges::any_of(kOwnFields,
                             [&](std::string_view own) { return equals_ignoring_case(name, own); });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_default(std::string& out, const Response& response, const DefaultField& field) {
  if (!response.headers.get(field.name)) append_field(out, field.name, field.value);
}

void append_body_end(std::string& out, const HeadExtras& extras) {
  if (extras.body_end == BodyEnd::kChunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (extras.body_end == BodyEnd::kLength) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", extras.content_length);
  }
}

}  // namespace

bool is_sendable(const Response& response) {
  if (response.status < 200 || response.status > 599) return false;
  return std::ranges::all_of(response.headers.fields(), [](const auto& field) {
    return is_valid_field_name(field.first) && is_valid_field_value(field.second);
  });
}

void append_head(std::string& out, const Response& response, const HeadExtras& extras) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                 std::string_view(reason.data(), reason.size()));
  append_field(out, "Date", extras.date);
  for (const auto& [name, value] : response.headers.fields()) {
    if (!is_own(name)) append_field(out, name, value);
  }
  append_body_end(out, extras);
  for (const DefaultField& field : kDefaultFields) append_default(out, response, field);
  if (extras.tls) append_default(out, response, kTlsField);
  append_field(out, "X-Request-ID", extras.request_id);
  if (extras.close) {
    append_field(out, "Connection", "close");
  } else if (extras.keep_alive_1_0) {
    append_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
}

std::string to_http_date(WallTime time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

}  // namespace verihook::http
