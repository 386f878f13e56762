#include "webhooks/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace verihook::webhooks {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// The decimal digits of a positive number without its point, and where that point stands: the value
// is 0.DIGITS times ten to the power of `point`.
struct Decimal {
  std::string digits;
  int point = 0;
};

Decimal shortest_decimal(double number) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                          std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  Decimal decimal;
  for (const char c : text.substr(0, e)) {
    if (c != '.') decimal.digits += c;
  }
  const std::size_t exponent = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + exponent, text.data() + text.size(), decimal.point);
  ++decimal.point;
  return decimal;
}

constexpr std::uint64_t each_byte(unsigned char c) { return c * 0x0101010101010101ull; }

// The high bit of each byte of `word` that is zero; above a byte that is, others may be set too.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - each_byte(1)) & ~word & each_byte(0x80);
}

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

// How many bytes from `at` on stand in JSON as they are. Eight at a time: nearly all text is plain.
std::size_t plain_bytes(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const std::uint64_t control = (word - each_byte(0x20)) & ~word & each_byte(0x80);
    const std::uint64_t quote = zero_bytes(word ^ each_byte('"'));
    const std::uint64_t backslash = zero_bytes(word ^ each_byte('\\'));
    if ((control | quote | backslash) != 0) break;
  }
  while (at < text.size() && !needs_escape(static_cast<unsigned char>(text[at]))) ++at;
  return at - begin;
}

void append_escape(std::string& out, unsigned char c) {
  out += '\\';
  switch (c) {
    case '\b':
      out += 'b';
      break;
    case '\t':
      out += 't';
      break;
    case '\n':
      out += 'n';
      break;
    case '\f':
      out += 'f';
      break;
    case '\r':
      out += 'r';
      break;
    case '"':
    case '\\':
      out += static_cast<char>(c);
      break;
    default:
      out += "u00";
      out += kHexDigits[c >> 4];
      out += kHexDigits[c & 0x0f];
  }
}

}  // namespace

// ECMA-262, Number::toString: k digits, n is where the point stands.
void append_js_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {
    out += '0';
    return;
  }
  if (number < 0) out += '-';
  const Decimal decimal = shortest_decimal(std::fabs(number));
  const std::string_view digits = decimal.digits;
  const int k = static_cast<int>(digits.size());
  const int n = decimal.point;
  if (k <= n && n <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(n));
    out += '.';
    out += digits.substr(static_cast<std::size_t>(n));
  } else if (-6 < n && n <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-n), '0');
    out += digits;
  } else {
    out += digits[0];
    if (k > 1) {
      out += '.';
      out += digits.substr(1);
    }
    out += n > 0 ? "e+" : "e-";
    out += std::to_string(std::abs(n - 1));
  }
}

void append_js_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0;;) {
    const std::size_t plain = plain_bytes(text, at);
    out.append(text.data() + at, plain);
    at += plain;
    if (at == text.size()) break;
    append_escape(out, static_cast<unsigned char>(text[at++]));
  }
  out += '"';
}

void append_js_integer(std::string& out, std::int64_t number) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

void JsonWriter::key(std::string_view name) {
  separate();
  append_js_string(out_, name);
  out_ += ':';
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  separate();
  append_js_string(out_, text);
}

void JsonWriter::value(double number) {
  separate();
  append_js_number(out_, number);
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  has_members_.push_back(false);
}

void JsonWriter::close(char bracket) {
  has_members_.pop_back();
  out_ += bracket;
}

void JsonWriter::literal(std::string_view json) {
  separate();
  out_ += json;
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
  } else if (!has_members_.empty()) {
    if (has_members_.back()) out_ += ',';
    has_members_.back() = true;
  }
}

}  // namespace verihook::webhooks
