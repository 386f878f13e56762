// Exchange: the conversations with one set of MX hosts. Questions about recipients of any domain,
// list or job that share these hosts meet in one queue, each mailbox once, and are asked in turns
// over a few connections that are kept while there is somebody to ask about. Hosts are tried in
// order of preference, each with its addresses. Lives on one io thread; see exchange_pool.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/wait_list.h"
#include "base/clock.h"
#include "base/fair_queue.h"
#include "dns/mail_exchangers.h"
#include "smtp/classify.h"
#include "smtp/client.h"
#include "verification/asker.h"
#include "verification/lane_gate.h"

namespace verihook::verification {

class ExchangePool;

// What was learned about one recipient, and from whom.
struct MailboxAnswer {
  MailboxAnswer() = default;
  // Classifies it, once for all who look at it.
  MailboxAnswer(smtp::Outcome what, std::string by, int conversations);

  smtp::Outcome outcome;
  std::string host;                      // that answered; empty when none could be reached
  int attempts = 0;                      // conversations in which it was asked
  std::optional<Milliseconds> retry_in;  // we keep away from these hosts for so long
  smtp::Provider provider = smtp::Provider::kOther;  // of the host
  smtp::Classification classification;               // of the outcome
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 private:
  struct Batch;

 public:
  Exchange(ExchangePool& pool, std::vector<dns::MxRecord> hosts);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Questions that somebody has put. Whoever drops it hears nothing more, and nothing more is
  // written to a server about those who have no answer then.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(std::shared_ptr<Exchange> exchange, std::shared_ptr<Batch> batch)
        : exchange_(std::move(exchange)), batch_(std::move(batch)) {}
    Ticket(Ticket&&) = default;
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(exchange_, other.exchange_);
      std::swap(batch_, other.batch_);
      return *this;
    }
    ~Ticket();

   private:
    std::shared_ptr<Exchange> exchange_;
    std::shared_ptr<Batch> batch_;
  };

  // Calls `on_answer` once for each recipient, by his place in the call, as soon as there is an
  // answer: for some or all of them before this returns.
  using OnAnswer = std::function<void(std::size_t index, MailboxAnswer&& answer)>;
  [[nodiscard]] Ticket ask(std::vector<std::string> recipients, OnAnswer on_answer,
                           Asker asker = {});

  // The same for one, on a connection of its own, with what was said there in `transcript`.
  Task<MailboxAnswer> ask_alone(std::string recipient, std::vector<std::string>& transcript);

  bool idle() const { return mailboxes_.empty() && connections_ == 0; }

 private:
  // A mailbox that somebody wants to know about.
  struct Mailbox {
    std::string address;
    int attempts = 0;
    std::vector<std::pair<std::shared_ptr<Batch>, std::size_t>> asked_by;
  };
  using MailboxRef = std::shared_ptr<Mailbox>;
  // A way to one of the hosts, or why there is none.
  struct Connected {
    std::unique_ptr<smtp::Conversation> conversation;  // null: `failure` says why
    MailboxAnswer failure;                             // what every mailbox hears then
    bool tried = false;                                // an address
    bool unserved = false;  // there are addresses of a family that the source does not reach
  };

  void enqueue(const std::shared_ptr<Batch>& batch, std::vector<std::string> recipients);
  bool enqueue(const MailboxRef& mailbox);
  void withdraw(const std::shared_ptr<Batch>& batch);
  // Whether somebody waits to be asked about whom somebody still wants to know.
  bool has_questions();
  void start_connections();
  Task<void> run_connection();
  Task<void> converse(LaneGate& gate, std::size_t source);
  // A conversation, or null, and then what it means is seen to.
  Task<std::unique_ptr<smtp::Conversation>> reach(LaneGate& gate, std::size_t source);
  Task<void> connect(std::size_t source, Connected& result, std::vector<std::string>* transcript);
  // Of one host: those that the source reaches, as many as may be tried.
  Task<std::vector<net::IpAddress>> addresses_of(const std::string& host, std::size_t source,
                                                 Connected& result,
                                                 std::vector<std::string>* transcript);
  std::unique_ptr<smtp::Conversation> conversation_with(const std::string& host,
                                                        const net::IpAddress& address,
                                                        std::size_t source,
                                                        std::vector<std::string>* transcript);
  static void take_failure(Connected& result, smtp::Outcome failure, const std::string& host);
  void note_reach(const Connected& result);
  Task<void> ask_while_usable(LaneGate& gate, smtp::Conversation& conversation);
  // Some of the queue, asked about together over one conversation.
  struct Turn {
    LaneGate& gate;
    const std::string& host;
    MonotonicTime began{};
    std::uint64_t newcomers = 0;  // as many as there had been when it began
    std::vector<MailboxRef> mailboxes{};
    std::vector<smtp::RecipientOutcome> left{};  // who were not asked about
    std::size_t settled = 0;
    std::size_t taken = 0;  // less those whom nobody wants to know about, or who made room
  };
  Task<void> ask_some(Turn& turn, smtp::Conversation& conversation, std::size_t count_max);
  void take_outcome(Turn& turn, smtp::RecipientOutcome&& one);
  // What becomes of those who are left.
  void end_turn(Turn& turn, const smtp::Conversation& conversation);
  // What a server said about one who was asked about.
  void take_answer(const Turn& turn, const MailboxRef& mailbox, smtp::Outcome outcome);
  // Whether it goes back into the line because somebody else has come since the turn began.
  bool makes_room(const Turn& turn, const Mailbox& mailbox) const;
  Task<void> wait_for_questions();
  // What to do about a connection that could not be used.
  void on_failure(LaneGate& gate, std::size_t source, const Connected& failed);
  // The first in this group's order from where we may ask; nothing when none is open.
  std::optional<std::size_t> open_source() const;

  void ask_again_elsewhere(const MailboxRef& mailbox, smtp::Outcome outcome,
                           const std::string& host, bool fruitless);
  bool goes_to_another_source(LaneGate& gate, const MailboxRef& mailbox,
                              const MailboxAnswer& answer);
  std::vector<MailboxRef> take(std::size_t count_max);
  void settle(const MailboxRef& mailbox, MailboxAnswer answer);
  void settle_all(const MailboxAnswer& answer);
  MailboxAnswer refusal() const;
  bool recently_failed() const;
  bool must_stop(const asio::cancellation_state& state);

  ExchangePool& pool_;
  const std::vector<dns::MxRecord> hosts_;
  const std::string group_;
  const std::vector<std::size_t> sources_;  // in the order in which this group takes them
  std::unordered_map<std::string_view, MailboxRef> mailboxes_;  // by their own address
  FairQueue<MailboxRef> queue_;                                 // of those, not being asked now
  bool some_unwanted_ = false;                                  // in the queue
  std::uint64_t newcomers_ = 0;  // how often a list came that had nobody in the queue
  Asker newest_;                 // the last of them
  std::size_t connections_ = 0;
  // After a failure to connect, everybody gets the same answer for a while.
  std::optional<MonotonicTime> failed_until_;
  std::vector<std::size_t> unserving_;  // sources of the wrong family
  int failures_in_a_row_ = 0;
  int refusals_in_a_row_ = 0;
  std::unique_ptr<MailboxAnswer> last_failure_;  // apart, since few ever fail
  WaitList idle_connections_;
};

}  // namespace verihook::verification
