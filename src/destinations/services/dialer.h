// Dialer: how a destination connects to a server that is no HTTP server. The rules are those of
// webhooks (http/client.h): the host is looked up with our own resolver, every answer must pass the
// address filter, and the connection goes to one of the judged addresses and nowhere else. One io
// thread.
#pragma once

#include <memory>

#include "base/clock.h"
#include "destinations/services/service_address.h"
#include "net/address_filter.h"
#include "net/host_lookup.h"
#include "net/network.h"

namespace verihook::destinations {

class Dialer {
 public:
  // All must outlive it. `network` judges the connected socket once more.
  Dialer(net::HostLookup& lookup, net::Network& network, const net::AddressFilter& filter,
         const Clock& clock)
      : lookup_(lookup), network_(network), filter_(filter), clock_(clock) {}

  // A connection, not encrypted yet. Errors: kDns, kForbiddenAddress, and those of Network.
  Task<Result<std::unique_ptr<net::Stream>>> dial(ServiceAddress address, Deadline deadline);

 private:
  net::HostLookup& lookup_;
  net::Network& network_;
  const net::AddressFilter& filter_;
  const Clock& clock_;
};

}  // namespace verihook::destinations
