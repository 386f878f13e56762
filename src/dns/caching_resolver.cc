#include "dns/caching_resolver.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::dns {

template <class AnswerType>
class CachingResolver::Cache {
 public:
  using Answered = Result<AnswerType>;
  using Ask = std::function<Task<Answered>(std::string, Deadline)>;

  Cache(CachingResolver& owner, Timers& timers, std::size_t entries_max, Ask ask)
      : owner_(owner),
        timers_(timers),
        ask_(std::move(ask)),
        entries_max_(std::max<std::size_t>(1, entries_max)) {}

  Task<Answered> find(std::string name, Deadline deadline);
  std::size_t size() const { return entries_.size(); }
  void clear() {
    by_name_.clear();
    entries_.clear();
  }

 private:
  struct Entry {
    std::string name;
    Answered answer;
    MonotonicTime expires;
  };
  // A query under way; waiters and the query share it.
  struct Flight {
    std::optional<Answered> answer;
    WaitList waiting;

    void land(Answered result) {
      answer = std::move(result);
      waiting.wake_all();
    }
  };
  using Position = typename std::list<Entry>::iterator;

  const Entry* fresh(const std::string& name);
  Task<void> fly(std::string name, std::shared_ptr<Flight> flight);
  void keep(const std::string& name, const Answered& answer);
  void forget(typename std::unordered_map<std::string_view, Position>::iterator found) {
    const Position entry = found->second;
    by_name_.erase(found);
    entries_.erase(entry);
  }
  std::chrono::seconds time_to_keep(const Answered& answer) const;

  CachingResolver& owner_;
  Timers& timers_;
  Ask ask_;
  const std::size_t entries_max_;
  std::list<Entry> entries_;                                // used last, first
  std::unordered_map<std::string_view, Position> by_name_;  // of the entries' own names
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

template <class AnswerType>
auto CachingResolver::Cache<AnswerType>::fresh(const std::string& name) -> const Entry* {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  if (found->second->expires <= timers_.clock().monotonic_now()) {
    forget(found);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front();
}

template <class AnswerType>
auto CachingResolver::Cache<AnswerType>::find(std::string name, Deadline deadline)
    -> Task<Answered> {
  name = to_lower(name);
  if (const Entry* entry = fresh(name)) {
    ++owner_.stats_.hits;
    co_return entry->answer;
  }
  std::shared_ptr<Flight> flight;
  if (const auto found = flights_.find(name); found != flights_.end()) {
    ++owner_.stats_.shared;
    flight = found->second;
  } else {
    flight = std::make_shared<Flight>();
    flights_.emplace(name, flight);  // first, since the query may end before spawn returns
    if (!owner_.queries_.spawn("dns query", fly(name, flight))) {
      flights_.erase(name);
      co_return fail(Errc::kCancelled, "the resolver is stopping");
    }
    ++owner_.stats_.misses;
  }
  if (!flight->answer) {
    const auto landed = co_await flight->waiting.wait(timers_, deadline);
    if (!landed) co_return unanswered(landed.error().code);
  }
  co_return *flight->answer;
}

template <class AnswerType>
Task<void> CachingResolver::Cache<AnswerType>::fly(std::string name,
                                                   std::shared_ptr<Flight> flight) {
  // Whatever ends this coroutine, an exception included, the waiters hear of it.
  struct Landing {
    Cache& cache;
    const std::string& name;
    Flight& flight;
    ~Landing() {
      cache.flights_.erase(name);
      if (!flight.answer) flight.land(fail(Errc::kCancelled, "the resolver is stopping"));
    }
  } landing{*this, name, *flight};
  const auto deadline = Deadline::after(timers_.clock(), owner_.options_.query_time_ms_max);
  Answered answer = co_await ask_(name, deadline);
  keep(name, answer);
  flight->land(std::move(answer));
}

template <class AnswerType>
void CachingResolver::Cache<AnswerType>::keep(const std::string& name, const Answered& answer) {
  if (!answer && answer.error().code == Errc::kCancelled) return;
  const MonotonicTime expires = timers_.clock().monotonic_now() + time_to_keep(answer);
  if (const auto found = by_name_.find(name); found != by_name_.end()) forget(found);
  entries_.push_front({name, answer, expires});
  by_name_.emplace(entries_.front().name, entries_.begin());
  if (entries_.size() <= entries_max_) return;
  by_name_.erase(entries_.back().name);
  entries_.pop_back();
  ++owner_.stats_.evicted;
}

template <class AnswerType>
std::chrono::seconds CachingResolver::Cache<AnswerType>::time_to_keep(
    const Answered& answer) const {
  const CacheOptions& options = owner_.options_;
  if (!answer) return options.failure_ttl_s;
  const auto longest = answer->records.empty() ? options.negative_ttl_max_s : options.ttl_max_s;
  return std::min(std::max(answer->ttl, options.ttl_min_s), longest);
}

CachingResolver::CachingResolver(asio::any_io_executor executor, Timers& timers, Resolver& upstream,
                                 CacheOptions options)
    : options_(options), queries_(std::move(executor), "dns queries") {
  mx_ = std::make_unique<Cache<MxAnswer>>(
      *this, timers, options_.entries_max / 2,
      [&upstream](std::string name, Deadline deadline) { return upstream.mx(name, deadline); });
  addresses_ = std::make_unique<Cache<AddressAnswer>>(
      *this, timers, options_.entries_max / 2, [&upstream](std::string name, Deadline deadline) {
        return upstream.addresses(name, deadline);
      });
  texts_ = std::make_unique<Cache<TextAnswer>>(
      *this, timers, options_.rare_entries_max / 2,
      [&upstream](std::string name, Deadline deadline) { return upstream.texts(name, deadline); });
  // Kept by the address as text.
  names_ = std::make_unique<Cache<NameAnswer>>(
      *this, timers, options_.rare_entries_max / 2,
      [&upstream](std::string address, Deadline deadline) {
        return upstream.names(net::IpAddress::parse(address).value(), deadline);
      });
}

CachingResolver::~CachingResolver() = default;

Task<Result<MxAnswer>> CachingResolver::mx(std::string domain, Deadline deadline) {
  return mx_->find(std::move(domain), deadline);
}

Task<Result<AddressAnswer>> CachingResolver::addresses(std::string host, Deadline deadline) {
  return addresses_->find(std::move(host), deadline);
}

Task<Result<TextAnswer>> CachingResolver::texts(std::string name, Deadline deadline) {
  return texts_->find(std::move(name), deadline);
}

Task<Result<NameAnswer>> CachingResolver::names(net::IpAddress address, Deadline deadline) {
  return names_->find(address.to_string(), deadline);
}

CacheStats CachingResolver::stats() const {
  CacheStats stats = stats_;
  stats.entries = mx_->size() + addresses_->size() + texts_->size() + names_->size();
  return stats;
}

void CachingResolver::clear() {
  mx_->clear();
  addresses_->clear();
  texts_->clear();
  names_->clear();
}

Task<void> CachingResolver::stop() {
  queries_.close();
  queries_.cancel();
  co_await queries_.join();
}

}  // namespace verihook::dns
