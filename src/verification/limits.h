// What bounds a verification: settings of the operator and limits, in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "smtp/session.h"
#include "verification/egress.h"
#include "verification/traffic_limits.h"

namespace verihook::verification {

struct VerifierOptions {
  std::uint16_t smtp_port = 25;
  std::string helo = "localhost";
  std::string mail_from = "verify@localhost";
  std::vector<EgressSource> sources;  // empty: the one that the system chooses

  std::size_t domains_in_flight_max = 2'000;  // per list that is being verified
  // Domains and hosts that the resolver is asked for at once; the time of those behind them has not
  // begun.
  std::size_t lookups_in_flight_max = 256;
  std::size_t connections_per_group_max = 50;  // with one set of MX hosts, whatever its lane allows
  std::size_t connections_max = 1'000;
  std::size_t recipients_per_connection_max = 100;
  std::vector<TrafficRule> traffic;  // the operator's, before the profiles built in
  smtp::TlsPolicy starttls = smtp::TlsPolicy::kOpportunistic;
  std::size_t egress_sample = 20;    // groups out of reach, with none in reach: the way is blocked
  std::size_t resolver_sample = 50;  // domains without any answer from the resolver
  std::size_t mx_hosts_tried_max = 4;
  std::size_t addresses_per_host_tried_max = 2;
  std::size_t result_cache_entries_max = 100'000;  // answers about mailboxes that are kept …
  Milliseconds result_ttl_ms{24 * 3600 * 1000};    // … for so long; 0: none
  std::size_t catch_all_entries_max = 200'000;
  Milliseconds dns_deadline_ms{10'000};
  Milliseconds connect_timeout_ms{10'000};
  Milliseconds banner_timeout_ms{30'000};
  Milliseconds command_timeout_ms{20'000};
  Milliseconds idle_connection_ms{500};  // kept for the next address of the same group
  Milliseconds catch_all_ttl_ms{6 * 3600 * 1000};
};

}  // namespace verihook::verification
