#include "jobs/json_members.h"

#include <algorithm>
#include <charconv>

namespace verihook::jobs {
namespace {

// The end of the string that begins at `at` with a quotation mark, behind the closing one; npos
// when there is none.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.npos;
}

std::size_t end_of_nested(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      i = end_of_string(text, i);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++i;
    if (depth == 0) return i;
  }
  return text.npos;
}

std::size_t end_of_value(std::string_view text) {
  if (text.empty()) return text.npos;
  if (text.front() == '"') return end_of_string(text, 0);
  if (text.front() == '{' || text.front() == '[') return end_of_nested(text);
  return text.find_first_of(",}");
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// The character behind a backslash; canonical form writes \u for control characters alone.
std::size_t append_escaped(std::string& out, std::string_view behind) {
  constexpr std::string_view kNames = "btnfr";
  constexpr std::string_view kMeanings = "\b\t\n\f\r";
  const char c = behind.front();
  if (const auto named = kNames.find(c); named != kNames.npos) {
    out.push_back(kMeanings[named]);
    return 1;
  }
  if (c != 'u' || behind.size() < 5) {
    out.push_back(c);
    return 1;
  }
  unsigned code = 0;
  std::from_chars(behind.data() + 1, behind.data() + 5, code, 16);
  append_utf8(out, code);
  return 5;
}

}  // namespace

JsonMembers::JsonMembers(std::string_view object)
    : rest_(object.starts_with('{') ? object.substr(1) : std::string_view()) {}

bool JsonMembers::next(std::string_view& key, std::string_view& value) {
  if (!rest_.starts_with('"')) return false;
  const std::size_t key_end = end_of_string(rest_, 0);
  if (key_end >= rest_.size() || rest_[key_end] != ':') return false;
  key = rest_.substr(1, key_end - 2);
  rest_.remove_prefix(key_end + 1);
  const std::size_t value_end = end_of_value(rest_);
  if (value_end >= rest_.size()) return false;
  value = rest_.substr(0, value_end);
  rest_.remove_prefix(value_end + 1);
  return true;
}

std::string unescaped(std::string_view json) {
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  std::string text;
  text.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t backslash = std::min(json.find('\\', at), json.size());
    text.append(json.substr(at, backslash - at));
    at = backslash + 1;
    if (at < json.size()) at += append_escaped(text, json.substr(at));
  }
  return text;
}

}  // namespace verihook::jobs
