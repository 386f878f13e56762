#include "net/ip.h"

#include <algorithm>
#include <arpa/inet.h>
#include <optional>
#include <span>

#include "base/text.h"

namespace verihook::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kV4Bits = 32;
constexpr unsigned kV6Bits = 128;

// inet_pton wants a terminated string; nothing longer than this is an address.
std::optional<std::array<char, INET6_ADDRSTRLEN>> terminated(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.empty() || text.size() >= copy.size() || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, copy.begin());
  return copy;
}

bool bit(const IpAddress& address, unsigned index) {
  return (address.bytes[index / 8] >> (7 - index % 8) & 1) != 0;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  const auto number = parse_u64(text);
  if (!number || *number > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const auto copy = terminated(text);
  if (!copy) return fail(Errc::kInvalidArgument, "this is not an IP address");
  IpAddress address;
  if (inet_pton(AF_INET, copy->data(), address.bytes.data()) == 1) return address;
  address = {.v6 = true, .bytes = {}};
  if (inet_pton(AF_INET6, copy->data(), address.bytes.data()) != 1) {
    return fail(Errc::kInvalidArgument, "this is not an IP address");
  }
  if (std::ranges::equal(kMappedPrefix,
                         std::span(address.bytes).subspan(0, kMappedPrefix.size()))) {
    IpAddress v4;
    std::copy_n(address.bytes.begin() + 12, 4, v4.bytes.begin());
    return v4;
  }
  return address;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
  return text.data();
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto wrong = [] {
    return fail(Errc::kInvalidArgument,
                "expected address:port, such as 192.0.2.1:25 or [2001:db8::1]:25");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = parse_port(text.substr(colon + 1));
  const auto address = IpAddress::parse(host);
  if (!port || !address || bracketed != host.contains(':')) return wrong();
  return Endpoint{*address, *port};
}

std::string Endpoint::to_string() const {
  const std::string host = address.to_string();
  return (address.v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  TRY(base, IpAddress::parse(text.substr(0, slash)));
  const unsigned bits = base.v6 ? kV6Bits : kV4Bits;
  Cidr range{base, bits};
  if (slash == std::string_view::npos) return range;
  const std::string_view length_text = text.substr(slash + 1);
  const auto length = parse_u64(length_text);
  const bool canonical = length_text.size() == 1 || !length_text.starts_with('0');
  if (!length || *length > bits || !canonical || base.v6 != text.contains(':')) {
    return fail(Errc::kInvalidArgument, "the prefix length of this address range is not valid");
  }
  range.prefix_length = static_cast<unsigned>(*length);
  for (unsigned i = range.prefix_length; i < bits; ++i) {
    if (bit(base, i)) {
      return fail(Errc::kInvalidArgument,
                  "this address range has bits set behind its prefix; write its first address");
    }
  }
  return range;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.v6 != base.v6) return false;
  for (unsigned i = 0; i < prefix_length; ++i) {
    if (bit(base, i) != bit(address, i)) return false;
  }
  return true;
}

bool is_in_any(std::span<const Cidr> ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges, [&](const Cidr& range) { return range.contains(address); });
}

std::string Cidr::to_string() const {
  return base.to_string() + "/" + std::to_string(prefix_length);
}

}  // namespace verihook::net
