#include "verification/inquiry.h"

#include <numeric>

#include <fmt/format.h>

#include "verification/evidence.h"

namespace verihook::verification {
namespace {

std::string_view text_of(CatchAll answer) {
  switch (answer) {
    case CatchAll::kAcceptsAll:
      return "a random mailbox is accepted too";
    case CatchAll::kTellsApart:
      return "a random mailbox is refused";
    case CatchAll::kLater:
      return "the server wants to hear about a random mailbox later";
    case CatchAll::kInconclusive:
      break;
  }
  return "the answer about a random mailbox says nothing";
}

}  // namespace

void Inquiry::begin() {
  std::vector<std::size_t> all(domain_.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  ask(std::move(all), list_.exchanges.exchange(hosts_));
}

void Inquiry::ask(std::vector<std::size_t> rows, ExchangeRef exchange) {
  unanswered_ = rows.size();
  asked_rows_ = std::move(rows);
  asked_ = std::move(exchange);
  if (list_.trace != nullptr) {
    list_.traced_questions.spawn("traced question", ask_alone(asked_));
    return;
  }
  std::vector<std::string> mailboxes;
  mailboxes.reserve(asked_rows_.size());
  for (const std::size_t row : asked_rows_) {
    mailboxes.push_back(domain_.rows[row].assessment->mailbox);
  }
  asking_ = true;
  ticket_ = asked_->ask(
      std::move(mailboxes),
      [inquiry = weak_from_this()](std::size_t index, MailboxAnswer&& answer) {
        if (const auto self = inquiry.lock()) self->take(index, std::move(answer));
      },
      list_.asker);
  asking_ = false;
  if (unanswered_ == 0) go_on();
}

// Traces are of one address, so one row is all there is.
Task<void> Inquiry::ask_alone(ExchangeRef exchange) {
  const auto self = shared_from_this();
  const std::string& mailbox = domain_.rows.front().assessment->mailbox;
  MailboxAnswer answer = co_await exchange->ask_alone(mailbox, list_.trace->smtp);
  if (!cancelled(co_await asio::this_coro::cancellation_state)) take(0, std::move(answer));
}

void Inquiry::take(std::size_t index, MailboxAnswer&& answer) {
  Answered answered{asked_rows_[index], std::move(answer), asked_};
  --unanswered_;
  if (second_) {
    take_second(std::move(answered));
  } else {
    take_first(std::move(answered));
  }
  if (unanswered_ == 0 && !asking_) go_on();
}

void Inquiry::take_first(Answered&& answered) {
  const bool doubted = deserves_second_opinion(answered.answer);
  const bool not_hosted = is_not_hosted(answered.answer);
  if (doubted) all_deny_ &= not_hosted;
  // Whether a domain is hosted is said of all its rows together.
  if (not_hosted || (doubted && hosts_.size() > 1)) {
    doubted_.push_back(std::move(answered));
  } else {
    conclude(answered, false);
  }
}

void Inquiry::take_second(Answered&& answered) {
  all_deny_ &= is_not_hosted(answered.answer);
  const bool knows = answered.answer.outcome.kind == smtp::OutcomeKind::kReplied &&
                     !deserves_second_opinion(answered.answer);
  auto former = second_->former.extract(answered.row);
  if (knows) {
    conclude(answered, false);
  } else {
    doubted_.push_back(std::move(former.mapped()));
  }
}

void Inquiry::go_on() {
  if (doubted_.empty() || ask_next_host()) return;
  const bool nobody_hosts_it = all_deny_ && hosts_tried() == hosts_.size();
  const auto self = shared_from_this();
  for (const Answered& answered : std::exchange(doubted_, {})) conclude(answered, nobody_hosts_it);
}

// One host that says "not my domain", refuses us or breaks off may be alone with that: where it
// could be so, the others are asked too, and one that knows about the mailbox replaces its answer.
bool Inquiry::ask_next_host() {
  if (!second_) {
    second_ = std::make_unique<SecondOpinions>();
    second_->first_host = doubted_.front().answer.host;
  }
  while (second_->hosts_seen < hosts_tried()) {
    const dns::MxRecord& host = hosts_[second_->hosts_seen++];
    if (host.host == second_->first_host) continue;
    std::vector<std::size_t> rows;
    for (Answered& answered : std::exchange(doubted_, {})) {
      rows.push_back(answered.row);
      second_->former.emplace(answered.row, std::move(answered));
    }
    ask(std::move(rows), list_.exchanges.exchange({host}));
    return true;
  }
  return false;
}

void Inquiry::conclude(const Answered& answered, bool nobody_hosts_it) {
  list_.note_evidence(domain_.rows[answered.row], answered.answer);
  if (answered.answer.classification.reply_class == smtp::ReplyClass::kAccepted) {
    accept(answered.row, answered.by);
  } else {
    deliver(answered.row, reason_of(answered.answer, nobody_hosts_it));
  }
}

void Inquiry::accept(std::size_t row, const ExchangeRef& by) {
  const auto [entry, is_first] = accepted_by_.try_emplace(by);
  Acceptance& acceptance = entry->second;
  if (acceptance.catch_all) {
    deliver_accepted(row, *acceptance.catch_all);
    return;
  }
  acceptance.waiting.push_back(row);
  if (!is_first) return;
  acceptance.question = list_.catch_all.find(
      domain_.domain, by, [inquiry = weak_from_this(), by = by.get()](CatchAll answer) {
        if (const auto self = inquiry.lock()) self->take_catch_all(by->shared_from_this(), answer);
      });
}

void Inquiry::take_catch_all(const ExchangeRef& by, CatchAll answer) {
  if (list_.trace != nullptr) {
    list_.trace->smtp.push_back(fmt::format("catch-all: {}", text_of(answer)));
  }
  Acceptance& acceptance = accepted_by_.at(by);
  acceptance.catch_all = answer;
  for (const std::size_t row : std::exchange(acceptance.waiting, {})) deliver_accepted(row, answer);
}

void Inquiry::deliver_accepted(std::size_t row, CatchAll catch_all) {
  if (catch_all == CatchAll::kTellsApart) {
    domain_.rows[row].assessment->verdict.is_catch_all = false;
  }
  deliver(row, reason_of(catch_all, list_.options));
}

void Inquiry::deliver(std::size_t row, model::Reason reason) {
  list_.deliver(domain_, domain_.rows[row], reason);
  if (--undelivered_ == 0) list_.on_end(shared_from_this());
}

}  // namespace verihook::verification
