// CachingResolver: stands before another Resolver, remembers its answers for their TTL and asks
// each question once however many wait for it (single flight). The query runs in a task of its own
// with its own time budget, so a waiter that gives up or runs out of time takes nobody with it.
// Failures are remembered for seconds only, lest a broken name server be asked once per address of
// a list. The entry used least recently is dropped when the cache is full.
//
// One io thread. `upstream` and `timers` outlive it; `co_await stop()` before it is destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/task_group.h"
#include "async/timers.h"
#include "dns/resolver.h"

namespace verihook::dns {

struct CacheOptions {
  std::size_t entries_max = 200'000;              // half for MX, half for addresses
  std::size_t rare_entries_max = 2'000;           // half for texts, half for names
  std::chrono::seconds ttl_min_s{10};             // also for answers that ask not to be kept
  std::chrono::seconds ttl_max_s{24 * 3600};      // for answers with records
  std::chrono::seconds negative_ttl_max_s{3600};  // for "no such name" and "no such record"
  std::chrono::seconds failure_ttl_s{5};          // for errors of the resolver
  Milliseconds query_time_ms_max{15'000};         // of one query, whoever waits for it
};

struct CacheStats {
  std::uint64_t hits = 0;     // answered from the cache
  std::uint64_t misses = 0;   // asked upstream
  std::uint64_t shared = 0;   // joined a query that was under way
  std::uint64_t evicted = 0;  // dropped for want of room
  std::size_t entries = 0;    // kept now
};

class CachingResolver final : public Resolver {
 public:
  CachingResolver(asio::any_io_executor executor, Timers& timers, Resolver& upstream,
                  CacheOptions options = {});
  ~CachingResolver() override;
  CachingResolver(const CachingResolver&) = delete;
  CachingResolver& operator=(const CachingResolver&) = delete;

  Task<Result<MxAnswer>> mx(std::string domain, Deadline deadline) override;
  Task<Result<AddressAnswer>> addresses(std::string host, Deadline deadline) override;
  Task<Result<TextAnswer>> texts(std::string name, Deadline deadline) override;
  Task<Result<NameAnswer>> names(net::IpAddress address, Deadline deadline) override;

  CacheStats stats() const;
  void clear();
  // Cancels the queries under way and waits for them; questions asked from now on fail.
  Task<void> stop();

 private:
  template <class AnswerType>
  class Cache;

  CacheOptions options_;
  CacheStats stats_;
  TaskGroup queries_;
  std::unique_ptr<Cache<MxAnswer>> mx_;
  std::unique_ptr<Cache<AddressAnswer>> addresses_;
  std::unique_ptr<Cache<TextAnswer>> texts_;
  std::unique_ptr<Cache<NameAnswer>> names_;
};

}  // namespace verihook::dns
