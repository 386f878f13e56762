#include "cli/list_file.h"

#include <algorithm>
#include <array>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace verihook::cli {
namespace {

namespace json = boost::json;
using Addresses = std::vector<std::string>;
using Record = std::vector<std::string>;

constexpr std::array<std::string_view, 5> kEmailColumns = {"email", "e-mail", "email_address",
                                                           "email address", "mail"};
constexpr std::size_t kRecordsLookedAtMax = 100;

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::unexpected<Error> refuse(std::string sentence) {
  return fail(Errc::kInvalidArgument, std::move(sentence));
}

// The separator that the first line has most of.
char separator_of(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  char best = ',';
  std::ptrdiff_t most = std::ranges::count(line, ',');
  for (const char candidate : {';', '\t'}) {
    const auto count = std::ranges::count(line, candidate);
    if (count > most) {
      best = candidate;
      most = count;
    }
  }
  return best;
}

bool is_email_column(std::string_view name) {
  const std::string lower = to_lower(trim(name));
  return std::ranges::find(kEmailColumns, lower) != kEmailColumns.end();
}

// Which column holds the addresses, and whether the first record is a header.
struct EmailColumn {
  std::size_t index = 0;
  bool header = false;
};

Result<EmailColumn> find_email_column(const std::vector<Record>& records) {
  for (std::size_t i = 0; i < records.front().size(); ++i) {
    if (is_email_column(records.front()[i])) return EmailColumn{i, true};
  }
  const std::size_t last = std::min(records.size(), kRecordsLookedAtMax);
  for (std::size_t row = 0; row < last; ++row) {
    for (std::size_t i = 0; i < records[row].size(); ++i) {
      // What stands above the first @ in another record is a header without a name that we know.
      if (records[row][i].contains('@')) return EmailColumn{i, row == 1};
    }
  }
  return refuse(
      "no column is named email and none of the first 100 rows holds an @; name the "
      "column with the addresses \"email\"");
}

Result<Addresses> read_csv_addresses(std::string_view text) {
  TRY(records, read_csv(text, separator_of(text)));
  if (records.empty()) return Addresses{};
  TRY(column, find_email_column(records));
  Addresses addresses;
  for (std::size_t row = column.header ? 1 : 0; row < records.size(); ++row) {
    if (column.index >= records[row].size()) continue;
    const std::string_view address = trim(records[row][column.index]);
    if (!address.empty()) addresses.emplace_back(address);
  }
  return addresses;
}

Addresses read_text(std::string_view text) {
  Addresses addresses;
  for (const std::string_view line : split(text, '\n')) {
    if (const auto address = trim(line); !address.empty()) addresses.emplace_back(address);
  }
  return addresses;
}

// A string, or an object with "email".
const json::string* address_in(const json::value& value) {
  if (const auto* text = value.if_string()) return text;
  const auto* object = value.if_object();
  const auto* email = object == nullptr ? nullptr : object->if_contains("email");
  return email == nullptr ? nullptr : email->if_string();
}

Result<json::value> parse_json(std::string_view text, std::string_view where) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error) return refuse(fmt::format("{} is not valid JSON: {}", where, error.message()));
  return value;
}

Result<Addresses> read_json(std::string_view text) {
  TRY(value, parse_json(text, "the list"));
  const json::array* array = value.if_array();
  if (const auto* object = value.if_object()) {
    const auto* emails = object->if_contains("emails");
    array = emails == nullptr ? nullptr : emails->if_array();
  }
  if (array == nullptr) {
    return refuse("the JSON must be an array of addresses, or an object with an array \"emails\"");
  }
  Addresses addresses;
  for (const json::value& element : *array) {
    const auto* address = address_in(element);
    if (address == nullptr) {
      return refuse(
          fmt::format("element {} of the list is neither an address nor an object with "
                      "\"email\"",
                      addresses.size() + 1));
    }
    addresses.emplace_back(*address);
  }
  return addresses;
}

Result<Addresses> read_ndjson(std::string_view text) {
  Addresses addresses;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    const std::string where = fmt::format("line {}", number);
    TRY(value, parse_json(trim(line), where));
    const auto* address = address_in(value);
    if (address == nullptr) {
      return refuse(where + " is neither an address in quotes nor an object with \"email\"");
    }
    addresses.emplace_back(*address);
  }
  return addresses;
}

}  // namespace

ListFormat guess_format(std::string_view file_name, std::string_view text) {
  const std::string name = to_lower(file_name);
  if (name.ends_with(".csv") || name.ends_with(".tsv")) return ListFormat::kCsv;
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) return ListFormat::kNdjson;
  if (name.ends_with(".json")) return ListFormat::kJson;
  if (name.ends_with(".txt")) return ListFormat::kText;
  text = without_byte_order_mark(text);
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == text.npos) return ListFormat::kText;
  if (text[start] == '[') return ListFormat::kJson;
  const std::string_view line = trim(text.substr(start, text.find('\n', start) - start));
  if (text[start] == '{') {
    const bool whole = line.ends_with('}') && !line.contains("\"emails\"");
    return whole ? ListFormat::kNdjson : ListFormat::kJson;
  }
  const bool columns = line.find_first_of(",;\t") != line.npos;
  return columns || is_email_column(line) ? ListFormat::kCsv : ListFormat::kText;
}

Result<std::vector<std::string>> read_addresses(std::string_view text, ListFormat format) {
  text = without_byte_order_mark(text);
  const auto read = [&]() -> Result<Addresses> {
    switch (format) {
      case ListFormat::kText:
        return read_text(text);
      case ListFormat::kCsv:
        return read_csv_addresses(text);
      case ListFormat::kJson:
        return read_json(text);
      case ListFormat::kNdjson:
        return read_ndjson(text);
    }
    return Addresses{};
  };
  TRY(addresses, read());
  if (addresses.empty()) return refuse("the list holds no addresses");
  return std::move(addresses);
}

Result<std::vector<Record>> read_csv(std::string_view text, char separator) {
  std::vector<Record> records;
  Record record;
  std::string field;
  bool quoted = false;
  std::size_t line = 1;
  std::size_t quote_line = 0;
  const auto end_field = [&] { record.push_back(std::exchange(field, {})); };
  const auto end_record = [&] {
    end_field();
    if (record.size() > 1 || !record.front().empty()) records.push_back(std::move(record));
    record.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
      quote_line = line;
    } else if (c == separator) {
      end_field();
    } else if (c == '\n') {
      if (field.ends_with('\r')) field.pop_back();
      end_record();
    } else {
      field += c;
    }
  }
  if (quoted) {
    return refuse(fmt::format("the quotation mark in line {} is never closed", quote_line));
  }
  if (field.ends_with('\r')) field.pop_back();
  end_record();
  return records;
}

}  // namespace verihook::cli
