#include "smtp/session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "smtp/classify.h"
#include "smtp/command.h"

namespace verihook::smtp {
namespace {

constexpr std::size_t kTraceLinesMax = 400;
constexpr std::size_t kTraceLineBytesMax = 500;

Outcome replied(Stage stage, Reply reply) {
  return {OutcomeKind::kReplied, stage, std::move(reply), std::nullopt};
}

}  // namespace

Capabilities parse_capabilities(const Reply& ehlo_reply) {
  Capabilities offered;
  for (std::size_t i = 1; i < ehlo_reply.lines.size(); ++i) {
    const auto words = split(trim(ehlo_reply.lines[i]), ' ');
    if (equals_ignoring_case(words[0], "PIPELINING")) offered.pipelining = true;
    if (equals_ignoring_case(words[0], "STARTTLS")) offered.starttls = true;
    if (equals_ignoring_case(words[0], "SMTPUTF8")) offered.smtputf8 = true;
    // Also as old clients wanted it: AUTH=LOGIN.
    if (equals_ignoring_case(words[0].substr(0, words[0].find('=')), "AUTH")) {
      for (const std::string_view word : split(trim(ehlo_reply.lines[i]).substr(4), ' ')) {
        const std::string_view mechanism = word.starts_with('=') ? word.substr(1) : word;
        if (equals_ignoring_case(mechanism, "PLAIN")) offered.auth_plain = true;
        if (equals_ignoring_case(mechanism, "LOGIN")) offered.auth_login = true;
      }
    }
    if (!equals_ignoring_case(words[0], "LIMITS")) continue;
    for (const std::string_view word : words) {
      constexpr std::string_view kPrefix = "RCPTMAX=";
      if (!equals_ignoring_case(word.substr(0, kPrefix.size()), kPrefix)) continue;
      offered.recipients_max = parse_u64(word.substr(kPrefix.size())).value_or(0);
    }
  }
  return offered;
}

Session::Session(std::shared_ptr<const SessionOptions> options, TlsPolicy tls)
    : options_(std::move(options)),
      tls_(tls),
      transaction_limit_(std::max<std::size_t>(1, options_->recipients_per_transaction_max)) {}

Session::Session(SessionOptions options)
    : Session(std::make_shared<const SessionOptions>(options), options.tls) {}

Action Session::resume(const Event& event) {
  switch (event.kind) {
    case Event::Kind::kConnected:
      connected_ = true;
      expected_.push_back({Command::kBanner, true, {}});
      break;
    case Event::Kind::kWritten:
      for (Pending& pending : expected_) pending.written = true;
      break;
    case Event::Kind::kReceived:
      quitting_ ? receive_while_quitting(event.bytes) : receive(event.bytes);
      break;
    case Event::Kind::kTlsStarted:
      handshake_due_ = false;
      tls_active_ = true;
      parser_.reset();
      greet();
      break;
    case Event::Kind::kFailed:
      tls_failed_ = tls_failed_ || handshake_due_;
      lose(event.error, event.can_still_quit && !handshake_due_ && !quitting_);
      break;
    case Event::Kind::kResume:
      break;
    case Event::Kind::kQuit:
      return quit();
  }
  return next_action();
}

Action Session::next_action() {
  if (dead_) return {Action::Kind::kClose, {}};
  if (quitting_) return {Action::Kind::kRead, {}};
  if (ending_) return {Action::Kind::kIdle, {}};
  if (expected_.empty() && ready_) settle();
  if (ready_ && !ending_) fill_pipeline();
  if (!outbox_.empty()) return {Action::Kind::kWrite, std::exchange(outbox_, {})};
  if (handshake_due_) return {Action::Kind::kStartTls, {}};
  if (!expected_.empty()) return {Action::Kind::kRead, {}};
  return {Action::Kind::kIdle, {}};
}

Action Session::quit() {
  if (!ending_) lose({Errc::kCancelled, "the conversation was ended"}, connected_);
  if (dead_ || !connected_) return {Action::Kind::kClose, {}};
  if (quitting_) return {Action::Kind::kRead, {}};
  quitting_ = true;
  note("C: ", "QUIT");
  return {Action::Kind::kWrite, quit_command()};
}

void Session::receive(std::string_view bytes) {
  parser_.feed(bytes);
  while (!ending_) {
    auto next = parser_.next();
    if (!next) return lose(next.error(), true);
    if (!*next) return;
    Reply reply = std::move(**next);
    ++replies_taken_;
    for (const std::string& line : reply.lines)
      note("S: ", std::to_string(reply.code) + " " + line);
    if (expected_.empty() || !expected_.front().written) {
      const bool goodbye = reply.code == 421;
      return lose({goodbye ? Errc::kConnectionLost : Errc::kProtocol,
                   goodbye ? "the mail server closed the connection"
                           : "the mail server replied to a command that was not sent"},
                  !goodbye);
    }
    Pending pending = std::move(expected_.front());
    expected_.pop_front();
    take(std::move(pending), std::move(reply));
  }
}

// Replies to earlier commands may still come before the one to QUIT.
void Session::receive_while_quitting(std::string_view bytes) {
  parser_.feed(bytes);
  for (;;) {
    const auto next = parser_.next();
    if (next && !*next) return;
    if (next) note("S: ", std::to_string((*next)->code) + " " + (*next)->text());
    if (!next || (*next)->code == 221 || (*next)->code == 421) {
      dead_ = true;
      return;
    }
  }
}

void Session::take(Pending pending, Reply reply) {
  switch (pending.command) {
    case Command::kBanner:
      return take_banner(std::move(reply));
    case Command::kEhlo:
      return take_ehlo(std::move(reply));
    case Command::kHelo:
      return take_helo(std::move(reply));
    case Command::kStartTls:
      return take_starttls(std::move(reply));
    case Command::kRset:
      return take_rset(std::move(reply));
    case Command::kMail:
      return take_mail(std::move(reply));
    case Command::kRcpt:
      return take_rcpt(std::move(pending.recipient), std::move(reply));
  }
}

void Session::take_banner(Reply reply) {
  if (reply.code != 220) return refuse(Stage::kBanner, std::move(reply));
  greet();
}

void Session::take_ehlo(Reply reply) {
  if (reply.permanent()) {
    ehlo_refusal_ = std::make_unique<Reply>(std::move(reply));
    send(Command::kHelo, helo_command(options_->helo));
    return;
  }
  if (reply.code != 250) return refuse(Stage::kEhlo, std::move(reply));
  capabilities_ = parse_capabilities(reply);
  if (capabilities_.starttls && !tls_tried_ && tls_ == TlsPolicy::kOpportunistic) {
    tls_tried_ = true;
    send(Command::kStartTls, starttls_command());
    return;
  }
  ready_ = true;
}

void Session::take_helo(Reply reply) {
  if (reply.code == 250) {
    ready_ = true;
    return;
  }
  // A server that knows EHLO meant its first refusal; one that does not meant the second.
  const bool knows_ehlo = ehlo_refusal_->code > 504;
  refuse(Stage::kEhlo, knows_ehlo ? std::move(*ehlo_refusal_) : std::move(reply));
}

void Session::take_starttls(Reply reply) {
  if (reply.code == 220) {
    // RFC 3207 and the response injections of CVE-2011-0411's family: nothing may follow in the
    // clear.
    if (parser_.has_leftover()) {
      return lose({Errc::kProtocol, "the mail server sent plain text behind its STARTTLS reply"},
                  false);
    }
    handshake_due_ = true;
    return;
  }
  if (tls_demanded_ || reply.code == 421) return refuse(Stage::kStartTls, std::move(reply));
  ready_ = true;
}

void Session::take_rset(Reply reply) {
  if (!reply.positive()) refuse(Stage::kMail, std::move(reply));
}

void Session::take_mail(Reply reply) {
  if (reply.positive()) return;
  if (demands_tls(reply)) {
    tls_demanded_ = true;
  } else if (reply.code == 421) {
    return refuse(Stage::kMail, std::move(reply));
  }
  mail_refusal_ = std::make_unique<Reply>(std::move(reply));
}

bool Session::demands_tls(const Reply& reply) const {
  const bool says_so = reply.code == 530 || (reply.enhanced && reply.enhanced->subject == 7 &&
                                             reply.enhanced->detail == 10);
  return says_so && !reply.positive() && capabilities_.starttls && !tls_tried_ &&
         tls_ != TlsPolicy::kNever;
}

void Session::take_rcpt(Recipient recipient, Reply reply) {
  if (mail_refusal_) {
    set_aside_.push_back(std::move(recipient));
    return;
  }
  if (reply.code == 421) {
    expected_.push_front({Command::kRcpt, true, std::move(recipient)});
    return refuse(Stage::kRcpt, std::move(reply));
  }
  if (demands_tls(reply)) {
    tls_demanded_ = true;
    set_aside_.push_back(std::move(recipient));
    return;
  }
  if (transaction_answered_ > 0 && is_recipient_limit(reply)) {
    if (!transaction_full_) transaction_limit_ = std::max<std::size_t>(1, transaction_limit_ / 2);
    transaction_full_ = true;
    set_aside_.push_back(std::move(recipient));
    return;
  }
  ++transaction_answered_;
  ++answered_;
  set_outcome(std::move(recipient), replied(Stage::kRcpt, std::move(reply)));
}

void Session::settle() {
  if (tls_demanded_ && !tls_tried_) {
    requeue_set_aside();
    mail_refusal_.reset();
    in_transaction_ = transaction_full_ = false;
    ready_ = false;
    tls_tried_ = true;
    send(Command::kStartTls, starttls_command());
    return;
  }
  requeue_set_aside();
  if (mail_refusal_) return refuse(Stage::kMail, std::move(*mail_refusal_));
  const bool used_up = asked_ >= options_->recipients_per_connection_max && !queue_.empty();
  if (!used_up) return;
  Outcome not_asked{OutcomeKind::kNotAsked, Stage::kRcpt, std::nullopt,
                    Error{Errc::kBusy, "the connection has been used for enough recipients"}};
  end(not_asked, not_asked, false);
}

void Session::requeue_set_aside() {
  queue_.insert(queue_.begin(), std::make_move_iterator(set_aside_.begin()),
                std::make_move_iterator(set_aside_.end()));
  set_aside_.clear();
}

void Session::send(Command command, Result<std::string> line) {
  send(command, std::move(line), Recipient{});
}

void Session::send(Command command, Result<std::string> line, Recipient recipient) {
  if (!line) return lose(line.error(), true);
  note("C: ", trim(*line));
  outbox_ += *line;
  expected_.push_back({command, false, std::move(recipient)});
}

void Session::greet() {
  capabilities_ = {};
  ready_ = false;
  send(Command::kEhlo, ehlo_command(options_->helo));
}

void Session::fill_pipeline() {
  const std::size_t window =
      capabilities_.pipelining ? std::max<std::size_t>(1, options_->pipeline_window_commands) : 1;
  if (expected_.size() > window / 2) return;  // refilled in batches, not one by one
  while (ready_ && !ending_ && expected_.size() < window && fill_one()) {
  }
}

std::size_t Session::transaction_max() const {
  const std::size_t offered = capabilities_.recipients_max;
  return offered == 0 ? transaction_limit_ : std::min(transaction_limit_, offered);
}

// True when it sent a command and another may follow.
bool Session::fill_one() {
  drop_unwanted();
  const bool blocked = mail_refusal_ || (tls_demanded_ && !tls_tried_) ||
                       asked_ >= options_->recipients_per_connection_max;
  if (queue_.empty() || blocked) return false;
  const bool utf8 = has_non_ascii(queue_.front().address);
  if (utf8 && !capabilities_.smtputf8) {
    ++answered_;
    set_outcome(std::move(queue_.front()),
                {OutcomeKind::kNeedsSmtpUtf8, Stage::kRcpt, std::nullopt, std::nullopt});
    queue_.pop_front();
    return true;
  }
  const bool ends_transaction =
      in_transaction_ &&
      (transaction_full_ || transaction_utf8_ != utf8 || transaction_asked_ >= transaction_max());
  if (ends_transaction) {
    // Every reply of a transaction is in before the next begins, or "too many" could mean either.
    if (!expected_.empty()) return false;
    in_transaction_ = transaction_full_ = false;
    send(Command::kRset, rset_command());
    return true;
  }
  if (!in_transaction_) {
    begin_transaction(utf8);
    return true;
  }
  Recipient recipient = std::move(queue_.front());
  queue_.pop_front();
  ++asked_;
  ++transaction_asked_;
  auto line = rcpt_command(recipient.address);
  send(Command::kRcpt, std::move(line), std::move(recipient));
  return true;
}

void Session::drop_unwanted() {
  while (still_wanted_ && !queue_.empty() && !still_wanted_(queue_.front().index)) {
    set_outcome(std::move(queue_.front()),
                {OutcomeKind::kNotAsked, Stage::kRcpt, std::nullopt,
                 Error{Errc::kCancelled, "nobody wants to know about this recipient any more"}});
    queue_.pop_front();
  }
}

void Session::begin_transaction(bool utf8) {
  in_transaction_ = true;
  transaction_utf8_ = utf8;
  transaction_asked_ = transaction_answered_ = 0;
  send(Command::kMail, mail_command(options_->mail_from, utf8));
}

void Session::add(std::vector<std::string> recipients, StillWanted still_wanted) {
  still_wanted_ = std::move(still_wanted);
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    Recipient recipient{i, std::move(recipients[i])};
    if (auto askable = check_path(recipient.address); !askable) {
      set_outcome(std::move(recipient), {OutcomeKind::kUnaskable, Stage::kRcpt, std::nullopt,
                                         std::move(askable.error())});
    } else if (ending_) {
      set_outcome(std::move(recipient), *ending_);
    } else {
      queue_.push_back(std::move(recipient));
    }
  }
}

