#include "verification/exchange.h"

#include <algorithm>

#include <fmt/format.h>

#include "smtp/classify.h"
#include "verification/exchange_pool.h"

namespace verihook::verification {
namespace {

constexpr Milliseconds kFailureKept{30'000};
constexpr int kFailureDoublingsMax = 5;
constexpr std::size_t kQuestionsPerConnection = 50;  // that wait before there is another
constexpr std::size_t kFirstTurn = 4;
constexpr std::size_t kTurnMax = 500;
constexpr Milliseconds kTurnTime{1'000};
constexpr Milliseconds kUndisturbed{100};  // of a turn, whoever comes
constexpr int kFruitlessConversationsMax = 4;
constexpr Milliseconds kAskDeadline{300'000};

smtp::Outcome failed_to_connect(Error error) {
  smtp::Outcome outcome;
  outcome.kind = smtp::OutcomeKind::kFailed;
  outcome.stage = smtp::Stage::kConnect;
  outcome.error = std::move(error);
  return outcome;
}

MailboxAnswer stopping() {
  return {failed_to_connect({Errc::kCancelled, "the program is stopping"}), "", 0, {}};
}

// Questions for a connection's next turn after one of `count`, so that it lasts about kTurnTime:
// whoever comes new has his turn soon, however slow the server, and a fast one is asked in large
// turns.
std::size_t next_turn(std::size_t count, Milliseconds took) {
  if (took <= kTurnTime / 2) return std::min(2 * count, kTurnMax);
  if (took <= kTurnTime) return count;
  const auto share = static_cast<double>(kTurnTime.count()) / static_cast<double>(took.count());
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(count) * share));
}

// A server's own words say more than the silence of another.
bool says_more(const smtp::Outcome& outcome, const smtp::Outcome& than) {
  return outcome.reply.has_value() || !than.reply.has_value();
}

smtp::ReplyClass class_of(const smtp::Outcome& outcome, const std::string& host) {
  return smtp::classify(outcome, smtp::provider_of(host)).reply_class;
}

}  // namespace

// What one caller of ask() waits for. Shared, because the caller may be gone before the answer
// comes.
struct Exchange::Batch {
  Asker asker;
  OnAnswer on_answer;
  std::vector<std::weak_ptr<Mailbox>> mailboxes;
  std::size_t open = 0;
  WaitList done;
};

Exchange::Exchange(ExchangePool& pool, std::vector<dns::MxRecord> hosts)
    : pool_(pool),
      hosts_(std::move(hosts)),
      group_(traffic_group_of(hosts_)),
      sources_(pool.sources_for(group_)) {}
Exchange::~Exchange() = default;

Task<void> Exchange::ask(std::vector<std::string> recipients, OnAnswer on_answer, Asker asker) {
  if (recently_failed()) {
    for (std::size_t i = 0; i < recipients.size(); ++i) on_answer(i, MailboxAnswer(last_failure_));
    co_return;
  }
  const auto batch = std::make_shared<Batch>();
  batch->asker = std::move(asker);
  batch->on_answer = std::move(on_answer);
  enqueue(batch, std::move(recipients));
  start_connections();
  ++waiting_;
  while (batch->open > 0) {
    const bool woken = co_await batch->done.wait();
    if (!woken) break;
  }
  --waiting_;
  if (batch->open > 0) withdraw(batch);
}

Task<MailboxAnswer> Exchange::ask_alone(std::string recipient,
                                        std::vector<std::string>& transcript) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto source = open_source();
  if (!source) {
    transcript.push_back("not connected: these servers refused us a moment ago");
    co_return refusal();
  }
  LaneGate& gate = pool_.gate(group_, *source);
  auto permit = co_await gate.enter();
  if (!permit) co_return refusal();
  auto place = co_await pool_.connections_.acquire();
  if (!place) co_return stopping();
  Connected connected = co_await connect(*source, &transcript);
  if (!connected.conversation) {
    co_return MailboxAnswer{std::move(connected.failure), connected.host, 1, {}};
  }
  gate.greeted();
  std::vector<std::string> recipients{std::move(recipient)};
  const auto deadline = Deadline::after(pool_.timers_.clock(), kAskDeadline);
  MailboxAnswer answer{{}, connected.host, 1, {}};
  co_await connected.conversation->ask(
      std::move(recipients), deadline,
      [&](smtp::RecipientOutcome&& one) { answer.outcome = std::move(one.outcome); });
  co_await connected.conversation->quit();
  for (std::string& line : connected.conversation->trace()) transcript.push_back(std::move(line));
  co_return answer;
}

void Exchange::enqueue(const std::shared_ptr<Batch>& batch, std::vector<std::string> recipients) {
  batch->open = recipients.size();
  batch->mailboxes.reserve(recipients.size());
  bool is_new = false;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    auto found = mailboxes_.find(recipients[i]);
    if (found == mailboxes_.end()) {
      auto mailbox = std::make_shared<Mailbox>();
      mailbox->address = std::move(recipients[i]);
      mailbox->asked_by.emplace_back(batch, i);
      batch->mailboxes.push_back(mailbox);
      is_new |= enqueue(mailbox);
      mailboxes_.emplace(mailbox->address, std::move(mailbox));
    } else {
      found->second->asked_by.emplace_back(batch, i);
      batch->mailboxes.push_back(found->second);
    }
  }
  if (!is_new) return;
  ++newcomers_;
  newest_ = batch->asker;
}

