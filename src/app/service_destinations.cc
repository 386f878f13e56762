#include "app/service_destinations.h"

#include <boost/asio/thread_pool.hpp>

#include "destinations/command_destination.h"
#include "destinations/services/redis_protocol.h"
#include "destinations/stream_destination.h"
#include "gateway/measured_handler.h"

namespace verihook::app {
namespace {

constexpr std::size_t kStarterThreads = 2;

// What of our own environment a command may know: nothing that could be a secret.
std::vector<std::pair<std::string, std::string>> command_environment(
    const Environment& environment) {
  std::vector<std::pair<std::string, std::string>> passed;
  for (const std::string_view name : {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"}) {
    if (const auto value = environment(name)) passed.emplace_back(name, *value);
  }
  return passed;
}

template <class Protocol>
destinations::StreamLinks::MakeProtocol maker_of() {
  return [](const destinations::ServiceAddress& address) {
    return std::make_unique<Protocol>(address);
  };
}

}  // namespace

class ServiceDestinations::Impl {
 public:
  explicit Impl(const Parts& parts)
      : dialer_(parts.lookup, parts.network, parts.filter, parts.timers.clock()),
        redis_links_(parts.executor, parts.timers, dialer_,
                     maker_of<destinations::RedisProtocol>()),
        redis_(redis_links_, destinations::kRedisSchemes, parts.secrets, parts.timers.clock()),
        command_(starters_, parts.timers, command_environment(parts.environment)),
        measured_redis_(redis_, parts.timers.clock(), parts.metrics),
        measured_command_(command_, parts.timers.clock(), parts.metrics) {}

  void add_to(delivery::DestinationHandlers& handlers) {
    handlers[model::DestinationKind::kRedis] = &measured_redis_;
    handlers[model::DestinationKind::kCommand] = &measured_command_;
  }

  Task<void> stop() { co_await redis_links_.stop(); }

 private:
  asio::thread_pool starters_{kStarterThreads};
  destinations::Dialer dialer_;
  destinations::StreamLinks redis_links_;
  destinations::StreamDestination redis_;
  destinations::CommandDestination command_;
  gateway::MeasuredHandler measured_redis_;
  gateway::MeasuredHandler measured_command_;
};

ServiceDestinations::ServiceDestinations(const Parts& parts)
    : impl_(std::make_unique<Impl>(parts)) {}
ServiceDestinations::~ServiceDestinations() = default;

void ServiceDestinations::add_to(delivery::DestinationHandlers& handlers) {
  impl_->add_to(handlers);
}

Task<void> ServiceDestinations::stop() { return impl_->stop(); }

}  // namespace verihook::app
