#include "net/local_address.h"

#include <algorithm>
#include <cerrno>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include "net/asio_endpoint.h"

namespace verihook::net {

namespace asio = boost::asio;

Result<IpAddress> local_address_towards(const IpAddress& target) {
  constexpr std::uint16_t kAnyPort = 25;  // a datagram socket only notes it
  const auto there = to_asio({target, kAnyPort});
  asio::io_context io{1};
  asio::ip::udp::socket socket(io);
  boost::system::error_code error;
  socket.open(target.v6 ? asio::ip::udp::v6() : asio::ip::udp::v4(), error);
  if (!error) socket.connect({there.address(), there.port()}, error);
  if (error) {
    return fail(Errc::kUnreachable, std::string("there is no route for IPv") +
                                        (target.v6 ? "6: " : "4: ") + error.message());
  }
  const auto here = socket.local_endpoint(error);
  if (error) return fail(Errc::kUnreachable, "the socket has no address: " + error.message());
  return from_asio({here.address(), here.port()}).address;
}

Result<std::vector<IpAddress>> interface_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    const boost::system::error_code error(errno, boost::system::system_category());
    return fail(Errc::kInternal, "this host's addresses cannot be read: " + error.message());
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  std::vector<IpAddress> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    IpAddress address;
    if (entry->ifa_addr->sa_family == AF_INET) {
      const auto& v4 = *reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v4.sin_addr);
      std::copy_n(bytes, sizeof v4.sin_addr, address.bytes.begin());
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr);
      address.v6 = true;
      std::copy_n(v6.sin6_addr.s6_addr, sizeof v6.sin6_addr, address.bytes.begin());
    } else {
      continue;
    }
    found.push_back(address);
  }
  return found;
}

}  // namespace verihook::net
