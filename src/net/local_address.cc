#include "net/local_address.h"

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

}  // namespace verihook::net
