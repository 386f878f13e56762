// ResultCache: what a mail server said about a mailbox a while ago, so that the same question in
// another list, or in the same one after a restart of its worker, costs nothing. Only answers about
// the mailbox are kept, never a failure to get one. Bounded: when it is full, one that was not
// asked for lately makes room (second chance, by a clock's hand). Policies are not part of it; they
// are applied to what comes out. Lives on one io thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"
#include "model/verdict.h"

namespace verihook::verification {

// The facts of a verdict that came from the mail servers.
struct KnownMailbox {
  model::Reason reason = model::Reason::kAcceptedEmail;
  std::optional<bool> is_catch_all;
  std::shared_ptr<const model::MxEvidence> mx;  // null: none
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
  const KnownMailbox* find(std::string_view mailbox, WallTime now);
  // Does nothing when the verdict's reason is not one to keep.
  void remember(std::string_view mailbox, const model::Verdict& verdict);

  // Whatever its letter case.
  void forget(std::string_view mailbox);

  std::size_t size() const { return by_mailbox_.size(); }
  std::uint64_t hits() const { return hits_; }

 private:
  struct Entry {
    std::string mailbox;
    KnownMailbox known;
    bool asked_for = false;  // since the hand was here
  };

  Entry& place_for(std::string_view mailbox);
  void release(Entry& entry);
  const std::shared_ptr<const model::MxEvidence>& shared(
      const std::optional<model::MxEvidence>& mx);

  const std::size_t entries_max_;
  const Milliseconds ttl_;
  std::deque<Entry> entries_;  // never moved, because their names are keys
  std::vector<Entry*> free_;
  std::size_t hand_ = 0;
  boost::unordered_flat_map<std::string_view, Entry*, std::hash<std::string_view>> by_mailbox_;
  std::shared_ptr<const model::MxEvidence> last_mx_;
  std::uint64_t hits_ = 0;
};

// How long an answer with this reason is true enough, as a part of the whole time to live; zero for
// what is not kept.
double lifetime_of(model::Reason reason);

}  // namespace verihook::verification
