#include "verification/catch_all.h"

#include <array>

#include "smtp/classify.h"

namespace verihook::verification {
namespace {

constexpr std::array<std::string_view, 24> kSyllables = {
    "ma", "ri",  "be", "lo",  "ton", "der", "wil", "fa",  "sto", "mer", "ka", "vin",
    "ro", "sel", "hu", "ber", "ti",  "lan", "no",  "gar", "pe",  "lis", "du", "cor"};
constexpr std::size_t kSyllablesPerName = 7;
// A line of its own at the servers: verdicts on all that they accepted wait for this answer.
const Asker kQuestioner{.tenant_id = "", .line = "catch-all"};

CatchAll read_answer(const MailboxAnswer& answer) {
  switch (smtp::classify(answer.outcome).reply_class) {
    case smtp::ReplyClass::kAccepted:
      return CatchAll::kAcceptsAll;
    case smtp::ReplyClass::kMailboxNotFound:
    case smtp::ReplyClass::kMailboxDisabled:
    case smtp::ReplyClass::kDomainNotHosted:
      return CatchAll::kTellsApart;
    case smtp::ReplyClass::kGreylisted:
      return CatchAll::kLater;
    default:
      return CatchAll::kInconclusive;
  }
}

}  // namespace

std::string improbable_local_part(Random& random) {
  std::string name;
  for (std::size_t i = 0; i < kSyllablesPerName; ++i) {
    name.append(kSyllables[random.below(kSyllables.size())]);
  }
  return name;
}

std::string CatchAllMemory::mailbox_for(const std::string& domain) {
  const auto known = known_.find(domain);
  if (known != known_.end() && known->second.answer == CatchAll::kLater) {
    return known->second.mailbox;
  }
  return improbable_local_part(random_) + "@" + domain;
}

Task<CatchAll> CatchAllMemory::find(std::string domain, std::shared_ptr<Exchange> exchange) {
  const auto known = known_.find(domain);
  if (known != known_.end() && known->second.exchange.lock() == exchange &&
      timers_.clock().monotonic_now() < known->second.until) {
    co_return known->second.answer;
  }
  if (const auto flight = flights_.find(domain); flight != flights_.end()) {
    const std::shared_ptr<Flight> shared = flight->second;
    while (!shared->answer) {
      const bool woken = co_await shared->waiters.wait();
      if (!woken) co_return CatchAll::kInconclusive;
    }
    co_return *shared->answer;
  }
  const auto flight = std::make_shared<Flight>();
  flights_[domain] = flight;
  ++questions_;
  std::vector<std::string> recipients;
  const std::string mailbox = mailbox_for(domain);
  recipients.push_back(mailbox);
  CatchAll answer = CatchAll::kInconclusive;
  const auto on_answer = [&](std::size_t, MailboxAnswer&& given) { answer = read_answer(given); };
  co_await exchange->ask(std::move(recipients), on_answer, kQuestioner);
  flight->answer = answer;
  flights_.erase(domain);
  flight->waiters.wake_all();
  if (answer != CatchAll::kInconclusive) {
    if (known_.size() >= options_.catch_all_entries_max) known_.clear();
    const MonotonicTime now = timers_.clock().monotonic_now();
    const bool later = answer == CatchAll::kLater;
    known_[domain] = {exchange, answer, later ? now : now + options_.catch_all_ttl_ms, mailbox};
  }
  co_return answer;
}

}  // namespace verihook::verification
