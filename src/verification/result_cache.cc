#include "verification/result_cache.h"

#include <utility>

#include "base/text.h"

namespace verihook::verification {

double lifetime_of(model::Reason reason) {
  switch (reason) {
    case model::Reason::kAcceptedEmail:
    case model::Reason::kCatchAll:
    case model::Reason::kRejectedEmail:
    case model::Reason::kMailboxDisabled:
    case model::Reason::kEaiNotSupported:
    case model::Reason::kDomainNotHosted:
      return 1.0;
    case model::Reason::kMailboxFull:  // may be emptied soon
    case model::Reason::kRateLimitedMailbox:
      return 1.0 / 24;
    default:
      return 0.0;
  }
}

void ResultCache::forget(std::string_view mailbox) {
  for (Entry& entry : entries_) {
    if (equals_ignoring_case(entry.mailbox, mailbox)) release(entry);
  }
}

const KnownMailbox* ResultCache::find(std::string_view mailbox, WallTime now) {
  const auto found = by_mailbox_.find(mailbox);
  if (found == by_mailbox_.end()) return nullptr;
  Entry& entry = *found->second;
  const auto lifetime =
      std::chrono::duration_cast<Milliseconds>(ttl_ * lifetime_of(entry.known.reason));
  if (now >= entry.known.checked_at + lifetime) {
    release(entry);
    return nullptr;
  }
  ++hits_;
  entry.asked_for = true;
  return &entry.known;
}

void ResultCache::remember(std::string_view mailbox, const model::Verdict& verdict) {
  if (entries_max_ == 0 || ttl_.count() == 0) return;
  if (!verdict.smtp.checked || lifetime_of(verdict.reason) == 0.0) return;
  place_for(mailbox).known = {verdict.reason, verdict.is_catch_all, shared(verdict.mx),
                              verdict.smtp, verdict.checked_at};
}

ResultCache::Entry& ResultCache::place_for(std::string_view mailbox) {
  if (const auto found = by_mailbox_.find(mailbox); found != by_mailbox_.end()) {
    return *found->second;
  }
  if (free_.empty() && entries_.size() < entries_max_) free_.push_back(&entries_.emplace_back());
  while (free_.empty()) {
    Entry& entry = entries_[hand_];
    hand_ = (hand_ + 1) % entries_.size();
    if (!std::exchange(entry.asked_for, false)) release(entry);
  }
  Entry& entry = *free_.back();
  free_.pop_back();
  entry.mailbox = mailbox;
  by_mailbox_.emplace(entry.mailbox, &entry);
  return entry;
}

void ResultCache::release(Entry& entry) {
  by_mailbox_.erase(entry.mailbox);
  entry = {};
  free_.push_back(&entry);
}

// Those that come one after another are mostly of the same hosts.
const std::shared_ptr<const model::MxEvidence>& ResultCache::shared(
    const std::optional<model::MxEvidence>& mx) {
  if (!mx) {
    last_mx_.reset();
  } else if (!last_mx_ || *last_mx_ != *mx) {
    last_mx_ = std::make_shared<const model::MxEvidence>(*mx);
  }
  return last_mx_;
}

}  // namespace verihook::verification
