// Url: an http or https URL that this program may call, parsed once and strictly: no user
// information, no fragment, a host that is a plain name or a canonical IP address (decimal, octal,
// hexadecimal and short IPv4 forms are refused, and so are zone ids, trailing dots and
// percent-encoding in the host), and no port that belongs to another protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/ip.h"

namespace verihook::http {

struct Url {
  bool https = true;
  std::string host;                       // lower case, A-labels; IPv6 without brackets
  std::optional<net::IpAddress> literal;  // set when the host is an IP address
  std::uint16_t port = 443;
  std::string target = "/";  // path and query, as given

  // kInvalidArgument with a sentence that says what is wrong with it.
  static Result<Url> parse(std::string_view text);
  std::string to_string() const;
};

inline constexpr std::size_t kUrlBytesMax = 2048;

}  // namespace verihook::http
