#include "http/proxy_protocol.h"

#include <algorithm>
#include <cstdint>

#include "net/asio_endpoint.h"

namespace verihook::http {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedBytes = 16;  // the signature, version and command, family, length
constexpr std::uint8_t kVersion2 = 0x20;
constexpr std::uint8_t kCommandLocal = 0x0;
constexpr std::uint8_t kCommandProxy = 0x1;
constexpr std::uint8_t kTcpOverV4 = 0x11;
constexpr std::uint8_t kTcpOverV6 = 0x21;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// Source and target addresses, source and target ports; what follows are extensions.
std::optional<net::Endpoint> source_of(std::string_view addresses, bool v6) {
  const std::size_t size = v6 ? 16 : 4;
  if (addresses.size() < 2 * size + 4) return std::nullopt;
  net::Endpoint source;
  source.address.v6 = v6;
  std::ranges::copy_n(addresses.begin(), static_cast<std::ptrdiff_t>(size),
                      source.address.bytes.begin());
  source.port = u16_at(addresses, 2 * size);
  // A mapped address becomes the IPv4 address that it holds, or no range would fit it.
  return net::from_asio(net::to_asio(source));
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view received) {
  using enum ProxyHeader::State;
  const std::size_t shared = std::min(received.size(), kSignature.size());
  if (received.substr(0, shared) != kSignature.substr(0, shared)) return {.state = kBad};
  if (received.size() < kFixedBytes) return {.state = kIncomplete};
  const std::uint8_t command = byte_at(received, 12);
  const std::uint8_t family = byte_at(received, 13);
  const std::size_t bytes = kFixedBytes + u16_at(received, 14);
  if ((command & 0xF0U) != kVersion2 || bytes > kProxyHeaderBytesMax) return {.state = kBad};
  if (received.size() < bytes) return {.state = kIncomplete};
  ProxyHeader header{.state = kWhole, .bytes = bytes};
  if ((command & 0x0FU) == kCommandLocal) return header;
  if ((command & 0x0FU) != kCommandProxy) return {.state = kBad};
  if (family != kTcpOverV4 && family != kTcpOverV6) return header;
  header.client =
      source_of(received.substr(kFixedBytes, bytes - kFixedBytes), family == kTcpOverV6);
  if (!header.client) return {.state = kBad};
  return header;
}

}  // namespace verihook::http
