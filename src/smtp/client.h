// Conversation: one connection to one mail server, driven through smtp/session over a net::Network.
// It does the I/O and keeps the time; every decision is the session's. One io thread. Network and
// clock outlive it; it is destroyed when no call is under way.
//
// Time: each command's reply has a deadline that trickling bytes do not extend, and each call has a
// budget of its own below the caller's deadline. A cancelled call still takes leave from the
// server, for quit_timeout at most, before it returns.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "net/network.h"
#include "smtp/session.h"

namespace verihook::smtp {

struct ConversationOptions {
  SessionOptions session;
  net::ConnectOptions connect;
  Milliseconds connect_timeout{10'000};
  Milliseconds banner_timeout{20'000};
  Milliseconds command_timeout{20'000};
  Milliseconds call_timeout{90'000};          // of one connect() or ask(), plus
  Milliseconds timeout_per_recipient{2'000};  // this for each recipient asked
  Milliseconds quit_timeout{2'000};
};

// `outcome.index` is the recipient's place in the call.
using OnOutcome = std::function<void(RecipientOutcome&& outcome)>;

struct MailServer {
  net::Endpoint endpoint;
  std::string name;  // of the host, for TLS
};

class Conversation {
 public:
  Conversation(net::Network& network, const Clock& clock,
               std::shared_ptr<const ConversationOptions> options, MailServer server);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Connects and greets, with TLS by the policy; when an opportunistic handshake fails, once more
  // without. Whether recipients can be asked; else refusal() says why not. To be called once.
  Task<bool> connect(Deadline deadline);

  // Calls `on_outcome` once for each recipient, as soon as he has one; returns after the last. May
  // be called again and again; when the connection has ended, everybody's outcome says why. Who is
  // not `still_wanted` when his turn comes is left out: kNotAsked, kCancelled.
  Task<void> ask(std::vector<std::string> recipients, Deadline deadline, OnOutcome on_outcome,
                 StillWanted still_wanted = {});

  // Takes leave and closes. Never fails; does nothing when the connection is gone. A caller that
  // has been cancelled while the conversation stood idle disables cancellation first
  // (async/task.h).
  Task<void> quit();

  // Whether ask() can still reach the server.
  bool usable() const { return session_ && session_->usable(); }
  bool tls_active() const { return session_ && session_->tls_active(); }
  // After connect(): how it ended, for recipients that were not part of it; null while usable.
  const Outcome* refusal() const { return session_->ending(); }
  const MailServer& server() const { return server_; }
  std::optional<net::Endpoint> peer() const { return peer_; }
  // The dialogue so far, when options.session.trace is set.
  std::vector<std::string> trace() const;

 private:
  Task<void> open(TlsPolicy tls, Deadline deadline);
  Task<void> ask_added(Deadline deadline);
  // Carries out what the session asks for until it is idle or over, beginning with `event_`.
  Task<void> drive(Deadline deadline);
  // The steps of it; each leaves in `event_` what came of it.
  Task<void> send(std::string bytes, Deadline deadline);
  Task<void> receive(Deadline deadline);
  Task<void> start_tls(Deadline deadline);
  Deadline command_due() const { return Deadline::after(clock_, options_->command_timeout); }
  void hand_over_outcomes();
  Task<void> leave_unless_usable();
  Task<void> take_leave();

  net::Network& network_;
  const Clock& clock_;
  const std::shared_ptr<const ConversationOptions> options_;
  const MailServer server_;
  std::optional<net::Endpoint> peer_;
  std::unique_ptr<net::Stream> stream_;
  std::optional<Session> session_;
  Event event_;                             // what the session is told next
  OnOutcome on_outcome_;                    // of the call that is under way
  std::vector<std::string> earlier_trace_;  // of the attempt with TLS that failed
  std::vector<char> buffer_;
  Deadline reply_due_ = Deadline::never();
  std::size_t replies_seen_ = 0;
};

}  // namespace verihook::smtp
