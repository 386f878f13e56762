// The SOCKS5 handshake (RFC 1928, with the passwords of RFC 1929) as a state machine without I/O:
// resume(input) gives what to do next. It asks for no byte beyond the handshake, so what follows on
// the connection is the target's and nothing has to be handed over. Driven in real_network.cc. One
// handshake for each object; any one thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/network.h"

namespace verihook::net {

class Socks5Handshake {
 public:
  // `target` is always an address: the name was resolved, and the address vetted, by us.
  Socks5Handshake(const SocksProxy& proxy, Endpoint target);

  struct Action {
    enum class Kind {
      kSend,     // send `bytes`, then resume without input
      kReceive,  // receive 1 to `receive_bytes_max` bytes and resume with them
      kDone,     // the connection leads to the target now
      kFailed,   // it never will: `error`
    };
    Kind kind = Kind::kDone;
    std::string bytes{};
    std::size_t receive_bytes_max = 0;
    Error error{};
  };

  // Nothing at first and after kSend; what came after kReceive.
  Action resume(std::string_view input);

  // What a failure to send or receive means here: as long as the proxy has not been given the
  // target it is the proxy's (is_proxy_failure), later it may be the target's silence.
  Error interrupted(const Error& error) const;

 private:
  enum class State { kStart, kMethod, kPassword, kReplyHead, kReplyName, kReplyRest, kOver };

  Action send(std::string bytes, State next, std::size_t needed);
  Action need(State next, std::size_t needed);
  Action failed(Errc code, std::string message);
  Action take(std::string_view input);
  Action on_method(std::string_view reply);
  Action on_password(std::string_view reply);
  Action on_reply_head(std::string_view head);
  Action ask_for_password();
  Action ask_for_target();

  const SocksProxy proxy_;
  const Endpoint target_;
  State state_ = State::kStart;
  std::size_t needed_ = 0;  // bytes that the next step wants
  std::string received_;
  bool target_given_ = false;
};

}  // namespace verihook::net
