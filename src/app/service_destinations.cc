#include "app/service_destinations.h"

#include <map>

#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include "destinations/command_destination.h"
#include "destinations/notify_destination.h"
#include "destinations/services/mail_protocol.h"
#include "destinations/services/nats_protocol.h"
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

// An inbox of NATS that no other connection to the same server has.
std::string new_inbox(Random& random) {
  return fmt::format("_INBOX.{:016x}{:016x}", random.next_u64(), random.next_u64());
}

std::unique_ptr<destinations::StreamProtocol> speak_redis(
    const destinations::ServiceAddress& address) {
  return std::make_unique<destinations::RedisProtocol>(address);
}

}  // namespace

class ServiceDestinations::Impl {
 public:
  explicit Impl(const Parts& parts)
      : dialer_(parts.lookup, parts.network, parts.filter, parts.timers.clock()),
        redis_links_(parts.executor, parts.timers, dialer_, speak_redis),
        nats_links_(parts.executor, parts.timers, dialer_,
                    [&random = parts.random](const destinations::ServiceAddress& address) {
                      return std::make_unique<destinations::NatsProtocol>(address,
                                                                          new_inbox(random));
                    }),
        mail_links_(parts.executor, parts.timers, dialer_,
                    [helo = parts.helo](const destinations::ServiceAddress& address) {
                      return std::make_unique<destinations::MailProtocol>(address, helo);
                    }),
        redis_(redis_links_, destinations::kRedisSchemes, parts.secrets, parts.timers.clock()),
        nats_(nats_links_, destinations::kNatsSchemes, parts.secrets, parts.timers.clock()),
        notify_(parts.database, parts.client, mail_links_, parts.secrets, parts.timers.clock()),
        command_(starters_, parts.timers, command_environment(parts.environment)) {
    measure(parts, model::DestinationKind::kRedis, redis_);
    measure(parts, model::DestinationKind::kNats, nats_);
    measure(parts, model::DestinationKind::kNotify, notify_);
    measure(parts, model::DestinationKind::kCommand, command_);
  }

  void add_to(delivery::DestinationHandlers& handlers) {
    for (auto& [kind, handler] : measured_) handlers[kind] = &handler;
  }

  Task<void> stop() {
    co_await redis_links_.stop();
    co_await nats_links_.stop();
    co_await mail_links_.stop();
  }

 private:
  void measure(const Parts& parts, model::DestinationKind kind,
               delivery::DestinationHandler& handler) {
    measured_.try_emplace(kind, handler, parts.timers.clock(), parts.metrics);
  }

  asio::thread_pool starters_{kStarterThreads};
  destinations::Dialer dialer_;
  destinations::StreamLinks redis_links_;
  destinations::StreamLinks nats_links_;
  destinations::StreamLinks mail_links_;
  destinations::StreamDestination redis_;
  destinations::StreamDestination nats_;
  destinations::NotifyDestination notify_;
  destinations::CommandDestination command_;
  std::map<model::DestinationKind, gateway::MeasuredHandler> measured_;
};

ServiceDestinations::ServiceDestinations(const Parts& parts)
    : impl_(std::make_unique<Impl>(parts)) {}
ServiceDestinations::~ServiceDestinations() = default;

void ServiceDestinations::add_to(delivery::DestinationHandlers& handlers) {
  impl_->add_to(handlers);
}

Task<void> ServiceDestinations::stop() { return impl_->stop(); }

}  // namespace verihook::app
