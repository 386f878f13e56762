// ServiceAddress: where a server is that is no HTTP server, out of a URL such as
// rediss://user:password@host:6380/2. As strict about hosts as http/url.h is; user and password are
// percent-encoded there and decoded here. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/ip.h"

namespace verihook::destinations {

// A scheme that a kind of destination takes.
struct ServiceScheme {
  std::string_view name;
  bool tls = false;
  std::uint16_t default_port = 0;
};

struct ServiceAddress {
  std::string scheme;
  bool tls = false;
  std::string host;                       // lower case; IPv6 without brackets
  std::optional<net::IpAddress> literal;  // set when the host is an IP address
  std::uint16_t port = 0;
  std::string path;  // what follows the first slash after the host, as given
  std::string user;
  std::string password;

  // kInvalidArgument with a sentence that says what is wrong; it never quotes user and password.
  static Result<ServiceAddress> parse(std::string_view text,
                                      std::span<const ServiceScheme> schemes);

  // Without user and password: what may be stored, shown and logged.
  std::string public_url() const;

  friend bool operator==(const ServiceAddress&, const ServiceAddress&) = default;
};

}  // namespace verihook::destinations