// In the line of whoever wanted to know first. True when nobody else stands in that line.
bool Exchange::enqueue(const MailboxRef& mailbox) {
  const Asker& asker = mailbox->asked_by.front().first->asker;
  return queue_.push(asker.tenant_id, asker.line, mailbox);
}

bool Exchange::makes_room(const Mailbox& mailbox, MonotonicTime began,
                          std::uint64_t newcomers) const {
  return newcomers_ != newcomers && mailbox.asked_by.front().first->asker != newest_ &&
         pool_.timers_.clock().monotonic_now() - began >= kUndisturbed;
}

void Exchange::withdraw(const std::shared_ptr<Batch>& batch) {
  for (const std::weak_ptr<Mailbox>& asked : batch->mailboxes) {
    const MailboxRef mailbox = asked.lock();
    if (!mailbox) continue;
    std::erase_if(mailbox->asked_by, [&](const auto& who) { return who.first == batch; });
    some_unwanted_ |= mailbox->asked_by.empty();
  }
}

// A cancelled list withdraws domain by domain; the queue is gone through once for all of them.
bool Exchange::has_questions() {
  if (std::exchange(some_unwanted_, false)) {
    queue_.erase_if([&](const MailboxRef& mailbox) {
      if (!mailbox->asked_by.empty()) return false;
      mailboxes_.erase(mailbox->address);
      return true;
    });
  }
  return !queue_.empty();
}

bool Exchange::recently_failed() const {
  return failed_until_ && pool_.timers_.clock().monotonic_now() < *failed_until_;
}

// One connection at first; another for each further load of questions, up to the lane's limit.
void Exchange::start_connections() {
  if (!has_questions()) return;
  idle_connections_.wake_all();
  const std::size_t loads = (queue_.size() + kQuestionsPerConnection - 1) / kQuestionsPerConnection;
  const std::size_t wanted = std::min(loads, pool_.options_.connections_per_group_max);
  while (connections_ < wanted && has_questions()) {
    ++connections_;  // before it starts, because it may have ended when spawn returns
    if (!pool_.tasks_.spawn("smtp", run_connection())) {
      --connections_;
      settle_all(stopping());
    }
  }
}

Task<void> Exchange::run_connection() {
  // A stop is noticed where it matters, so that leave is always taken from the server.
  co_await asio::this_coro::throw_if_cancelled(false);
  while (has_questions() && !must_stop(co_await asio::this_coro::cancellation_state)) {
    const auto source = open_source();
    if (!source) {
      settle_all(refusal());
      break;
    }
    LaneGate& gate = pool_.gate(group_, *source);
    auto permit = co_await gate.enter();
    if (!permit || !has_questions()) continue;
    auto place = co_await pool_.connections_.acquire();
    if (!place || !has_questions()) continue;
    co_await converse(gate, *source);
  }
  --connections_;
}

