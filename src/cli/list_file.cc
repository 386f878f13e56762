#include "cli/list_file.h"

#include "base/text.h"
#include "jobs/intake/email_column.h"
#include "jobs/list_upload.h"

namespace verihook::cli {
namespace {

std::string_view ending_of(jobs::ListFormat format) {
  switch (format) {
    case jobs::ListFormat::kJson:
      return ".json";
    case jobs::ListFormat::kNdjson:
      return ".ndjson";
    case jobs::ListFormat::kCsv:
      return ".csv";
    case jobs::ListFormat::kText:
      return ".txt";
  }
  return ".txt";
}

jobs::ListFormat guess_format(std::string_view text) {
  using enum jobs::ListFormat;
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == text.npos) return kText;
  if (text[start] == '[') return kJson;
  const std::string_view line = trim(text.substr(start, text.find('\n', start) - start));
  if (text[start] == '{') {
    const bool whole = line.ends_with('}') && !line.contains("\"emails\"");
    return whole ? kNdjson : kJson;
  }
  const bool columns = line.find_first_of(",;\t") != line.npos;
  return columns || jobs::is_email_name(line) ? kCsv : kText;
}

}  // namespace

std::string_view list_ending(std::string_view file_name, std::string_view text) {
  return ending_of(jobs::format_of_file(file_name).value_or(guess_format(text)));
}

}  // namespace verihook::cli