std::vector<RecipientOutcome> Session::take_outcomes() { return std::exchange(outcomes_, {}); }

void Session::set_outcome(Recipient recipient, Outcome outcome) {
  outcomes_.push_back({recipient.index, std::move(recipient.address), std::move(outcome)});
}

void Session::refuse(Stage stage, Reply reply) {
  const bool dead = reply.code == 421;
  Outcome not_asked{OutcomeKind::kNotAsked, stage, reply, std::nullopt};
  Outcome answer = replied(stage, std::move(reply));
  if (answered_ > 0) {
    end(not_asked, not_asked, dead);
  } else if (stage == Stage::kRcpt) {
    end(std::move(answer), std::move(not_asked), dead);
  } else {
    end(answer, answer, dead);
  }
}

void Session::lose(Error error, bool can_still_quit) {
  const bool ours = error.code == Errc::kCancelled;
  if (mail_refusal_ && !tls_demanded_ && !ours) {
    // The server refused the sender and hung up before it had refused every recipient as well.
    if (!can_still_quit) dead_ = true;
    return refuse(Stage::kMail, std::move(*std::exchange(mail_refusal_, nullptr)));
  }
  const Stage stage = current_stage();
  Outcome not_asked{OutcomeKind::kNotAsked, stage, std::nullopt, error};
  Outcome failed{OutcomeKind::kFailed, stage, std::nullopt, std::move(error)};
  if (answered_ > 0 || ours) {
    end(not_asked, not_asked, !can_still_quit);
  } else if (stage == Stage::kRcpt) {
    end(std::move(failed), std::move(not_asked), !can_still_quit);
  } else {
    end(failed, failed, !can_still_quit);
  }
}

