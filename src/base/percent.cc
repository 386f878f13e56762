#include "base/percent.h"

#include "base/text.h"

namespace verihook {

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || std::string_view("-._~").contains(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15u];
  }
  return out;
}

}  // namespace verihook