bool Exchange::must_stop(const asio::cancellation_state& state) {
  if (!cancelled(state)) return false;
  settle_all(stopping());
  return true;
}

Task<void> Exchange::converse(LaneGate& gate, std::size_t source) {
  const Connected connected = co_await connect(source, nullptr);
  if (!connected.conversation) {
    on_failure(gate, source, connected);
    co_return;
  }
  gate.greeted();
  failures_in_a_row_ = 0;
  refusals_in_a_row_ = 0;
  co_await ask_while_usable(gate, *connected.conversation, connected.host);
  co_await connected.conversation->quit();
}

Task<void> Exchange::ask_while_usable(LaneGate& gate, smtp::Conversation& conversation,
                                      const std::string& host) {
  const std::size_t allowed =
      std::min(gate.lane().recipients_max(), pool_.options_.recipients_per_connection_max);
  Asked total;
  std::size_t turn = kFirstTurn;
  while (conversation.usable() && total.taken < allowed && !gate.closed()) {
    const bool contended = gate.contended() || pool_.connections_.waiting() > 0;
    if (!has_questions() && !contended) co_await wait_for_questions();
    const bool stopped = cancelled(co_await asio::this_coro::cancellation_state);
    if (!has_questions() || stopped) co_return;
    const MonotonicTime began = pool_.timers_.clock().monotonic_now();
    const Asked asked =
        co_await ask_some(gate, conversation, host, std::min(allowed - total.taken, turn));
    const auto took = pool_.timers_.clock().monotonic_now() - began;
    // A turn that was not full says nothing about a larger one.
    if (asked.taken == turn || took > kTurnTime) {
      turn = next_turn(std::max<std::size_t>(1, asked.taken),
                       std::chrono::duration_cast<Milliseconds>(took));
    }
    total.taken += asked.taken;
    total.settled += asked.settled;
  }
  if (total.taken >= allowed && total.settled == total.taken) {
    gate.had_enough();
  } else if (!conversation.usable()) {
    gate.cut_short(total.settled);
  }
}

Task<void> Exchange::wait_for_questions() {
  const auto patience = Deadline::after(pool_.timers_.clock(), pool_.options_.idle_connection_ms);
  co_await idle_connections_.wait(pool_.timers_, patience);
}

std::optional<std::size_t> Exchange::open_source() const {
  for (const std::size_t source : sources_) {
    if (!unserving_.contains(source) && pool_.is_open(group_, source)) return source;
  }
  return std::nullopt;
}

void Exchange::on_failure(LaneGate& gate, std::size_t source, const Connected& failed) {
  const bool by_proxy = failed.failure.error && net::is_proxy_failure(failed.failure.error->code);
  if (by_proxy || failed.unserved) {
    if (by_proxy) pool_.source_failed(source);
    if (failed.unserved) unserving_.insert(source);
    last_failure_ = {failed.failure, failed.host, 0, {}};
    if (open_source()) return;
  }
  const smtp::ReplyClass why = class_of(failed.failure, failed.host);
  if (is_about_us(why)) {
    gate.refused(why, failed.failure);
    // With the lane closed, or others still at it, the answers come from there.
    if (gate.closed() || connections_ > 1) return;
    if (++refusals_in_a_row_ < kFruitlessConversationsMax) return;
  }
  const Milliseconds kept =
      kFailureKept * (1 << std::min(failures_in_a_row_, kFailureDoublingsMax));
  ++failures_in_a_row_;
  refusals_in_a_row_ = 0;
  failed_until_ = pool_.timers_.clock().monotonic_now() + kept;
  last_failure_ = {failed.failure, failed.host, 1, kept};
  settle_all(last_failure_);
}

