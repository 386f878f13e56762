// CatchAllMemory: whether the servers of a domain accept any local part. The question is put only
// after a mailbox was accepted, once per domain and set of MX hosts, and remembered. Lives on one
// io thread.
#pragma once

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

  // From memory, or by asking; who asks for the same domain meanwhile waits for the one answer.
  Task<CatchAll> find(std::string domain, std::shared_ptr<Exchange> exchange);

  std::uint64_t questions() const { return questions_; }

 private:
  struct Entry {
    std::weak_ptr<Exchange> exchange;  // the set of MX hosts that it is true of
    CatchAll answer = CatchAll::kInconclusive;
    MonotonicTime until{};
    std::string mailbox;  // that was asked about; of kLater, which wants to see the same again
  };
  struct Flight {
    std::optional<CatchAll> answer;
    WaitList waiters;
  };

  std::string mailbox_for(const std::string& domain);

  Timers& timers_;
  Random& random_;
  const VerifierOptions& options_;
  std::unordered_map<std::string, Entry> known_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  std::uint64_t questions_ = 0;
};

}  // namespace verihook::verification
