// Session: the conversation with one mail server, from its banner to our QUIT, as a state machine
// without I/O: resume(event) → action. It asks whether recipients would be accepted (MAIL FROM and
// RCPT TO, RFC 5321) and never sends a message. The driver in client.h takes no decisions.
//
// Recipients are pipelined where the server offers it (RFC 2920), transactions are separated by
// RSET and made smaller when the server says "too many recipients". A plain-text byte behind the
// reply to STARTTLS ends the session; what EHLO offered before TLS is forgotten.
//
// Progress: every connection settles at least one recipient. When it ends early after that, the
// others are kNotAsked and belong on a new connection; when it ends before, its end is the answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/devector.hpp>

#include "base/result.h"
#include "smtp/outcome.h"
#include "smtp/reply.h"

namespace verihook::smtp {

enum class TlsPolicy {
  kNever,          // plain text, whatever is offered
  kWhenDemanded,   // only when the server insists (530, X.7.10)
  kOpportunistic,  // whenever it is offered
};

struct SessionOptions {
  std::string helo;       // our host name
  std::string mail_from;  // our sender; empty for the null reverse path
  TlsPolicy tls = TlsPolicy::kOpportunistic;
  std::size_t recipients_per_transaction_max = 50;
  std::size_t recipients_per_connection_max = 100;
  std::size_t pipeline_window_commands = 20;  // commands whose replies are awaited at once
  bool trace = false;                         // keep the dialogue
};

// What the server offered in its last EHLO reply.
struct Capabilities {
  bool pipelining = false;
  bool starttls = false;
  bool smtputf8 = false;
  bool auth_plain = false;  // AUTH, for whoever sends mail
  bool auth_login = false;
  std::size_t recipients_max = 0;  // RFC 9422 LIMITS RCPTMAX; 0 when not said
};
Capabilities parse_capabilities(const Reply& ehlo_reply);

struct Event {
  enum class Kind {
    kConnected,   // the TCP connection stands
    kWritten,     // what the last action asked to write is written
    kReceived,    // bytes came
    kTlsStarted,  // the handshake is done
    kFailed,      // connecting, reading, writing or the handshake failed
    kResume,      // recipients were added
    kQuit,        // take leave
  };
  Kind kind = Kind::kResume;
  std::string_view bytes{};     // of kReceived
  Error error{};                // of kFailed
  bool can_still_quit = false;  // of kFailed: the connection stands, only time ran out
};

struct Action {
  enum class Kind {
    kWrite,     // write `bytes`, then kWritten
    kRead,      // read some, then kReceived
    kStartTls,  // do the handshake as the client, then kTlsStarted
    kIdle,      // everybody added so far has an outcome; add more or quit
    kClose,     // close the connection
  };
  Kind kind = Kind::kIdle;
  std::string bytes{};
};

// Whether somebody still wants to know about the recipient at this index of what was added last.
using StillWanted = std::function<bool(std::size_t index)>;

class Session {
 public:
  // `tls` in place of what the options say.
  Session(std::shared_ptr<const SessionOptions> options, TlsPolicy tls);
  explicit Session(SessionOptions options);

  Action resume(const Event& event);

  // Queues recipients; those that cannot be asked any more get their outcome at once. With a
  // predicate, whoever is not wanted any more when his turn comes is kNotAsked (kCancelled); it is
  // called until the last action is kIdle or kClose, which is when more can be added.
  void add(std::vector<std::string> recipients, StillWanted still_wanted = {});
  // Those that were settled since the last call, in the order in which they were.
  std::vector<RecipientOutcome> take_outcomes();

  // Whether another recipient can be asked on this connection.
  bool usable() const { return !ending_; }
  // How the session ended, for recipients that were not part of it; null while it is usable.
  const Outcome* ending() const { return ending_.get(); }
  // The handshake failed: a new session without TLS may get further.
  bool tls_failed() const { return tls_failed_; }
  bool tls_active() const { return tls_active_; }
  bool awaits_banner() const;
  // Grows with every whole reply: a time limit per command starts again when it changes.
  std::size_t replies_taken() const { return replies_taken_; }
  const Capabilities& capabilities() const { return capabilities_; }
  // "C: …" and "S: …" lines when options.trace is set.
  const std::vector<std::string>& trace() const { return trace_; }

 private:
  enum class Command { kBanner, kEhlo, kHelo, kStartTls, kRset, kMail, kRcpt };
  struct Recipient {
    std::size_t index = 0;
    std::string address;
  };
  // A command whose reply is awaited. A reply that comes before it was written belongs to nobody.
  struct Pending {
    Command command = Command::kBanner;
    bool written = false;
    Recipient recipient;  // of kRcpt
  };

  static Stage stage_of(Command command);
  Action next_action();
  Action quit();
  void receive(std::string_view bytes);
  void receive_while_quitting(std::string_view bytes);
  void take(Pending pending, Reply reply);
  void take_banner(Reply reply);
  void take_ehlo(Reply reply);
  void take_helo(Reply reply);
  void take_starttls(Reply reply);
  void take_rset(Reply reply);
  void take_mail(Reply reply);
  void take_rcpt(Recipient recipient, Reply reply);
  bool demands_tls(const Reply& reply) const;

  void send(Command command, Result<std::string> line);
  void send(Command command, Result<std::string> line, Recipient recipient);
  void greet();
  void fill_pipeline();
  bool fill_one();
  std::size_t transaction_max() const;
  void drop_unwanted();
  void begin_transaction(bool utf8);
  // Called when no reply is awaited any more and something is left to sort out.
  void settle();
  void requeue_set_aside();

  void set_outcome(Recipient recipient, Outcome outcome);
  // The server refused to go on at this stage.
  void refuse(Stage stage, Reply reply);
  // The connection or the protocol failed.
  void lose(Error error, bool can_still_quit);
  void end(Outcome of_first, Outcome of_others, bool dead);
  Stage current_stage() const;
  void note(std::string_view side, std::string_view text);

  const std::shared_ptr<const SessionOptions> options_;
  const TlsPolicy tls_;
  ReplyParser parser_;
  Capabilities capabilities_;
  std::string outbox_;
  // Unlike a std::deque, one of these owns nothing while it is empty.
  boost::container::devector<Pending> expected_;
  boost::container::devector<Recipient> queue_;
  StillWanted still_wanted_;
  std::vector<Recipient> set_aside_;  // in flight when the transaction broke; not answered
  std::vector<RecipientOutcome> outcomes_;
  std::unique_ptr<const Outcome> ending_;
  std::unique_ptr<Reply> ehlo_refusal_;
  std::unique_ptr<Reply> mail_refusal_;
  std::size_t replies_taken_ = 0;
  std::size_t asked_ = 0;                 // RCPT commands on this connection
  std::size_t answered_ = 0;              // recipients settled by this connection
  std::size_t transaction_asked_ = 0;     // RCPT commands in this transaction
  std::size_t transaction_answered_ = 0;  // of them, answered otherwise than "too many"
  std::size_t transaction_limit_;
  bool connected_ = false;
  bool ready_ = false;  // greeted; MAIL may be sent
  bool in_transaction_ = false;
  bool transaction_utf8_ = false;
  bool transaction_full_ = false;  // the server said "too many recipients"
  bool tls_demanded_ = false;
  bool tls_tried_ = false;
  bool tls_active_ = false;
  bool tls_failed_ = false;
  bool handshake_due_ = false;
  bool dead_ = false;  // nothing more can be written
  bool quitting_ = false;
  std::vector<std::string> trace_;
};

}  // namespace verihook::smtp
