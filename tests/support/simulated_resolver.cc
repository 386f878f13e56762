#include "tests/support/simulated_resolver.h"

namespace verihook::testing {
namespace {

constexpr std::chrono::seconds kNegativeTtl{300};

}  // namespace

void SimulatedResolver::set_mx(const std::string& domain, std::vector<dns::MxRecord> records,
                               std::chrono::seconds ttl) {
  names_[domain].mx = {dns::NameStatus::kExists, std::move(records), ttl};
}

void SimulatedResolver::set_addresses(const std::string& host,
                                      const std::vector<std::string>& addresses,
                                      std::chrono::seconds ttl) {
  dns::AddressAnswer answer{dns::NameStatus::kExists, {}, ttl};
  for (const std::string& text : addresses) {
    answer.records.push_back(net::IpAddress::parse(text).value());
  }
  names_[host].addresses = std::move(answer);
}

void SimulatedResolver::set_texts(const std::string& name, std::vector<std::string> texts,
                                  std::chrono::seconds ttl) {
  names_[name].texts = {dns::NameStatus::kExists, std::move(texts), ttl};
}

void SimulatedResolver::set_names(const std::string& address, std::vector<std::string> names,
                                  std::chrono::seconds ttl) {
  names_[net::IpAddress::parse(address).value().to_string()].names = {dns::NameStatus::kExists,
                                                                      std::move(names), ttl};
}

void SimulatedResolver::set_failure(const std::string& name, Error error) {
  names_[name].failure = std::move(error);
}

Task<Result<dns::MxAnswer>> SimulatedResolver::mx(std::string domain, Deadline deadline) {
  questions_.push_back("mx " + domain);
  CO_TRY(name, co_await look_up(domain, deadline));
  if (name == nullptr) {
    co_return dns::MxAnswer{dns::NameStatus::kDoesNotExist, {}, kNegativeTtl};
  }
  co_return name->mx;
}

Task<Result<dns::AddressAnswer>> SimulatedResolver::addresses(std::string host, Deadline deadline) {
  questions_.push_back("addresses " + host);
  CO_TRY(name, co_await look_up(host, deadline));
  if (name == nullptr) {
    co_return dns::AddressAnswer{dns::NameStatus::kDoesNotExist, {}, kNegativeTtl};
  }
  co_return name->addresses;
}

Task<Result<dns::TextAnswer>> SimulatedResolver::texts(std::string name, Deadline deadline) {
  questions_.push_back("texts " + name);
  CO_TRY(entry, co_await look_up(name, deadline));
  if (entry == nullptr) {
    co_return dns::TextAnswer{dns::NameStatus::kDoesNotExist, {}, kNegativeTtl};
  }
  co_return entry->texts;
}

Task<Result<dns::NameAnswer>> SimulatedResolver::names(net::IpAddress address, Deadline deadline) {
  questions_.push_back("names " + address.to_string());
  CO_TRY(entry, co_await look_up(address.to_string(), deadline));
  if (entry == nullptr) {
    co_return dns::NameAnswer{dns::NameStatus::kDoesNotExist, {}, kNegativeTtl};
  }
  co_return entry->names;
}

Task<Result<const SimulatedResolver::Name*>> SimulatedResolver::look_up(std::string name,
                                                                        Deadline deadline) {
  if (delay_ > Milliseconds{0}) {
    const auto ready = timers_.clock().monotonic_now() + delay_;
    co_await sleep_until(timers_, std::min(ready, deadline.time()));
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      co_return fail(Errc::kCancelled, "the question was cancelled");
    }
    if (timers_.clock().monotonic_now() < ready) {
      co_return fail(Errc::kTimeout, "the name servers did not answer in time");
    }
  }
  const auto found = names_.find(name);
  if (found == names_.end()) co_return nullptr;
  if (found->second.failure) co_return std::unexpected(*found->second.failure);
  co_return &found->second;
}

}  // namespace verihook::testing
