// CatchAllMemory: whether the servers of a domain accept any local part. The question is put only
// after a mailbox was accepted, once per domain and set of MX hosts, and remembered. Lives on one
// io thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/timers.h"
#include "base/random.h"
#include "verification/exchange.h"
#include "verification/limits.h"

namespace verihook::verification {

enum class CatchAll {
  kAcceptsAll,    // a random mailbox was accepted
  kTellsApart,    // a random mailbox was refused
  kInconclusive,  // the answer said nothing either way
  kLater,         // the server wants to hear the question again later (greylisting)
};

// A local part that nobody has and that does not look made by a machine: 14 letters or more.
std::string improbable_local_part(Random& random);

class CatchAllMemory {
 public:
  CatchAllMemory(Timers& timers, Random& random, const VerifierOptions& options)
      : timers_(timers), random_(random), options_(options) {}
  CatchAllMemory(const CatchAllMemory&) = delete;
  CatchAllMemory& operator=(const CatchAllMemory&) = delete;

  // A question under way. When nobody holds it any more, the servers are not asked.
  class Question;
  using Ticket = std::shared_ptr<Question>;

  // Calls `on_answer` once: from memory, before this returns, or when the servers were asked. Who
  // asks for the same domain meanwhile shares the question, so that the answer may come after one
  // of them has dropped his ticket.
  using OnAnswer = std::function<void(CatchAll answer)>;
  [[nodiscard]] Ticket find(const std::string& domain, std::shared_ptr<Exchange> exchange,
                            OnAnswer on_answer);

  std::uint64_t questions() const { return questions_; }

 private:
  struct Entry {
    std::weak_ptr<Exchange> exchange;  // the set of MX hosts that it is true of
    CatchAll answer = CatchAll::kInconclusive;
    MonotonicTime until{};
    std::string mailbox;  // that was asked about; of kLater, which wants to see the same again
  };
  std::string mailbox_for(const std::string& domain);
  void take(Question& question, CatchAll answer);

  Timers& timers_;
  Random& random_;
  const VerifierOptions& options_;
  std::unordered_map<std::string, Entry> known_;
  std::unordered_map<std::string, Question*> under_way_;  // by domain
  std::uint64_t questions_ = 0;
};

}  // namespace verihook::verification
