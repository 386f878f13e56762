// ResolvedHostLookup: what the HTTP client asks for addresses, answered by the program's own
// resolver, so that webhook targets and MX hosts are looked up in one way and share one cache.
#pragma once

#include "dns/resolver.h"
#include "net/host_lookup.h"

namespace verihook::app {

class ResolvedHostLookup final : public net::HostLookup {
 public:
  explicit ResolvedHostLookup(dns::Resolver& resolver) : resolver_(resolver) {}
  Task<Result<std::vector<net::IpAddress>>> lookup(std::string host, Deadline deadline) override;

 private:
  dns::Resolver& resolver_;
};

}  // namespace verihook::app
