#include "jobs/value_writer.h"

#include <algorithm>

#include "base/iso8601.h"
#include "base/text.h"
#include "jobs/json_members.h"
#include "webhooks/json_writer.h"

namespace verihook::jobs {
namespace {

constexpr std::string_view kFormulaBegins = "=+-@\t\r\n";
// = + - @ as full-width characters, which some spreadsheets read alike.
constexpr std::string_view kWideFormulaBegins[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};

std::string_view without_digits(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  return text.substr(static_cast<std::size_t>(end - text.begin()));
}

// An optional sign, digits, perhaps a fraction, perhaps an exponent.
bool is_plain_number(std::string_view text) {
  text.remove_prefix(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  std::string_view rest = without_digits(text);
  if (rest.size() == text.size()) return false;
  if (rest.starts_with('.') || rest.starts_with(',')) {
    const std::string_view fraction = rest.substr(1);
    rest = without_digits(fraction);
    if (rest.size() == fraction.size()) return false;
  }
  if (rest.starts_with('e') || rest.starts_with('E')) {
    std::string_view exponent = rest.substr(1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    rest = without_digits(exponent);
    if (rest.size() == exponent.size()) return false;
  }
  return rest.empty();
}

}  // namespace

bool looks_like_formula(std::string_view cell) {
  if (cell.empty()) return false;
  if (kFormulaBegins.contains(cell.front())) return !is_plain_number(cell);
  return static_cast<unsigned char>(cell.front()) == 0xef &&
         std::ranges::any_of(kWideFormulaBegins,
                             [&](std::string_view begin) { return cell.starts_with(begin); });
}

void ValueWriter::cell(std::string_view text) {
  const bool disarm = !raw_ && looks_like_formula(text);
  if (text.find_first_of(",\"\r\n") == text.npos) {
    if (disarm) out_.push_back('\'');
    out_.append(text);
    return;
  }
  out_.push_back('"');
  if (disarm) out_.push_back('\'');
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t quote = std::min(text.find('"', at), text.size());
    out_.append(text.substr(at, quote - at));
    if (quote < text.size()) out_.append("\"\"");
    at = quote + 1;
  }
  out_.push_back('"');
}

void ValueWriter::text(std::string_view value) {
  if (csv_) {
    cell(value);
  } else {
    webhooks::append_js_string(out_, value);
  }
}

void ValueWriter::text_or_null(std::string_view value) {
  if (value.empty()) {
    null();
  } else {
    text(value);
  }
}

void ValueWriter::texts(std::span<const std::string> values) {
  if (csv_) {
    std::string joined;
    for (const std::string& value : values) {
      if (!joined.empty()) joined.push_back(' ');
      joined += value;
    }
    cell(joined);
    return;
  }
  out_.push_back('[');
  for (const std::string& value : values) {
    if (&value != &values.front()) out_.push_back(',');
    webhooks::append_js_string(out_, value);
  }
  out_.push_back(']');
}

void ValueWriter::integer(std::int64_t value) { webhooks::append_js_integer(out_, value); }

void ValueWriter::number(double value) { webhooks::append_js_number(out_, value); }

void ValueWriter::truth(bool value) { out_.append(value ? "true" : "false"); }

void ValueWriter::truth_or_null(std::optional<bool> value) {
  if (value) {
    truth(*value);
  } else {
    null();
  }
}

void ValueWriter::time(WallTime value) {
  if (!csv_) out_.push_back('"');
  append_iso8601(out_, value);
  if (!csv_) out_.push_back('"');
}

void ValueWriter::null() {
  if (!csv_) out_.append("null");
}

void ValueWriter::json(std::string_view value) {
  if (!csv_) {
    out_.append(value);
  } else if (value.starts_with('"')) {
    const std::string_view inner = value.substr(1, value.size() - 2);
    if (inner.contains('\\')) {
      cell(unescaped(value));
    } else {
      cell(inner);
    }
  } else if (value != "null") {
    cell(value);
  }
}

}  // namespace verihook::jobs
