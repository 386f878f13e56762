#include "http/target.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::http {
namespace {

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// What an escape may stand for.
enum class Part {
  kPath,   // no separator and no control character may hide in an escape
  kQuery,  // '+' is a space, and only NUL is refused
};

bool may_be_escaped(unsigned char c, Part part) {
  if (part == Part::kQuery) return c != 0;
  return c >= 0x20 && c != 0x7f && c != '/' && c != '\\';
}

std::optional<std::string> decode(std::string_view text, Part part) {
  std::string decoded;
  decoded.reserve(text.size());
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += part == Part::kQuery && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    if (!may_be_escaped(byte, part)) return std::nullopt;
    decoded += static_cast<char>(byte);
    escaped = true;
    i += 2;
  }
  if (escaped && !is_valid_utf8(decoded)) return std::nullopt;
  return decoded;
}

bool has_dot_segment(std::string_view path) {
  if (!path.contains("/.")) return false;
  return std::ranges::any_of(split(path, '/'),
                             [](std::string_view part) { return part == "." || part == ".."; });
}

bool decode_query(std::string_view text, Target& target) {
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = decode(pair.substr(0, equals), Part::kQuery);
    auto value = decode(equals == pair.npos ? "" : pair.substr(equals + 1), Part::kQuery);
    if (!name || !value) return false;
    target.query.emplace_back(*std::move(name), *std::move(value));
  }
  return true;
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  if (target == "*") return Target{"*", {}};
  if (!target.starts_with('/')) {
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == target.npos) return std::nullopt;
    const std::size_t authority_end = target.find_first_of("/?", scheme_end + 3);
    target = authority_end == target.npos ? "" : target.substr(authority_end);
  }
  const std::size_t question = target.find('?');
  const std::string_view raw_path = target.substr(0, question);
  Target result;
  auto path = decode(raw_path.empty() ? "/" : raw_path, Part::kPath);
  if (!path || has_dot_segment(*path)) return std::nullopt;
  result.path = *std::move(path);
  if (question != target.npos && !decode_query(target.substr(question + 1), result)) {
    return std::nullopt;
  }
  return result;
}

}  // namespace verihook::http