Task<Exchange::Connected> Exchange::connect(std::size_t source,
                                            std::vector<std::string>* transcript) {
  const VerifierOptions& options = pool_.options_;
  Connected result;
  result.failure = failed_to_connect({Errc::kUnreachable, "no MX host has an address"});
  const std::size_t tried = std::min(hosts_.size(), options.mx_hosts_tried_max);
  for (std::size_t i = 0; i < tried && !result.conversation; ++i) {
    co_await connect_to(hosts_[i].host, source, result, transcript);
  }
  const bool reached = result.conversation || result.failure.stage != smtp::Stage::kConnect;
  if (reached) {
    pool_.egress_.succeeded(pool_.timers_.clock().monotonic_now());
  } else if (class_of(result.failure, result.host) == smtp::ReplyClass::kNoConnect) {
    pool_.egress_.failed(group_);
  }
  co_return result;
}

Task<void> Exchange::connect_to(const std::string& host, std::size_t source, Connected& result,
                                std::vector<std::string>* transcript) {
  const VerifierOptions& options = pool_.options_;
  const auto take_failure = [&](smtp::Outcome failure) {
    if (!says_more(failure, result.failure)) return;
    result.failure = std::move(failure);
    result.host = host;
  };
  auto place = co_await pool_.lookups_.acquire();
  if (!place) co_return take_failure(failed_to_connect(std::move(place.error())));
  const auto dns_deadline = Deadline::after(pool_.timers_.clock(), options.dns_deadline_ms);
  const auto found = co_await pool_.resolver_.addresses(host, dns_deadline);
  place->release();
  if (!found) {
    if (transcript) transcript->push_back(fmt::format("{}: {}", host, found.error().message));
    take_failure(failed_to_connect({Errc::kDns, host + ": " + found.error().message}));
    co_return;
  }
  std::size_t addresses_left = options.addresses_per_host_tried_max;
  for (const net::IpAddress& address : found->records) {
    if (!pool_.sources_[source].serves(family_of(address))) {
      result.unserved = true;
      continue;
    }
    if (addresses_left-- == 0) co_return;
    result.unserved = false;
    const net::Endpoint endpoint{address, options.smtp_port};
    if (transcript) transcript->push_back(fmt::format("{}: {}", host, endpoint.to_string()));
    auto conversation = std::make_unique<smtp::Conversation>(
        pool_.network_, pool_.timers_.clock(), pool_.settings_of(source, transcript != nullptr));
    ++pool_.stats_.conversations;
    auto refusal = co_await conversation->connect(endpoint, host, Deadline::never());
    if (!refusal) {
      result.host = host;
      result.conversation = std::move(conversation);
      co_return;
    }
    if (transcript) {
      for (std::string& line : conversation->trace()) transcript->push_back(std::move(line));
      if (refusal->error) transcript->push_back(refusal->error->message);
    }
    take_failure(std::move(*refusal));
  }
}

std::vector<Exchange::MailboxRef> Exchange::take(std::size_t count_max) {
  std::vector<MailboxRef> taken;
  while (!queue_.empty() && taken.size() < count_max) taken.push_back(queue_.pop());
  return taken;
}

