// ExchangePool: all conversations of a node with mail servers, and what they share: the limits of
// the node, the lanes to each mail provider, our names and source addresses. Lives on one io
// thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/semaphore.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "dns/mail_exchangers.h"
#include "dns/resolver.h"
#include "net/network.h"
#include "smtp/client.h"
#include "verification/exchange.h"
#include "verification/fair_sample.h"
#include "verification/lane_gate.h"
#include "verification/limits.h"

namespace verihook::verification {

struct ExchangeStats {
  std::uint64_t conversations = 0;     // connections opened
  std::uint64_t recipients_asked = 0;  // that got an answer
  std::uint64_t lanes_closed = 0;      // now
};

class ExchangePool {
 public:
  ExchangePool(asio::any_io_executor executor, Timers& timers, dns::Resolver& resolver,
               net::Network& network, const VerifierOptions& options);
  ~ExchangePool();
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;

  // Shared by every domain with the same set of hosts.
  std::shared_ptr<Exchange> exchange(const std::vector<dns::MxRecord>& hosts);
  // Takes leave of every server. New questions are refused from then on.
  Task<void> stop();

  // A place for each question to the resolver that is under way.
  Semaphore& lookups() { return lookups_; }
  ExchangeStats stats() const;
  // True when connections to enough different groups failed and none succeeded: the way out is
  // blocked. Reading it begins a new sample.
  bool take_egress_blocked() { return egress_.take_failed(timers_.clock().monotonic_now()); }

 private:
  friend class Exchange;

  LaneGate& gate(const std::string& group, std::size_t source);
  // Indexes of the sources in the order in which this group takes them.
  std::vector<std::size_t> sources_for(const std::string& group) const;
  // Whether conversations may begin from there: its way out works and the group does not refuse it.
  bool is_open(const std::string& group, std::size_t source);
  // Its proxy failed: nobody goes that way for a while.
  void source_failed(std::size_t source);
  std::shared_ptr<const smtp::ConversationOptions> settings_of(std::size_t source,
                                                               bool trace) const;

  Timers& timers_;
  dns::Resolver& resolver_;
  net::Network& network_;
  const VerifierOptions& options_;
  const std::vector<EgressSource> sources_;
  std::vector<std::shared_ptr<const smtp::ConversationOptions>> settings_;  // of each source
  std::vector<std::optional<MonotonicTime>> failed_until_;                  // of each source
  Semaphore lookups_;
  Semaphore connections_;
  ExchangeStats stats_;
  FairSample egress_;
  std::map<std::pair<std::string, std::size_t>, std::unique_ptr<LaneGate>> lanes_;
  std::unordered_map<std::string, std::shared_ptr<Exchange>> exchanges_;
  std::size_t exchanges_to_prune_at_;
  TaskGroup tasks_;
};

}  // namespace verihook::verification
