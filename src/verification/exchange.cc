#include "verification/exchange.h"

#include <algorithm>

namespace verihook::verification {
namespace {

constexpr Milliseconds kFailureKept{30'000};
constexpr std::size_t kQuestionsPerTurn = 50;
constexpr int kFruitlessConversationsMax = 4;
constexpr std::size_t kExchangesBeforePruning = 10'000;
constexpr Milliseconds kAskDeadline{300'000};

std::string key_of(const std::vector<dns::MxRecord>& hosts) {
  std::string key;
  for (const dns::MxRecord& record : hosts) key.append(record.host).push_back(' ');
  return key;
}

smtp::Outcome failed_to_connect(Error error) {
  smtp::Outcome outcome;
  outcome.kind = smtp::OutcomeKind::kFailed;
  outcome.stage = smtp::Stage::kConnect;
  outcome.error = std::move(error);
  return outcome;
}

// A server's own words say more than the silence of another.
bool says_more(const smtp::Outcome& outcome, const smtp::Outcome& than) {
  return outcome.reply.has_value() || !than.reply.has_value();
}

}  // namespace

// What one caller of ask() waits for. Shared, because the caller may be gone before the answer
// comes.
struct Exchange::Batch {
  std::vector<std::string> recipients;
  std::vector<MailboxAnswer> answers;
  std::size_t open = 0;
  WaitList done;
};

Exchange::Exchange(ExchangePool& pool, std::vector<dns::MxRecord> hosts)
    : pool_(pool), hosts_(std::move(hosts)) {}
Exchange::~Exchange() = default;

Task<std::vector<MailboxAnswer>> Exchange::ask(std::vector<std::string> recipients) {
  const auto batch = std::make_shared<Batch>();
  batch->recipients = std::move(recipients);
  batch->answers.resize(batch->recipients.size());
  batch->open = batch->recipients.size();
  if (recently_failed()) {
    for (MailboxAnswer& answer : batch->answers) answer = {last_failure_, "", 1};
    co_return std::move(batch->answers);
  }
  for (std::size_t i = 0; i < batch->recipients.size(); ++i) questions_.push_back({batch, i});
  start_connections();
  ++waiting_;
  while (batch->open > 0) {
    const bool woken = co_await batch->done.wait();
    if (!woken) break;
  }
  --waiting_;
  if (batch->open > 0) {
    std::erase_if(questions_, [&](const Question& question) { return question.batch == batch; });
  }
  co_return batch->answers;
}

bool Exchange::recently_failed() const {
  return failed_until_ && pool_.timers_.clock().monotonic_now() < *failed_until_;
}

// One connection at first; another for each further load of questions, up to the limit.
void Exchange::start_connections() {
  idle_connections_.wake_all();
  const std::size_t wanted =
      std::min((questions_.size() + kQuestionsPerTurn - 1) / kQuestionsPerTurn,
               pool_.options_.connections_per_group_max);
  while (connections_ < wanted) {
    ++connections_;  // before it starts, because it may have ended when spawn returns
    if (!pool_.tasks_.spawn("smtp", run_connection())) {
      --connections_;
      answer_all(failed_to_connect({Errc::kCancelled, "the program is stopping"}), "");
      return;
    }
    if (questions_.empty()) return;
  }
}

Task<void> Exchange::run_connection() {
  // A stop is noticed where it matters, so that the leave-taking below always happens.
  co_await asio::this_coro::throw_if_cancelled(false);
  auto place = co_await pool_.connections_.acquire();
  if (place) {
    co_await converse();
  } else {
    answer_all(failed_to_connect(place.error()), "");
  }
  --connections_;
  const bool stopped = cancelled(co_await asio::this_coro::cancellation_state);
  if (!questions_.empty() && !stopped) start_connections();
}

Task<void> Exchange::converse() {
  while (!questions_.empty()) {
    std::string host;
    smtp::Outcome failure;
    const auto conversation = co_await connect(host, failure);
    if (!conversation) {
      failed_until_ = pool_.timers_.clock().monotonic_now() + kFailureKept;
      last_failure_ = failure;
      answer_all(failure, host);
      co_return;
    }
    std::size_t left = pool_.options_.recipients_per_connection_max;
    while (conversation->usable() && left > 0) {
      if (questions_.empty()) {
        Alarm patience(pool_.timers_, pool_.executor_);
        patience.arm(Deadline::after(pool_.timers_.clock(), pool_.options_.idle_connection_ms),
                     [this] { idle_connections_.wake_all(); });
        co_await idle_connections_.wait();
      }
      const bool stopped = cancelled(co_await asio::this_coro::cancellation_state);
      if (questions_.empty() || stopped) break;
      left -= co_await ask_some(*conversation, host, std::min(left, kQuestionsPerTurn));
    }
    co_await conversation->quit();
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      answer_all(failed_to_connect({Errc::kCancelled, "the program is stopping"}), host);
      co_return;
    }
  }
}

Task<std::unique_ptr<smtp::Conversation>> Exchange::connect(std::string& host,
                                                            smtp::Outcome& failure) {
  const VerifierOptions& options = pool_.options_;
  failure = failed_to_connect({Errc::kUnreachable, "no MX host has an address"});
  const std::size_t tried = std::min(hosts_.size(), options.mx_hosts_tried_max);
  for (std::size_t i = 0; i < tried; ++i) {
    const std::string& name = hosts_[i].host;
    const auto dns_deadline = Deadline::after(pool_.timers_.clock(), options.dns_deadline_ms);
    const auto found = co_await pool_.resolver_.addresses(name, dns_deadline);
    if (!found) {
      if (says_more(failed_to_connect(found.error()), failure)) {
        failure = failed_to_connect(found.error());
      }
      continue;
    }
    std::size_t addresses_left = options.addresses_per_host_tried_max;
    for (const net::IpAddress& address : found->records) {
      if (addresses_left-- == 0) break;
      smtp::ConversationOptions settings;
      settings.session.helo = options.helo;
      settings.session.mail_from = options.mail_from;
      settings.session.recipients_per_connection_max = options.recipients_per_connection_max;
      auto conversation = std::make_unique<smtp::Conversation>(
          pool_.network_, pool_.timers_.clock(), std::move(settings));
      ++pool_.stats_.conversations;
      auto refusal =
          co_await conversation->connect({address, options.smtp_port}, name, Deadline::never());
      if (!refusal) {
        host = name;
        co_return conversation;
      }
      if (says_more(*refusal, failure)) {
        failure = std::move(*refusal);
        host = name;
      }
    }
  }
  co_return nullptr;
}

Exchange::Questions Exchange::take_questions(std::size_t count_max) {
  Questions taken;
  while (!questions_.empty() && taken.size() < count_max) {
    taken.push_back(std::move(questions_.front()));
    questions_.pop_front();
  }
  return taken;
}

Task<std::size_t> Exchange::ask_some(smtp::Conversation& conversation, const std::string& host,
                                     std::size_t count_max) {
  const Questions questions = take_questions(count_max);
  std::vector<std::string> recipients;
  recipients.reserve(questions.size());
  for (const Question& question : questions) {
    recipients.push_back(question.batch->recipients[question.index]);
  }
  const auto deadline = Deadline::after(pool_.timers_.clock(), kAskDeadline);
  auto outcomes = co_await conversation.ask(std::move(recipients), deadline);
  const auto is_settled = [](const smtp::RecipientOutcome& one) {
    return one.outcome.kind != smtp::OutcomeKind::kNotAsked;
  };
  const bool progress = std::ranges::any_of(outcomes, is_settled);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question& question = questions[i];
    int& attempts = question.batch->answers[question.index].attempts;
    if (is_settled(outcomes[i])) {
      ++pool_.stats_.recipients_asked;
      answer(question, {std::move(outcomes[i].outcome), host, attempts + 1});
      continue;
    }
    // Nobody asked about this one. It is asked on the next connection, and given up only when
    // connections end again and again before anybody was asked about.
    if (!progress) ++attempts;
    if (attempts < kFruitlessConversationsMax) {
      questions_.push_back(question);
    } else {
      answer(question, {std::move(outcomes[i].outcome), host, attempts});
    }
  }
  co_return questions.size();
}

void Exchange::answer(const Question& question, MailboxAnswer answer) {
  Batch& batch = *question.batch;
  batch.answers[question.index] = std::move(answer);
  if (--batch.open == 0) batch.done.wake_all();
}

void Exchange::answer_all(const smtp::Outcome& outcome, const std::string& host) {
  for (const Question& question : std::exchange(questions_, {})) {
    answer(question, {outcome, host, question.batch->answers[question.index].attempts + 1});
  }
}

ExchangePool::ExchangePool(asio::any_io_executor executor, Timers& timers, dns::Resolver& resolver,
                           net::Network& network, const VerifierOptions& options)
    : executor_(executor),
      timers_(timers),
      resolver_(resolver),
      network_(network),
      options_(options),
      connections_(options.connections_max),
      tasks_(executor, "smtp conversations") {}

std::shared_ptr<Exchange> ExchangePool::exchange(const std::vector<dns::MxRecord>& hosts) {
  if (exchanges_.size() >= kExchangesBeforePruning) {
    std::erase_if(exchanges_, [](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->idle();
    });
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

}  // namespace verihook::verification
