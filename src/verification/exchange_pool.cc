#include "verification/exchange_pool.h"

#include <algorithm>

#include "base/log.h"

namespace verihook::verification {
namespace {

constexpr std::size_t kExchangesBeforePruning = 10'000;
constexpr Milliseconds kSourceFailureKept{60'000};

// The set of hosts, whatever the order and the preferences in which a domain names them.
std::string key_of(const std::vector<dns::MxRecord>& hosts) {
  std::vector<std::string_view> names;
  for (const dns::MxRecord& record : hosts) names.push_back(record.host);
  std::ranges::sort(names);
  std::string key;
  for (const std::string_view name : names) key.append(name).push_back(' ');
  return key;
}

std::shared_ptr<const smtp::ConversationOptions> settings_for(const EgressSource& source,
                                                              const VerifierOptions& options) {
  auto settings = std::make_shared<smtp::ConversationOptions>();
  settings->session.helo = source.helo;
  settings->session.mail_from = source.mail_from;
  settings->session.tls = options.starttls;
  settings->session.recipients_per_connection_max = options.recipients_per_connection_max;
  settings->connect = source.connect_options();
  settings->connect_timeout = options.connect_timeout_ms;
  settings->banner_timeout = options.banner_timeout_ms;
  settings->command_timeout = options.command_timeout_ms;
  return settings;
}

}  // namespace

ExchangePool::ExchangePool(asio::any_io_executor executor, Timers& timers, dns::Resolver& resolver,
                           net::Network& network, const VerifierOptions& options)
    : timers_(timers),
      resolver_(resolver),
      network_(network),
      options_(options),
      sources_(complete_sources(options.sources, options.helo, options.mail_from)),
      failed_until_(sources_.size()),
      lookups_(options.lookups_in_flight_max),
      connections_(options.connections_max),
      egress_(options.egress_sample),
      exchanges_to_prune_at_(kExchangesBeforePruning),
      tasks_(executor, "smtp conversations") {
  for (const EgressSource& source : sources_) settings_.push_back(settings_for(source, options));
}

ExchangePool::~ExchangePool() = default;

std::shared_ptr<Exchange> ExchangePool::exchange(const std::vector<dns::MxRecord>& hosts) {
  if (exchanges_.size() >= exchanges_to_prune_at_) {
    std::erase_if(exchanges_, [](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->idle();
    });
    const MonotonicTime now = timers_.clock().monotonic_now();
    std::erase_if(lanes_, [now](const auto& entry) {
      return entry.second->idle() && !entry.second->lane().closed(now);
    });
    // With many at work it would be gone through for each new one.
    exchanges_to_prune_at_ = std::max(kExchangesBeforePruning, 2 * exchanges_.size());
  }
  std::shared_ptr<Exchange>& found = exchanges_[key_of(hosts)];
  if (!found) found = std::make_shared<Exchange>(*this, hosts);
  return found;
}

Task<void> ExchangePool::stop() {
  tasks_.close();
  tasks_.cancel();
  co_await tasks_.join();
}

ExchangeStats ExchangePool::stats() const {
  ExchangeStats stats = stats_;
  const MonotonicTime now = timers_.clock().monotonic_now();
  stats.lanes_closed = static_cast<std::uint64_t>(std::ranges::count_if(
      lanes_, [now](const auto& entry) { return entry.second->lane().closed(now); }));
  return stats;
}

LaneGate& ExchangePool::gate(const std::string& group, std::size_t source) {
  std::unique_ptr<LaneGate>& found = lanes_[{group, source}];
  if (!found) {
    found = std::make_unique<LaneGate>(timers_, limits_of(group, options_.traffic));
  }
  return *found;
}

std::vector<std::size_t> ExchangePool::sources_for(const std::string& group) const {
  return ranked_sources(sources_, group);
}

bool ExchangePool::is_open(const std::string& group, std::size_t source) {
  const auto& failed = failed_until_[source];
  if (failed && timers_.clock().monotonic_now() < *failed) return false;
  return !gate(group, source).closed();
}

void ExchangePool::source_failed(std::size_t source) {
  log_warning("a way out to mail servers failed", {{"source", sources_[source].name}});
  failed_until_[source] = timers_.clock().monotonic_now() + kSourceFailureKept;
}

std::shared_ptr<const smtp::ConversationOptions> ExchangePool::settings_of(std::size_t source,
                                                                           bool trace) const {
  if (!trace) return settings_[source];
  auto traced = std::make_shared<smtp::ConversationOptions>(*settings_[source]);
  traced->session.trace = true;
  return traced;
}

}  // namespace verihook::verification
