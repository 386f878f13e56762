// Endpoints in Asio's form and in ours. A mapped IPv4 address, which a socket on [::] reports for
// an IPv4 peer, becomes IPv4. Pure; any thread.
#pragma once

#include <algorithm>

#include <boost/asio/ip/tcp.hpp>

#include "net/ip.h"

namespace verihook::net {

inline boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint) {
  if (endpoint.address.v6) {
    return {boost::asio::ip::address_v6(endpoint.address.bytes), endpoint.port};
  }
  boost::asio::ip::address_v4::bytes_type bytes;
  std::copy_n(endpoint.address.bytes.begin(), bytes.size(), bytes.begin());
  return {boost::asio::ip::address_v4(bytes), endpoint.port};
}

inline Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint) {
  Endpoint result;
  result.port = endpoint.port();
  const auto address = endpoint.address();
  if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
    result.address = {true, address.to_v6().to_bytes()};
    return result;
  }
  const auto v4 = address.is_v4() ? address.to_v4()
                                  : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped,
                                                                     address.to_v6());
  std::ranges::copy(v4.to_bytes(), result.address.bytes.begin());
  return result;
}

}  // namespace verihook::net
