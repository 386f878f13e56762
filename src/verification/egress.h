// EgressSource: one of the ways from which mail servers may be asked: a local address, a SOCKS5
// proxy, or whatever the system chooses, each with the names that belong to it. Also their order
// for a group of mail servers, so that one group always sees the same source (that is what
// greylisting wants) and another one only when that cannot be had. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/network.h"

namespace verihook::verification {

enum class Family {
  kIpv4,  // targets with an A record
  kIpv6,  // targets with an AAAA record
};
constexpr Family family_of(const net::IpAddress& address) {
  return address.v6 ? Family::kIpv6 : Family::kIpv4;
}

struct EgressSource {
  std::string name;  // for people, and for hashing: unique, stable, without the password
  std::optional<net::IpAddress> address;         // to bind to
  std::optional<net::SocksProxy> proxy;          // to go through
  std::optional<net::IpAddress> public_address;  // as which others see it, when that is another
  std::string helo;                              // empty: that of the program
  std::string mail_from;                         // empty: that of the program

  // "203.0.113.5", "socks5://user:password@10.0.0.1:1080" or "default" (the system's choice), then
  // any of: helo=NAME mail_from=ADDRESS public=ADDRESS via=ADDRESS (the local address from which
  // the proxy is reached) name=NAME. User and password are percent-encoded. kInvalidArgument with
  // the word that is at fault.
  static Result<EgressSource> parse(std::string_view text);
  // The same form; the password is left out.
  std::string to_string() const;

  // A source whose address (or public address) is of one family serves targets of that family; any
  // other serves both.
  bool serves(Family family) const;
  net::ConnectOptions connect_options() const { return {.source = address, .proxy = proxy}; }

  friend bool operator==(const EgressSource&, const EgressSource&) = default;
};

// Indexes into `sources` in the order in which a group of mail servers takes them: always the same
// for a group, and only the groups of a source that goes move (rendezvous hashing).
std::vector<std::size_t> ranked_sources(std::span<const EgressSource> sources,
                                        std::string_view group_key);

// The configured sources with the names that they leave open; without any, the system's choice.
std::vector<EgressSource> complete_sources(std::vector<EgressSource> configured,
                                           const std::string& helo, const std::string& mail_from);

// Host names and addresses as they may stand in EHLO and MAIL FROM: one printable word.
bool is_host_word(std::string_view text);
bool is_sender_word(std::string_view text);

}  // namespace verihook::verification
