// ServiceDestinations: the kinds of destination that are no HTTP endpoint and no table of ours,
// with what they share: connections to other servers and the threads that start commands. Made
// after the network and before the dispatcher; stopped after the dispatcher. One io thread.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "async/timers.h"
#include "base/random.h"
#include "crypto/secret_box.h"
#include "delivery/destination_handler.h"
#include "gateway/webhook_metrics.h"
#include "http/client.h"
#include "net/address_filter.h"
#include "net/host_lookup.h"
#include "net/network.h"
#include "store/database.h"

namespace verihook::app {

class ServiceDestinations {
 public:
  // All of it outlives the destinations.
  struct Parts {
    asio::any_io_executor executor;
    Timers& timers;
    net::HostLookup& lookup;
    net::Network& network;
    const net::AddressFilter& filter;
    const crypto::SecretBox& secrets;
    store::Database& database;
    http::Client& client;
    Random& random;
    std::string helo;  // the name that mail servers are told
    gateway::WebhookMetrics& metrics;
    const Environment& environment;  // read once: what commands get of it
  };
  explicit ServiceDestinations(const Parts& parts);
  ~ServiceDestinations();
  ServiceDestinations(const ServiceDestinations&) = delete;
  ServiceDestinations& operator=(const ServiceDestinations&) = delete;

  // Adds a handler for each of the kinds; they live as long as this.
  void add_to(delivery::DestinationHandlers& handlers);

  Task<void> stop();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::app
