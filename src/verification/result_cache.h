// ResultCache: what a mail server said about a mailbox a while ago, so that the same question in
// another list, or in the same one after a restart of its worker, costs nothing. Only answers about
// the mailbox are kept, never a failure to get one. Bounded: the half that was not asked for lately
// goes when it is full. Policies are not part of it; they are applied to what comes out. Lives on
// one io thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "model/verdict.h"

namespace verihook::verification {

// The facts of a verdict that came from the mail servers.
struct KnownMailbox {
  model::Reason reason = model::Reason::kAcceptedEmail;
  std::optional<bool> is_catch_all;
  std::optional<model::MxEvidence> mx;
  model::SmtpEvidence smtp;
  WallTime checked_at{};
};

class ResultCache {
 public:
  // Nothing is kept when either is zero.
  ResultCache(std::size_t entries_max, Milliseconds ttl) : entries_max_(entries_max), ttl_(ttl) {}
  ResultCache(const ResultCache&) = delete;
  ResultCache& operator=(const ResultCache&) = delete;

  // Valid until the next call.
  const KnownMailbox* find(const std::string& mailbox, WallTime now);
  // Does nothing when the verdict's reason is not one to keep.
  void remember(const std::string& mailbox, const model::Verdict& verdict);

  // Whatever its letter case.
  void forget(std::string_view mailbox);

  std::size_t size() const { return young_.size() + old_.size(); }
  std::uint64_t hits() const { return hits_; }

 private:
  using Entries = std::unordered_map<std::string, KnownMailbox>;

  KnownMailbox& insert(const std::string& mailbox, KnownMailbox known);

  const std::size_t entries_max_;
  const Milliseconds ttl_;
  Entries young_;  // used since the last turn
  Entries old_;
  std::uint64_t hits_ = 0;
};

// How long an answer with this reason is true enough, as a part of the whole time to live; zero for
// what is not kept.
double lifetime_of(model::Reason reason);

}  // namespace verihook::verification
