#include "destinations/services/mail_protocol.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "crypto/encoding.h"

namespace verihook::destinations {
namespace {

std::string quoted(const smtp::Reply& reply) {
  return fmt::format("{} {}", reply.code, quotable(reply.text()));
}

Errc errc_of(const smtp::Reply& reply) {
  switch (reply.code) {
    case 530:  // authentication required
    case 534:
    case 535:
    case 538:
      return Errc::kUnauthorized;
    case 552:
      return Errc::kTooLarge;
    default:
      return reply.permanent() ? Errc::kForbidden : Errc::kBusy;
  }
}

Error error_of(const smtp::Reply& reply, std::string_view to) {
  return {errc_of(reply), fmt::format("the mail server answered {}: {}", to, quoted(reply))};
}

// A line that begins with a dot gets another one (RFC 5321, 4.5.2); the end is CRLF.CRLF.
std::string as_data(std::string_view message) {
  std::string data;
  data.reserve(message.size() + 64);
  bool line_begins = true;
  for (const char c : message) {
    if (line_begins && c == '.') data += '.';
    data += c;
    line_begins = c == '\n';
  }
  if (!data.ends_with("\r\n")) data += "\r\n";
  data += ".\r\n";
  return data;
}

}  // namespace

MailProtocol::MailProtocol(const ServiceAddress& address, std::string helo)
    : user_(address.user),
      password_(address.password),
      helo_(std::move(helo)),
      tls_from_the_start_(address.tls) {
  if (tls_from_the_start_) step_ = Step::kStartTls;
}

net::TlsVerification MailProtocol::tls_verification() const {
  const bool must_be_known = tls_from_the_start_ || !user_.empty();
  return must_be_known ? net::TlsVerification::kStrict : net::TlsVerification::kOpportunistic;
}

void MailProtocol::tls_started() {
  encrypted_ = true;
  step_ = Step::kRead;
  parser_.reset();
  // With implicit TLS (RFC 8314) the greeting is still to come.
  if (state_ == State::kStartTls) say(State::kEhlo, "EHLO " + helo_);
}

void MailProtocol::say(State next, std::string_view line) {
  state_ = next;
  output_ += line;
  output_ += "\r\n";
}

Result<void> MailProtocol::receive(std::string_view bytes) {
  parser_.feed(bytes);
  for (;;) {
    TRY(reply, parser_.next());
    if (!reply) return {};
    TRY_VOID(take_reply(*reply));
    if (step_ == Step::kStartTls && parser_.has_leftover()) {
      return fail(Errc::kProtocol, "the server sent more before the connection was encrypted");
    }
  }
}

Result<void> MailProtocol::take_reply(const smtp::Reply& reply) {
  // The server closes the connection, whatever was asked.
  if (reply.code == 421) return std::unexpected(error_of(reply, "and closed the connection"));
  switch (state_) {
    case State::kGreeting:
      if (!reply.positive()) return std::unexpected(error_of(reply, "at once"));
      say(State::kEhlo, "EHLO " + helo_);
      return {};
    case State::kEhlo:
      return take_capabilities(reply);
    case State::kStartTls:
      if (!reply.positive()) return std::unexpected(error_of(reply, "to STARTTLS"));
      step_ = Step::kStartTls;
      return {};
    case State::kAuth:
      return continue_sign_in(reply);
    case State::kIdle:
      return fail(Errc::kProtocol, "the mail server gave an answer that nobody asked for");
    case State::kMail:
      take_answer_to_mail(reply);
      return {};
    case State::kRecipient:
      take_answer_to_recipient(reply);
      return {};
    case State::kData:
      take_answer_to_data(reply);
      return {};
    case State::kContent:
      take_answer_to_content(reply);
      return {};
    case State::kReset:
      if (!reply.positive()) return std::unexpected(error_of(reply, "to RSET"));
      state_ = State::kIdle;
      begin_next();
      return {};
  }
  return {};
}

Result<void> MailProtocol::take_capabilities(const smtp::Reply& reply) {
  if (!reply.positive()) return std::unexpected(error_of(reply, "to EHLO"));
  const smtp::Capabilities offered = smtp::parse_capabilities(reply);
  if (!encrypted_ && offered.starttls) {
    say(State::kStartTls, "STARTTLS");
    return {};
  }
  if (user_.empty()) {
    be_ready();
    return {};
  }
  if (!encrypted_) {
    return fail(Errc::kTls,
                "the mail server offers no STARTTLS, and a password is only sent encrypted");
  }
  return sign_in(offered);
}

Result<void> MailProtocol::sign_in(const smtp::Capabilities& offered) {
  if (offered.auth_plain) {
    std::string both;
    both.append(1, '\0').append(user_).append(1, '\0').append(password_);
    say(State::kAuth, "AUTH PLAIN " + crypto::base64_encode(both));
    return {};
  }
  if (offered.auth_login) {
    login_answers_ = {crypto::base64_encode(password_), crypto::base64_encode(user_)};
    say(State::kAuth, "AUTH LOGIN");
    return {};
  }
  return fail(Errc::kUnsupported, "the mail server offers neither AUTH PLAIN nor AUTH LOGIN");
}

Result<void> MailProtocol::continue_sign_in(const smtp::Reply& reply) {
  if (reply.code / 100 == 3 && !login_answers_.empty()) {
    const std::string next = std::move(login_answers_.back());
    login_answers_.pop_back();
    say(State::kAuth, next);
    return {};
  }
  if (!reply.positive()) return std::unexpected(error_of(reply, "to AUTH"));
  be_ready();
  return {};
}

void MailProtocol::be_ready() {
  state_ = State::kIdle;
  step_ = Step::kReady;
}

void MailProtocol::send(std::uint64_t number, const StreamMessage& message) {
  Outgoing outgoing;
  outgoing.number = number;
  outgoing.message = message;
  queue_.push_back(std::move(outgoing));
  begin_next();
}

void MailProtocol::begin_next() {
  if (state_ != State::kIdle || queue_.empty()) return;
  say(State::kMail, fmt::format("MAIL FROM:<{}>", queue_.front().message.target));
}

void MailProtocol::take_answer_to_mail(const smtp::Reply& reply) {
  if (!reply.positive()) return end_message(std::unexpected(error_of(reply, "to MAIL")), true);
  ask_next_recipient();
}

void MailProtocol::ask_next_recipient() {
  Outgoing& outgoing = queue_.front();
  const auto& recipients = outgoing.message.recipients;
  if (outgoing.next_recipient < recipients.size()) {
    say(State::kRecipient, fmt::format("RCPT TO:<{}>", recipients[outgoing.next_recipient]));
  } else if (outgoing.accepted > 0) {
    say(State::kData, "DATA");
  } else {
    end_message(fail(outgoing.refusal_code, fmt::format("the mail server took no recipient: {}",
                                                        fmt::join(outgoing.refusals, "; "))),
                true);
  }
}

void MailProtocol::take_answer_to_recipient(const smtp::Reply& reply) {
  Outgoing& outgoing = queue_.front();
  ++outgoing.next_recipient;
  if (reply.positive()) {
    ++outgoing.accepted;
  } else {
    outgoing.refusals.push_back(quoted(reply));
    // One that may pass is worth another try of all.
    if (outgoing.refusal_code != Errc::kBusy) outgoing.refusal_code = errc_of(reply);
  }
  ask_next_recipient();
}

void MailProtocol::take_answer_to_data(const smtp::Reply& reply) {
  if (reply.code != 354) return end_message(std::unexpected(error_of(reply, "to DATA")), true);
  output_ += as_data(queue_.front().message.payload);
  state_ = State::kContent;
}

void MailProtocol::take_answer_to_content(const smtp::Reply& reply) {
  if (!reply.positive()) {
    return end_message(std::unexpected(error_of(reply, "to the message")), false);
  }
  const Outgoing& outgoing = queue_.front();
  std::string said = quoted(reply);
  if (!outgoing.refusals.empty()) {
    said += fmt::format("\nnot for {} of {} recipients: {}", outgoing.refusals.size(),
                        outgoing.message.recipients.size(), fmt::join(outgoing.refusals, "; "));
  }
  end_message(std::move(said), false);
}

void MailProtocol::end_message(Result<std::string> said, bool reset) {
  answers_.push_back({queue_.front().number, std::move(said)});
  queue_.pop_front();
  if (reset) {
    say(State::kReset, "RSET");
    return;
  }
  state_ = State::kIdle;
  begin_next();
}

}  // namespace verihook::destinations
