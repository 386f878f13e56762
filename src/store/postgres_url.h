// PostgresUrl: where a PostgreSQL database is and who we are there, out of
// `postgres://user:password@host:port,other/database?sslmode=verify-full`. Read strictly, because
// tenants write such URLs: only hosts that can be looked up and judged (no sockets of this
// machine), and of libpq's options only those that name no file and run nothing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/ip.h"

namespace verihook::store {

struct PostgresUrl {
  struct Host {
    std::string name;                       // lower case; an IPv6 address without brackets
    std::optional<net::IpAddress> literal;  // set when it is an address
    std::uint16_t port = 5432;

    friend bool operator==(const Host&, const Host&) = default;
  };

  std::vector<Host> hosts;  // at least one, in the order in which to try them
  std::string user;
  std::string password;  // empty: none
  std::string database;
  std::string ssl_mode = "prefer";  // disable, prefer, require or verify-full
  bool writable = false;  // target_session_attrs=read-write: pass over a server that is a standby

  // kInvalidArgument with a sentence that never holds the password.
  static Result<PostgresUrl> parse(std::string_view text);
  // The URL without its password, which people may see.
  std::string shown() const;

  friend bool operator==(const PostgresUrl&, const PostgresUrl&) = default;
};

// Whether a text is meant to be one.
bool is_postgres_url(std::string_view text);

inline constexpr std::size_t kPostgresUrlBytesMax = 2048;
inline constexpr std::size_t kPostgresHostsMax = 8;

}  // namespace verihook::store
