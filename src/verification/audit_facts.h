// Gathers the facts of the self-audit that others know: the resolver's honesty, what the DNS says
// of our addresses and names, and whether mail servers greet us. Connects to the first mail host of
// each domain in `probe_domains` until one greets us, says EHLO and takes leave; asks block lists
// only when some are given, because that tells them about us. One io thread; takes tens of seconds
// where packets are dropped, and ends early when it is cancelled.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/timers.h"
#include "base/random.h"
#include "dns/resolver.h"
#include "net/address_filter.h"
#include "net/network.h"
#include "verification/egress.h"
#include "verification/self_audit.h"

namespace verihook::verification {

struct AuditOptions {
  std::vector<EgressSource> sources{};  // complete: see complete_sources()
  std::uint16_t port = 25;
  std::vector<std::string> probe_domains{};
  std::vector<std::string> block_lists{};  // zones
  Milliseconds dns_timeout_ms{5'000};      // for each question
  Milliseconds connect_timeout_ms{8'000};
  Milliseconds greeting_timeout_ms{20'000};
};

// Whom the gatherer asks; everything outlives it.
struct AuditSurroundings {
  dns::Resolver& resolver;
  net::Network& network;
  const net::AddressFilter& filter;
  const Clock& clock;
  Random& random;
  // The address from which the system would connect there: net::local_address_towards, or a test's.
  std::function<Result<net::IpAddress>(const net::IpAddress&)> local_address;
};

// Everything but AuditFacts::host.
Task<AuditFacts> gather_audit_facts(AuditOptions options, AuditSurroundings surroundings);

}  // namespace verihook::verification
