// What bounds a verification: settings of the operator and limits, in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace verihook::verification {

struct VerifierOptions {
  std::uint16_t smtp_port = 25;
  std::string helo = "localhost";
  std::string mail_from = "verify@localhost";

  std::size_t domains_in_flight_max = 2'000;  // per list that is being verified
  std::size_t connections_per_group_max = 5;  // conversations with one set of MX hosts
  std::size_t connections_max = 1'000;
  std::size_t recipients_per_connection_max = 100;
  std::size_t mx_hosts_tried_max = 4;
  std::size_t addresses_per_host_tried_max = 2;
  std::size_t catch_all_entries_max = 200'000;
  Milliseconds dns_deadline_ms{10'000};
  Milliseconds idle_connection_ms{500};  // kept for the next address of the same group
  Milliseconds catch_all_ttl_ms{6 * 3600 * 1000};
};

}  // namespace verihook::verification
