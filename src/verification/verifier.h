// Verifier: the verdict on one address or on a list of them. It owns what verifications share
// inside one node: the lists, the resolver's answers, the conversations with mail servers and what
// is known of catch-all domains. Lives on one io thread; the work that is only thinking runs on the
// CPU pool.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "address/lists.h"
#include "async/timers.h"
#include "base/random.h"
#include "dns/resolver.h"
#include "model/job.h"
#include "model/verdict.h"
#include "net/network.h"
#include "verification/asker.h"
#include "verification/limits.h"
#include "verification/trace.h"

namespace verihook::verification {

struct VerifierStats {
  std::uint64_t addresses = 0;      // verdicts given
  std::uint64_t mx_lookups = 0;     // domains asked for
  std::uint64_t conversations = 0;  // SMTP connections opened
  std::uint64_t recipients_asked = 0;
  std::uint64_t catch_all_questions = 0;
  std::uint64_t cache_hits = 0;    // mailboxes known from an earlier answer
  std::uint64_t lanes_closed = 0;  // mail providers that we keep away from now
};

// What keeps this whole host from verifying.
enum class Trouble {
  kNone,                 // nothing known
  kEgressBlocked,        // no mail server can be reached at all: port 25 is closed outwards
  kResolverUnavailable,  // the name servers answer nothing
};

class Verifier {
 public:
  // Everything passed by reference must outlive the verifier.
  Verifier(asio::any_io_executor executor, Timers& timers, Random& random,
           asio::thread_pool* cpu_pool,  // null: think on the io thread (simulations)
           std::shared_ptr<const address::Lists> lists, dns::Resolver& resolver,
           net::Network& network, VerifierOptions options);
  ~Verifier();
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Never fails: what goes wrong is a verdict of status unknown. Ends by the deadline (kTimeout).
  // With a trace, which must outlive the call, the question is put on a connection of its own.
  Task<model::Verdict> verify(std::string email, model::JobOptions options, Deadline deadline,
                              Trace* trace = nullptr);

  // Verdicts come in any order, each index exactly once, on the io thread; returns after the last.
  // When the coroutine is cancelled it returns early and the indexes without a verdict are the
  // caller's to ask again. `emails` must stay until then.
  using OnVerdict = std::function<void(std::size_t index, model::Verdict&& verdict)>;
  Task<void> verify_all(std::span<const std::string> emails, model::JobOptions options, Asker asker,
                        OnVerdict on_verdict);

  // From now on; what has been judged by the old ones stays.
  void use_lists(std::shared_ptr<const address::Lists> lists);

  // Keeps no earlier answer about this mailbox; `mailbox` is an address's normal form.
  void forget(std::string_view mailbox);

  // Whether a fair sample of domains or mail servers all failed; reading it begins a new sample.
  Trouble take_trouble();

  // Takes leave of every mail server; nothing can be asked of one any more.
  Task<void> stop();

  const VerifierStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::verification
