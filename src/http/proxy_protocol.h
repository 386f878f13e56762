// The PROXY protocol, version 2 (haproxy.org/download/2.8/doc/proxy-protocol.txt): what a proxy
// that passes connections on says before anything else about whose they are. Only read from peers
// that are known to be such proxies, who must send it; from anybody else it would be a claim. Pure;
// any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/ip.h"

namespace verihook::http {

inline constexpr std::size_t kProxyHeaderBytesMax = 4096;  // more is refused; 536 are customary

struct ProxyHeader {
  enum class State {
    kIncomplete,  // more is to come
    kWhole,
    kBad,  // no such header, or one of another version
  };
  State state = State::kIncomplete;
  std::size_t bytes = 0;  // of a whole one
  // Whose connection it is; nothing for the proxy's own ones and for what is no TCP.
  std::optional<net::Endpoint> client{};
};

// Of the bytes received so far.
ProxyHeader read_proxy_header(std::string_view received);

}  // namespace verihook::http
