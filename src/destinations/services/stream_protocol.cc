#include "destinations/services/stream_protocol.h"

#include "base/text.h"

namespace verihook::destinations {
namespace {

constexpr std::size_t kQuoteBytesMax = 300;

}  // namespace

std::string quotable(std::string_view text) {
  std::string quote(trim(text.substr(0, kQuoteBytesMax)));
  for (char& c : quote) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return quote;
}

}  // namespace verihook::destinations
