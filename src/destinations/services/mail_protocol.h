// MailProtocol: messages for a mail server that sends them on (RFC 6409): EHLO, STARTTLS where it
// is offered, AUTH PLAIN or LOGIN, then MAIL, RCPT and DATA for each message, one after another.
// A message has arrived when the server has taken it for one recipient at least; what it said of
// the others stands in the answer.
//
// A password goes over an encrypted connection to a server with a trusted certificate only. Without
// one the connection is encrypted when the server can, whoever it is (RFC 7435).
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "destinations/services/service_address.h"
#include "destinations/services/stream_protocol.h"
#include "smtp/reply.h"
#include "smtp/session.h"

namespace verihook::destinations {

class MailProtocol final : public StreamProtocol {
 public:
  // `helo` is the name that we go by.
  MailProtocol(const ServiceAddress& address, std::string helo);

  Step step() const override { return step_; }
  net::TlsVerification tls_verification() const override;
  void tls_started() override;
  Result<void> receive(std::string_view bytes) override;
  // `target` is the sender's address; `payload` a whole message (RFC 5322) with CRLF line ends.
  void send(std::uint64_t number, const StreamMessage& message) override;

 private:
  enum class State {
    kGreeting,
    kEhlo,
    kStartTls,
    kAuth,
    kIdle,
    kMail,
    kRecipient,
    kData,
    kContent,
    kReset,
  };
  struct Outgoing {
    std::uint64_t number = 0;
    StreamMessage message;
    std::size_t next_recipient = 0;
    std::size_t accepted = 0;
    std::vector<std::string> refusals;  // of recipients: what the server said
    Errc refusal_code = Errc::kForbidden;
  };

  void say(State next, std::string_view line);
  Result<void> take_reply(const smtp::Reply& reply);
  Result<void> take_capabilities(const smtp::Reply& reply);
  Result<void> sign_in(const smtp::Capabilities& offered);
  Result<void> continue_sign_in(const smtp::Reply& reply);
  void be_ready();
  void begin_next();
  void take_answer_to_mail(const smtp::Reply& reply);
  void take_answer_to_recipient(const smtp::Reply& reply);
  void ask_next_recipient();
  void take_answer_to_data(const smtp::Reply& reply);
  void take_answer_to_content(const smtp::Reply& reply);
  void end_message(Result<std::string> said, bool reset);

  const std::string user_;
  const std::string password_;
  const std::string helo_;
  const bool tls_from_the_start_;
  bool encrypted_ = false;
  State state_ = State::kGreeting;
  Step step_ = Step::kRead;
  std::vector<std::string> login_answers_;  // to what AUTH LOGIN still asks, last first
  smtp::ReplyParser parser_;
  std::deque<Outgoing> queue_;  // the first is under way unless state_ is kIdle
};

}  // namespace verihook::destinations
