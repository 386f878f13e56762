#include "destinations/services/dialer.h"

#include <algorithm>
#include <vector>

namespace verihook::destinations {
namespace {

constexpr Milliseconds kConnectTimeout{5'000};  // of each address
constexpr std::size_t kAddressesTriedMax = 4;

}  // namespace

Task<Result<std::unique_ptr<net::Stream>>> Dialer::dial(ServiceAddress address, Deadline deadline) {
  std::vector<net::IpAddress> addresses;
  if (address.literal) {
    addresses.push_back(*address.literal);
  } else {
    CO_TRY(found, co_await lookup_.lookup(address.host, deadline));
    addresses = std::move(found);
  }
  if (addresses.empty()) co_return fail(Errc::kDns, "the server's name has no address");
  if (!filter_.allows_all(addresses)) {
    co_return fail(Errc::kForbiddenAddress, "the server's address is not a public one");
  }
  Error last{Errc::kUnreachable, "the server cannot be reached"};
  addresses.resize(std::min(addresses.size(), kAddressesTriedMax));
  for (const net::IpAddress& each : addresses) {
    auto stream = co_await network_.connect(
        {each, address.port}, {}, deadline.sooner(Deadline::after(clock_, kConnectTimeout)));
    if (stream) co_return std::move(*stream);
    last = stream.error();
    if (last.code == Errc::kCancelled || deadline.passed(clock_)) break;
  }
  co_return std::unexpected(std::move(last));
}

}  // namespace verihook::destinations
