#include "address/spellings.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "address/email_address.h"
#include "address/idn.h"
#include "base/text.h"

namespace verihook::address {
namespace {

constexpr std::array<std::string_view, 4> kSeparators = {"@", "%40", "\\u0040", "&#64;"};

// Longer than any spelling of an address may be, so that long texts are not looked at in vain.
constexpr std::size_t kAddressBytesMax = 1024;

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// The code point that begins at `at`, which is moved behind it; damaged UTF-8 byte by byte.
char32_t take_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return static_cast<unsigned char>(text[at++]);
  char32_t point = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  }
  at += size;
  return point;
}

std::string json_escaped(std::string_view text, bool ascii_only) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\\') escaped.push_back('\\');
    if (!is_high(c) || !ascii_only) {
      escaped.push_back(c);
      ++at;
      continue;
    }
    const char32_t point = take_code_point(text, at);
    if (point < 0x10000) {
      escaped += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
    } else {
      const auto rest = static_cast<std::uint32_t>(point) - 0x10000;
      escaped += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    }
  }
  return escaped;
}

void add_forms(std::vector<std::string>& forms, std::string_view text) {
  if (text.empty()) return;
  const std::string lower = to_lower(text);
  forms.insert(forms.end(), {lower, percent_encoded(lower), json_escaped(lower, false),
                             json_escaped(lower, true)});
}

void tidy(std::vector<std::string>& forms) {
  std::ranges::sort(forms, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  const auto same = std::ranges::unique(forms);
  forms.erase(same.begin(), same.end());
}

bool has_at(std::string_view text, std::size_t at, std::string_view lower) {
  return at <= text.size() && equals_ignoring_case(text.substr(at, lower.size()), lower);
}

bool continues_local(char c) {
  return is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-' || is_high(c);
}

std::optional<unsigned> hex_value(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    const auto digit = std::string_view("0123456789abcdef").find(to_lower(std::string(1, c)));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

// Whether an address may begin at `begin`: what stands before is no part of it, be it a character,
// one encoded as in a URL, or one escaped as in JSON.
bool begins_there(std::string_view text, std::size_t begin) {
  const std::string_view before = text.substr(0, begin);
  if (before.empty()) return true;
  const auto tail = [&](std::size_t size) {
    return before.size() < size ? std::string_view() : before.substr(before.size() - size);
  };
  if (tail(3).starts_with('%')) {
    const auto value = hex_value(tail(2));
    if (value) return !continues_local(static_cast<char>(*value));
  }
  if (tail(6).starts_with("\\u")) {
    const auto value = hex_value(tail(4));
    if (value) return *value < 0x80 && !continues_local(static_cast<char>(*value));
  }
  const bool escape = tail(2).starts_with('\\') &&
                      std::string_view("nrtbf/\"\\").find(before.back()) != std::string_view::npos;
  return escape || !continues_local(before.back());
}

bool ends_there(std::string_view text, std::size_t end) {
  if (end >= text.size()) return true;
  const char c = text[end];
  if (c == '.') return end + 1 >= text.size() || !is_alnum(text[end + 1]);
  return !is_alnum(c) && c != '-' && c != '_' && !is_high(c);
}

}  // namespace

Spellings::Spellings(std::string_view email) {
  email = trim(email);
  const auto parsed = parse(email);
  key_ = to_lower(parsed ? parsed->normalized : email);
  const auto at = email.rfind('@');
  if (at == email.npos) return;
  add_forms(locals_, email.substr(0, at));
  add_forms(domains_, email.substr(at + 1));
  if (parsed) {
    for (const auto* local : {&parsed->local_unquoted, &parsed->normalized_local}) {
      add_forms(locals_, *local);
    }
    add_forms(domains_, parsed->domain_ascii);
    add_forms(domains_, to_unicode_domain(parsed->domain_ascii));
  }
  tidy(locals_);
  tidy(domains_);
}

bool Spellings::is(std::string_view text) const {
  text = trim(text);
  if (text.empty() || key_.empty() || text.size() > kAddressBytesMax) return false;
  if (equals_ignoring_case(text, key_)) return true;
  // Most texts of a long list are settled by their first letter.
  const auto odd = [](char c) { return is_high(c) || c == '"'; };
  const bool may_be = odd(text.front()) || odd(key_.front()) ||
                      equals_ignoring_case(text.substr(0, 1), key_.substr(0, 1));
  if (!may_be) return false;
  const auto parsed = parse(text);
  return parsed && to_lower(parsed->normalized) == key_;
}

std::optional<Spellings::Place> Spellings::find(std::string_view text, std::size_t from) const {
  if (locals_.empty() || domains_.empty()) return std::nullopt;
  for (auto at = text.find_first_of("@%\\&", from); at != text.npos;
       at = text.find_first_of("@%\\&", at + 1)) {
    for (const std::string_view separator : kSeparators) {
      if (!has_at(text, at, separator)) continue;
      if (const auto place = match(text, at, at + separator.size())) return place;
    }
  }
  return std::nullopt;
}

// The separator stands from `at` to `after`.
std::optional<Spellings::Place> Spellings::match(std::string_view text, std::size_t at,
                                                 std::size_t after) const {
  const auto ends = [&](const std::string& domain) {
    return has_at(text, after, domain) && ends_there(text, after + domain.size());
  };
  const auto domain = std::ranges::find_if(domains_, ends);
  if (domain == domains_.end()) return std::nullopt;
  const auto begins = [&](const std::string& local) {
    return local.size() <= at && has_at(text, at - local.size(), local) &&
           begins_there(text, at - local.size());
  };
  const auto local = std::ranges::find_if(locals_, begins);
  if (local == locals_.end()) return std::nullopt;
  return Place{.begin = at - local->size(), .end = after + domain->size()};
}

std::size_t Spellings::erase_from(std::string& text) const {
  std::size_t count = 0;
  for (auto place = find(text, 0); place; ++count) {
    text.replace(place->begin, place->end - place->begin, kErasedAddress);
    place = find(text, place->begin + kErasedAddress.size());
  }
  return count;
}

}  // namespace verihook::address
