// Exchange: the conversations with one set of MX hosts. Questions about recipients of any domain,
// list or job that share these hosts meet in one queue and are asked over a few connections that
// are kept while there is somebody to ask about. Hosts are tried in order of preference, each with
// its addresses. ExchangePool holds the exchanges and the limits they share. Lives on one io
// thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/semaphore.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "dns/mail_exchangers.h"
#include "dns/resolver.h"
#include "net/network.h"
#include "smtp/client.h"
#include "verification/limits.h"

namespace verihook::verification {

// What was learned about one recipient, and from whom.
struct MailboxAnswer {
  smtp::Outcome outcome;
  std::string host;  // that answered; empty when none could be reached
  int attempts = 0;  // conversations in which it was asked
};

struct ExchangeStats {
  std::uint64_t conversations = 0;
  std::uint64_t recipients_asked = 0;
};

class ExchangePool;

class Exchange {
 public:
  Exchange(ExchangePool& pool, std::vector<dns::MxRecord> hosts);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // One answer per recipient, in their order. Waits for its turn; when the waiting coroutine is
  // cancelled, returns at once, and who was not asked yet says so.
  Task<std::vector<MailboxAnswer>> ask(std::vector<std::string> recipients);

  bool idle() const { return questions_.empty() && connections_ == 0 && waiting_ == 0; }

 private:
  struct Batch;
  struct Question {
    std::shared_ptr<Batch> batch;
    std::size_t index = 0;
  };
  using Questions = std::vector<Question>;

  void start_connections();
  Task<void> run_connection();
  Task<void> converse();
  // A conversation that can be used, or why there is none.
  Task<std::unique_ptr<smtp::Conversation>> connect(std::string& host, smtp::Outcome& failure);
  // How many questions it took from the queue.
  Task<std::size_t> ask_some(smtp::Conversation& conversation, const std::string& host,
                             std::size_t count_max);
  Questions take_questions(std::size_t count_max);
  void answer(const Question& question, MailboxAnswer answer);
  void answer_all(const smtp::Outcome& outcome, const std::string& host);
  bool recently_failed() const;

  ExchangePool& pool_;
  const std::vector<dns::MxRecord> hosts_;
  std::deque<Question> questions_;
  std::size_t connections_ = 0;
  std::size_t waiting_ = 0;  // coroutines inside ask()
  // After a failure to connect, everybody gets the same answer for a while.
  std::optional<MonotonicTime> failed_until_;
  smtp::Outcome last_failure_;
  WaitList idle_connections_;
};

class ExchangePool {
 public:
  ExchangePool(asio::any_io_executor executor, Timers& timers, dns::Resolver& resolver,
               net::Network& network, const VerifierOptions& options);
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;

  // Shared by every domain with the same hosts in the same order.
  std::shared_ptr<Exchange> exchange(const std::vector<dns::MxRecord>& hosts);
  // Takes leave of every server. New questions are refused from then on.
  Task<void> stop();

  const ExchangeStats& stats() const { return stats_; }

 private:
  friend class Exchange;

  asio::any_io_executor executor_;
  Timers& timers_;
  dns::Resolver& resolver_;
  net::Network& network_;
  const VerifierOptions& options_;
  Semaphore connections_;
  ExchangeStats stats_;
  std::unordered_map<std::string, std::shared_ptr<Exchange>> exchanges_;
  TaskGroup tasks_;
};

}  // namespace verihook::verification
