// Session::Body: the body of the request in progress, pulled by its handler. Part of session.cc.
#pragma once

#include "http/session.h"

namespace verihook::http {

class Session::Body final : public BodyReader {
 public:
  Body(Session& session, const Framing& framing)
      : session_(session),
        framing_(framing),
        continue_pending_(framing.expects_continue),
        ended_(!framing.has_body()) {}

  Task<Result<std::string_view>> read_some() override;
  Task<Result<std::string>> read_all(std::size_t limit_bytes) override;

  // Drops what is in the buffer already; afterwards `ended` may be true.
  void discard_buffered();
  // Drops the rest, waiting for it until `due`. True when the next request may follow.
  Task<bool> discard_rest(MonotonicTime due);

  bool ended() const { return ended_; }
  const std::optional<Error>& error() const { return error_; }
  // Whether so little is left that reading it is cheaper than a new connection.
  bool rest_is_small() const;

 private:
  Task<Result<void>> receive();
  Task<Result<void>> send_continue();
  MonotonicTime due() const;
  // The next step of the parser over the buffer. Nothing when more bytes are needed.
  std::optional<Result<std::string_view>> next_piece();

  Session& session_;
  const Framing framing_;
  bool continue_pending_;
  bool ended_;
  std::optional<Error> error_;
  std::uint64_t received_bytes_ = 0;
  std::chrono::nanoseconds waited_{0};  // for the client; a slow handler is not the client's fault
};

}  // namespace verihook::http
