// net::IpAddress, Endpoint and Cidr on any text. Checked:
// - what is accepted is written in a form that is read as the same value and written as itself;
// - an IPv4 address is accepted only as it would be written: no octal, hexadecimal or short forms;
// - a range contains its first address and not the one before it; the ranges of an address filter
//   hold for its members, and a mapped address never keeps its IPv6 form.
#include <algorithm>

#include "net/address_filter.h"
#include "net/ip.h"
#include "tests/fuzz/fuzz.h"

namespace verihook::fuzz {
namespace {

// Reads, writes, reads again; the value when there is one.
template <class Value>
Result<Value> round_trip(std::string_view text) {
  auto value = Value::parse(text);
  if (!value) {
    check_sentence(value.error().message);
    return value;
  }
  const std::string written = value->to_string();
  const auto again = Value::parse(written);
  check(again && *again == *value, "what is written is read as the same", written);
  check_equal(again->to_string(), written, "what is written is written as itself");
  return value;
}

bool is_mapped(const net::IpAddress& address) {
  return address.v6 && address.bytes[10] == 0xff && address.bytes[11] == 0xff &&
         std::all_of(address.bytes.begin(), address.bytes.begin() + 10,
                     [](std::uint8_t byte) { return byte == 0; });
}

net::IpAddress before(net::IpAddress address) {
  for (std::size_t i = address.v6 ? 16 : 4; i-- > 0;) {
    if (address.bytes[i]-- != 0) break;
  }
  return address;
}

void check_address(std::string_view text) {
  const auto address = round_trip<net::IpAddress>(text);
  if (!address) return;
  check(!is_mapped(*address), "a mapped address is kept as IPv4", text);
  if (!text.contains(':')) check_equal(address->to_string(), text, "IPv4 has one spelling");
  check(net::AddressFilter().allows(*address) == net::is_public(*address),
        "without own ranges a filter allows what is public", text);
}

void check_range(std::string_view text) {
  const auto range = round_trip<net::Cidr>(text);
  if (!range) return;
  check(range->contains(range->base), "a range contains its first address", text);
  const bool everything = range->prefix_length == 0;
  check(everything || !range->contains(before(range->base)),
        "a range does not contain the address before it", text);
  check(net::AddressFilter({*range}).allows(range->base), "an allowed range is allowed", text);
  check(!net::AddressFilter({}, {*range}).allows(range->base), "a denied range is denied", text);
}

}  // namespace

void run_one(std::string_view input) {
  check_address(input);
  check_range(input);
  static_cast<void>(round_trip<net::Endpoint>(input));
}

}  // namespace verihook::fuzz
