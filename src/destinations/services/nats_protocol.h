// NatsProtocol: messages for NATS JetStream, after the client protocol of NATS (INFO, CONNECT, SUB,
// HPUB, HMSG …; docs.nats.io/reference/reference-protocols/nats-protocol). Each message is
// published with an inbox of its own to answer to and counts as sent when JetStream has
// acknowledged that it is stored. `Nats-Msg-Id` is the message's id, so that JetStream leaves out
// what comes twice within the stream's window; the facts are headers beside it.
//
// cnats is not used for the reasons of docs/decisions/0010.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "destinations/services/service_address.h"
#include "destinations/services/stream_protocol.h"

namespace verihook::destinations {

class NatsProtocol final : public StreamProtocol {
 public:
  // `inbox` is unlike that of any other connection to the server, and no wildcard: "_INBOX.f3a9…".
  NatsProtocol(const ServiceAddress& address, std::string inbox);

  Step step() const override { return step_; }
  void tls_started() override;
  Result<void> receive(std::string_view bytes) override;
  void send(std::uint64_t number, const StreamMessage& message) override;

 private:
  struct Unanswered {
    std::uint64_t number = 0;
    std::string subject;
  };
  // A message from the server whose body has not come yet.
  struct Incoming {
    std::string subject;
    std::size_t header_bytes = 0;
    std::size_t bytes = 0;
  };

  // The next line or body; false when bytes are missing.
  Result<bool> take_next();
  Result<void> take_line(std::string_view line);
  Result<void> take_info(std::string_view json);
  Result<void> take_error(std::string_view text);
  Result<void> take_message_line(std::string_view rest, bool has_headers);
  Result<void> take_message(std::string_view headers, std::string_view body);
  void answer(std::uint64_t number, Result<std::string> said);
  void connect();

  const std::string user_;
  const std::string password_;
  const std::string host_;
  const std::string inbox_;
  const bool wants_tls_;
  bool encrypted_ = false;
  Step step_ = Step::kRead;
  std::size_t payload_bytes_max_ = 0;
  std::string buffer_;
  bool has_incoming_ = false;
  Incoming incoming_;
  std::deque<Unanswered> unanswered_;
};

}  // namespace verihook::destinations
