#include "verification/exchange.h"

#include <algorithm>

#include <fmt/format.h>

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
  return {failed_to_connect({Errc::kCancelled, "the program is stopping"}), "", 0};
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

}  // namespace

MailboxAnswer::MailboxAnswer(smtp::Outcome what, std::string by, int conversations)
    : outcome(std::move(what)),
      host(std::move(by)),
      attempts(conversations),
      provider(smtp::provider_of(host)),
      classification(smtp::classify(outcome, provider)) {}

// What one caller of ask() wants to know. Shared with the mailboxes, because he may be gone before
// the answer comes.
struct Exchange::Batch {
  Asker asker;
  OnAnswer on_answer;  // empty when he is gone
  std::vector<std::weak_ptr<Mailbox>> mailboxes;
  std::size_t open = 0;  // without an answer
};

Exchange::Ticket::~Ticket() {
  if (batch_ && batch_->open > 0) exchange_->withdraw(batch_);
}

Exchange::Exchange(ExchangePool& pool, std::vector<dns::MxRecord> hosts)
    : pool_(pool),
      hosts_(std::move(hosts)),
      group_(traffic_group_of(hosts_)),
      sources_(pool.sources_for(group_)) {}
Exchange::~Exchange() = default;

Exchange::Ticket Exchange::ask(std::vector<std::string> recipients, OnAnswer on_answer,
                               Asker asker) {
  if (recently_failed()) {
    for (std::size_t i = 0; i < recipients.size(); ++i) on_answer(i, MailboxAnswer(*last_failure_));
    return {};
  }
  auto batch = std::make_shared<Batch>();
  batch->asker = std::move(asker);
  batch->on_answer = std::move(on_answer);
  enqueue(batch, std::move(recipients));
  start_connections();
  return {shared_from_this(), std::move(batch)};
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
  Connected connected;
  co_await connect(*source, connected, &transcript);
  if (!connected.conversation) co_return std::move(connected.failure);
  gate.greeted();
  std::vector<std::string> recipients{std::move(recipient)};
  const auto deadline = Deadline::after(pool_.timers_.clock(), kAskDeadline);
  MailboxAnswer answer;
  co_await connected.conversation->ask(
      std::move(recipients), deadline, [&](smtp::RecipientOutcome&& one) {
        answer = {std::move(one.outcome), connected.conversation->server().name, 1};
      });
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

bool Exchange::makes_room(const Turn& turn, const Mailbox& mailbox) const {
  return newcomers_ != turn.newcomers && mailbox.asked_by.front().first->asker != newest_ &&
         pool_.timers_.clock().monotonic_now() - turn.began >= kUndisturbed;
}

void Exchange::withdraw(const std::shared_ptr<Batch>& batch) {
  batch->on_answer = nullptr;
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
  const auto conversation = co_await reach(gate, source);
  if (!conversation) co_return;
  co_await ask_while_usable(gate, *conversation);
  co_await conversation->quit();
}

Task<std::unique_ptr<smtp::Conversation>> Exchange::reach(LaneGate& gate, std::size_t source) {
  Connected connected;
  co_await connect(source, connected, nullptr);
  if (connected.conversation) {
    gate.greeted();
    failures_in_a_row_ = 0;
    refusals_in_a_row_ = 0;
  } else {
    on_failure(gate, source, connected);
  }
  co_return std::move(connected.conversation);
}

Task<void> Exchange::ask_while_usable(LaneGate& gate, smtp::Conversation& conversation) {
  const std::size_t allowed =
      std::min(gate.lane().recipients_max(), pool_.options_.recipients_per_connection_max);
  std::size_t taken = 0;
  std::size_t settled = 0;
  std::size_t size = kFirstTurn;
  while (conversation.usable() && taken < allowed && !gate.closed()) {
    const bool contended = gate.contended() || pool_.connections_.waiting() > 0;
    if (!has_questions() && !contended) co_await wait_for_questions();
    const bool stopped = cancelled(co_await asio::this_coro::cancellation_state);
    if (!has_questions() || stopped) co_return;
    Turn turn{.gate = gate, .host = conversation.server().name};
    co_await ask_some(turn, conversation, std::min(allowed - taken, size));
    const auto took = pool_.timers_.clock().monotonic_now() - turn.began;
    // A turn that was not full says nothing about a larger one.
    if (turn.taken == size || took > kTurnTime) {
      size = next_turn(std::max<std::size_t>(1, turn.taken),
                       std::chrono::duration_cast<Milliseconds>(took));
    }
    taken += turn.taken;
    settled += turn.settled;
  }
  if (taken >= allowed && settled == taken) {
    gate.had_enough();
  } else if (!conversation.usable()) {
    gate.cut_short(settled);
  }
}

Task<void> Exchange::wait_for_questions() {
  const auto patience = Deadline::after(pool_.timers_.clock(), pool_.options_.idle_connection_ms);
  co_await idle_connections_.wait(pool_.timers_, patience);
}

std::optional<std::size_t> Exchange::open_source() const {
  for (const std::size_t source : sources_) {
    const bool serves = std::ranges::find(unserving_, source) == unserving_.end();
    if (serves && pool_.is_open(group_, source)) return source;
  }
  return std::nullopt;
}

void Exchange::on_failure(LaneGate& gate, std::size_t source, const Connected& failed) {
  const auto& error = failed.failure.outcome.error;
  const bool by_proxy = error && net::is_proxy_failure(error->code);
  const bool unserved = failed.unserved && !failed.tried;
  if (by_proxy || unserved) {
    if (by_proxy) pool_.source_failed(source);
    if (unserved) unserving_.push_back(source);
    last_failure_ = std::make_unique<MailboxAnswer>(failed.failure);
    last_failure_->attempts = 0;
    if (open_source()) return;
  }
  const smtp::ReplyClass why = failed.failure.classification.reply_class;
  if (is_about_us(why)) {
    gate.refused(why, failed.failure.outcome);
    // With the lane closed, or others still at it, the answers come from there.
    if (gate.closed() || connections_ > 1) return;
    if (++refusals_in_a_row_ < kFruitlessConversationsMax) return;
  }
  const Milliseconds kept =
      kFailureKept * (1 << std::min(failures_in_a_row_, kFailureDoublingsMax));
  ++failures_in_a_row_;
  refusals_in_a_row_ = 0;
  failed_until_ = pool_.timers_.clock().monotonic_now() + kept;
  last_failure_ = std::make_unique<MailboxAnswer>(failed.failure);
  last_failure_->retry_in = kept;
  settle_all(*last_failure_);
}

Task<void> Exchange::connect(std::size_t source, Connected& result,
                             std::vector<std::string>* transcript) {
  result.failure = {failed_to_connect({Errc::kUnreachable, "no MX host has an address"}), "", 1};
  const std::size_t tried = std::min(hosts_.size(), pool_.options_.mx_hosts_tried_max);
  for (std::size_t i = 0; i < tried; ++i) {
    const std::string& host = hosts_[i].host;
    const auto addresses = co_await addresses_of(host, source, result, transcript);
    for (const net::IpAddress& address : addresses) {
      auto conversation = conversation_with(host, address, source, transcript);
      result.tried = true;
      if (co_await conversation->connect(Deadline::never())) {
        result.conversation = std::move(conversation);
        co_return note_reach(result);
      }
      if (transcript) {
        for (std::string& line : conversation->trace()) transcript->push_back(std::move(line));
        const auto& error = conversation->refusal()->error;
        if (error) transcript->push_back(error->message);
      }
      take_failure(result, *conversation->refusal(), host);
    }
  }
  note_reach(result);
}

Task<std::vector<net::IpAddress>> Exchange::addresses_of(const std::string& host,
                                                         std::size_t source, Connected& result,
                                                         std::vector<std::string>* transcript) {
  const VerifierOptions& options = pool_.options_;
  std::vector<net::IpAddress> reached;
  auto place = co_await pool_.lookups_.acquire();
  if (!place) {
    take_failure(result, failed_to_connect(std::move(place.error())), host);
    co_return reached;
  }
  const auto dns_deadline = Deadline::after(pool_.timers_.clock(), options.dns_deadline_ms);
  const auto found = co_await pool_.resolver_.addresses(host, dns_deadline);
  if (!found) {
    if (transcript) transcript->push_back(fmt::format("{}: {}", host, found.error().message));
    const std::string why = host + ": " + found.error().message;
    take_failure(result, failed_to_connect({Errc::kDns, why}), host);
    co_return reached;
  }
  for (const net::IpAddress& address : found->records) {
    if (!pool_.sources_[source].serves(family_of(address))) {
      result.unserved = true;
    } else if (reached.size() < options.addresses_per_host_tried_max) {
      reached.push_back(address);
    }
  }
  co_return reached;
}

std::unique_ptr<smtp::Conversation> Exchange::conversation_with(
    const std::string& host, const net::IpAddress& address, std::size_t source,
    std::vector<std::string>* transcript) {
  const net::Endpoint endpoint{address, pool_.options_.smtp_port};
  if (transcript) transcript->push_back(fmt::format("{}: {}", host, endpoint.to_string()));
  ++pool_.stats_.conversations;
  return std::make_unique<smtp::Conversation>(pool_.network_, pool_.timers_.clock(),
                                              pool_.settings_of(source, transcript != nullptr),
                                              smtp::MailServer{endpoint, host});
}

// A server's own words say more than the silence of another.
void Exchange::take_failure(Connected& result, smtp::Outcome failure, const std::string& host) {
  if (!failure.reply && result.failure.outcome.reply) return;
  result.failure = {std::move(failure), host, 1};
}

// What it says about the way out of this host.
void Exchange::note_reach(const Connected& result) {
  const MailboxAnswer& failure = result.failure;
  if (result.conversation || failure.outcome.stage != smtp::Stage::kConnect) {
    pool_.egress_.succeeded(pool_.timers_.clock().monotonic_now());
  } else if (failure.classification.reply_class == smtp::ReplyClass::kNoConnect) {
    pool_.egress_.failed(group_);
  }
}

std::vector<Exchange::MailboxRef> Exchange::take(std::size_t count_max) {
  std::vector<MailboxRef> taken;
  while (!queue_.empty() && taken.size() < count_max) taken.push_back(queue_.pop());
  return taken;
}

Task<void> Exchange::ask_some(Turn& turn, smtp::Conversation& conversation, std::size_t count_max) {
  turn.mailboxes = take(count_max);
  turn.taken = turn.mailboxes.size();
  turn.began = pool_.timers_.clock().monotonic_now();
  turn.newcomers = newcomers_;
  std::vector<std::string> recipients;
  recipients.reserve(turn.mailboxes.size());
  for (const MailboxRef& mailbox : turn.mailboxes) recipients.push_back(mailbox->address);
  const auto deadline = Deadline::after(pool_.timers_.clock(), kAskDeadline);
  co_await conversation.ask(
      std::move(recipients), deadline,
      [this, &turn](smtp::RecipientOutcome&& one) { take_outcome(turn, std::move(one)); },
      [this, &turn](std::size_t index) {
        const Mailbox& mailbox = *turn.mailboxes[index];
        return !mailbox.asked_by.empty() && !makes_room(turn, mailbox);
      });
  end_turn(turn, conversation);
}

void Exchange::take_outcome(Turn& turn, smtp::RecipientOutcome&& one) {
  if (one.outcome.kind == smtp::OutcomeKind::kNotAsked) {
    turn.left.push_back(std::move(one));
  } else {
    ++turn.settled;
    take_answer(turn, turn.mailboxes[one.index], std::move(one.outcome));
  }
}

void Exchange::end_turn(Turn& turn, const smtp::Conversation& conversation) {
  for (smtp::RecipientOutcome& one : turn.left) {
    const MailboxRef& mailbox = turn.mailboxes[one.index];
    if (mailbox->asked_by.empty()) {
      mailboxes_.erase(mailbox->address);
      --turn.taken;
      continue;
    }
    const bool made_room =
        one.outcome.error && one.outcome.error->code == Errc::kCancelled && conversation.usable();
    if (made_room) --turn.taken;
    const bool fruitless = turn.settled == 0 && !conversation.usable();
    ask_again_elsewhere(mailbox, std::move(one.outcome), turn.host, fruitless);
  }
}

void Exchange::take_answer(const Turn& turn, const MailboxRef& mailbox, smtp::Outcome outcome) {
  MailboxAnswer answer(std::move(outcome), turn.host, mailbox->attempts + 1);
  if (!mailbox->asked_by.empty() && goes_to_another_source(turn.gate, mailbox, answer)) {
    enqueue(mailbox);
    return;
  }
  ++pool_.stats_.recipients_asked;
  turn.gate.answered(answer.classification.reply_class, answer.outcome);
  settle(mailbox, std::move(answer));
}

// The conversation ended before this one was asked about. It is asked on the next connection, and
// given up only when connections end again and again before anybody was asked about.
void Exchange::ask_again_elsewhere(const MailboxRef& mailbox, smtp::Outcome outcome,
                                   const std::string& host, bool fruitless) {
  if (fruitless) ++mailbox->attempts;
  if (mailbox->attempts < kFruitlessConversationsMax) {
    enqueue(mailbox);
  } else {
    settle(mailbox, {std::move(outcome), host, mailbox->attempts});
  }
}

// A group that blocks one of our addresses may take another: the lane is closed at the first such
// reply, and the mailbox asked for again from elsewhere.
bool Exchange::goes_to_another_source(LaneGate& gate, const MailboxRef& mailbox,
                                      const MailboxAnswer& answer) {
  const smtp::ReplyClass what = answer.classification.reply_class;
  if (pool_.sources_.size() < 2 || what != smtp::ReplyClass::kBlocked) return false;
  gate.refused(what, answer.outcome);
  if (!open_source() || mailbox->attempts + 1 >= kFruitlessConversationsMax) return false;
  ++mailbox->attempts;
  return true;
}

void Exchange::settle(const MailboxRef& mailbox, MailboxAnswer answer) {
  mailboxes_.erase(mailbox->address);
  // Moved out, because whoever hears an answer may drop his ticket or put more questions.
  const auto asked_by = std::exchange(mailbox->asked_by, {});
  for (const auto& who : asked_by) {
    const auto& [batch, index] = who;
    --batch->open;
    if (!batch->on_answer) continue;
    const bool is_last = &who == &asked_by.back();
    batch->on_answer(index, is_last ? std::move(answer) : MailboxAnswer(answer));
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
    MailboxAnswer answer(lane.last_refusal(), hosts_.front().host, 1);
    answer.retry_in = std::chrono::ceil<Milliseconds>(*lane.closed_until() - now);
    return answer;
  }
  return last_failure_ ? *last_failure_ : MailboxAnswer{};
}

}  // namespace verihook::verification