void Session::end(Outcome of_first, Outcome of_others, bool dead) {
  if (dead) dead_ = true;
  if (ending_) return;
  std::vector<Recipient> open;  // the one whose reply was due comes first
  for (Pending& pending : expected_) {
    if (pending.command == Command::kRcpt) open.push_back(std::move(pending.recipient));
  }
  std::ranges::move(set_aside_, std::back_inserter(open));
  std::ranges::move(queue_, std::back_inserter(open));
  for (std::size_t i = 0; i < open.size(); ++i) {
    set_outcome(std::move(open[i]), i == 0 ? of_first : of_others);
  }
  expected_.clear();
  set_aside_.clear();
  queue_.clear();
  outbox_.clear();
  ending_ = std::make_unique<Outcome>(std::move(of_others));
}

Stage Session::stage_of(Command command) {
  switch (command) {
    case Command::kBanner:
      return Stage::kBanner;
    case Command::kEhlo:
    case Command::kHelo:
      return Stage::kEhlo;
    case Command::kStartTls:
      return Stage::kStartTls;
    case Command::kRset:
    case Command::kMail:
      return Stage::kMail;
    case Command::kRcpt:
      return Stage::kRcpt;
  }
  return Stage::kConnect;
}

Stage Session::current_stage() const {
  if (!connected_) return Stage::kConnect;
  if (handshake_due_) return Stage::kStartTls;
  if (!expected_.empty()) return stage_of(expected_.front().command);
  return ready_ ? Stage::kMail : Stage::kStartTls;
}

bool Session::awaits_banner() const {
  return !expected_.empty() && expected_.front().command == Command::kBanner;
}

void Session::note(std::string_view side, std::string_view text) {
  if (!options_->trace || trace_.size() >= kTraceLinesMax) return;
  trace_.push_back(std::string(side).append(text.substr(0, kTraceLineBytesMax)));
}

}  // namespace verihook::smtp