Task<Exchange::Asked> Exchange::ask_some(LaneGate& gate, smtp::Conversation& conversation,
                                         const std::string& host, std::size_t count_max) {
  const std::vector<MailboxRef> mailboxes = take(count_max);
  std::vector<std::string> recipients;
  recipients.reserve(mailboxes.size());
  for (const MailboxRef& mailbox : mailboxes) recipients.push_back(mailbox->address);
  const MonotonicTime began = pool_.timers_.clock().monotonic_now();
  const std::uint64_t newcomers = newcomers_;
  const auto is_next = [&](std::size_t index) {
    const Mailbox& mailbox = *mailboxes[index];
    return !mailbox.asked_by.empty() && !makes_room(mailbox, began, newcomers);
  };
  const auto deadline = Deadline::after(pool_.timers_.clock(), kAskDeadline);
  Asked asked{mailboxes.size(), 0};
  std::vector<smtp::RecipientOutcome> left;
  const auto on_outcome = [&](smtp::RecipientOutcome&& one) {
    if (one.outcome.kind == smtp::OutcomeKind::kNotAsked) {
      left.push_back(std::move(one));
      return;
    }
    ++asked.settled;
    take_outcome(gate, mailboxes[one.index], std::move(one.outcome), host);
  };
  co_await conversation.ask(std::move(recipients), deadline, on_outcome, is_next);
  for (smtp::RecipientOutcome& one : left) {
    const MailboxRef& mailbox = mailboxes[one.index];
    if (mailbox->asked_by.empty()) {
      mailboxes_.erase(mailbox->address);
      --asked.taken;
      continue;
    }
    const bool made_room =
        one.outcome.error && one.outcome.error->code == Errc::kCancelled && conversation.usable();
    if (made_room) --asked.taken;
    const bool fruitless = asked.settled == 0 && !conversation.usable();
    ask_again_elsewhere(mailbox, std::move(one.outcome), host, fruitless);
  }
  co_return asked;
}

void Exchange::take_outcome(LaneGate& gate, const MailboxRef& mailbox, smtp::Outcome outcome,
                            const std::string& host) {
  if (!mailbox->asked_by.empty() && goes_to_another_source(gate, mailbox, outcome, host)) {
    enqueue(mailbox);
    return;
  }
  ++pool_.stats_.recipients_asked;
  gate.answered(class_of(outcome, host), outcome);
  settle(mailbox, {std::move(outcome), host, mailbox->attempts + 1, {}});
}

// The conversation ended before this one was asked about. It is asked on the next connection, and
// given up only when connections end again and again before anybody was asked about.
void Exchange::ask_again_elsewhere(const MailboxRef& mailbox, smtp::Outcome outcome,
                                   const std::string& host, bool fruitless) {
  if (fruitless) ++mailbox->attempts;
  if (mailbox->attempts < kFruitlessConversationsMax) {
    enqueue(mailbox);
  } else {
    settle(mailbox, {std::move(outcome), host, mailbox->attempts, {}});
  }
}

// A group that blocks one of our addresses may take another: the lane is closed at the first such
// reply, and the mailbox asked for again from elsewhere.
bool Exchange::goes_to_another_source(LaneGate& gate, const MailboxRef& mailbox,
                                      const smtp::Outcome& outcome, const std::string& host) {
  const smtp::ReplyClass what = class_of(outcome, host);
  if (pool_.sources_.size() < 2 || what != smtp::ReplyClass::kBlocked) return false;
  gate.refused(what, outcome);
  if (!open_source() || mailbox->attempts + 1 >= kFruitlessConversationsMax) return false;
  ++mailbox->attempts;
  return true;
}

void Exchange::settle(const MailboxRef& mailbox, MailboxAnswer answer) {
  mailboxes_.erase(mailbox->address);
  for (const auto& [batch, index] : mailbox->asked_by) {
    batch->on_answer(index, MailboxAnswer(answer));
    if (--batch->open == 0) batch->done.wake_all();
  }
}

void Exchange::settle_all(const MailboxAnswer& answer) {
  for (FairQueue<MailboxRef> all = std::exchange(queue_, {}); !all.empty();) {
    const MailboxRef mailbox = all.pop();
    MailboxAnswer own = answer;
    own.attempts = mailbox->attempts + answer.attempts;
    settle(mailbox, std::move(own));
  }
}

// What the group said when it closed its last lane, for those who were not asked because of it.
MailboxAnswer Exchange::refusal() const {
  const MonotonicTime now = pool_.timers_.clock().monotonic_now();
  for (const std::size_t source : sources_) {
    const Lane& lane = pool_.gate(group_, source).lane();
    if (!lane.closed(now)) continue;
    const auto left = std::chrono::ceil<Milliseconds>(*lane.closed_until() - now);
    return {lane.last_refusal(), hosts_.front().host, 1, left};
  }
  return last_failure_;
}

}  // namespace verihook::verification
