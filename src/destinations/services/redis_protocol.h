// RedisProtocol: entries for Redis streams. Signs in (AUTH), chooses the database (SELECT), then
// adds each message by XADD with its fields and, as the last, `payload`. hiredis writes the
// commands and reads the replies; its own connections are not used, because they block and look
// names up themselves (docs/decisions/0010).
//
// What an error reply means stands in one table: what can pass by itself (LOADING, READONLY, OOM …)
// and what cannot (WRONGTYPE, NOAUTH …).
#pragma once

#include <deque>
#include <memory>

#include "destinations/services/service_address.h"
#include "destinations/services/stream_protocol.h"

namespace verihook::destinations {

class RedisProtocol final : public StreamProtocol {
 public:
  // `address.path` is the database's number, or empty.
  explicit RedisProtocol(const ServiceAddress& address);
  ~RedisProtocol() override;

  Step step() const override { return step_; }
  void tls_started() override;
  Result<void> receive(std::string_view bytes) override;
  void send(std::uint64_t number, const StreamMessage& message) override;

 private:
  class Reader;  // hiredis's
  void sign_in();
  Result<void> take_reply(Result<std::string> reply);

  const std::string user_;
  const std::string password_;
  const std::string database_;
  std::unique_ptr<Reader> reader_;
  Step step_ = Step::kReady;
  std::size_t greetings_ = 0;  // replies to AUTH and SELECT that are still to come
  std::deque<std::uint64_t> unanswered_;
  std::size_t bytes_since_reply_ = 0;
};

}  // namespace verihook::destinations
