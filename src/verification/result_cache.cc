#include "verification/result_cache.h"

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
  for (Entries* entries : {&young_, &old_}) {
    std::erase_if(*entries,
                  [&](const auto& entry) { return equals_ignoring_case(entry.first, mailbox); });
  }
}

const KnownMailbox* ResultCache::find(const std::string& mailbox, WallTime now) {
  auto found = young_.find(mailbox);
  if (found == young_.end()) {
    const auto old = old_.find(mailbox);
    if (old == old_.end()) return nullptr;
    KnownMailbox known = std::move(old->second);
    old_.erase(old);
    insert(mailbox, std::move(known));
    found = young_.find(mailbox);
  }
  const auto lifetime =
      std::chrono::duration_cast<Milliseconds>(ttl_ * lifetime_of(found->second.reason));
  if (now >= found->second.checked_at + lifetime) {
    young_.erase(found);
    return nullptr;
  }
  ++hits_;
  return &found->second;
}

void ResultCache::remember(const std::string& mailbox, const model::Verdict& verdict) {
  if (entries_max_ == 0 || ttl_.count() == 0) return;
  if (!verdict.smtp.checked || lifetime_of(verdict.reason) == 0.0) return;
  old_.erase(mailbox);
  insert(mailbox,
         {verdict.reason, verdict.is_catch_all, verdict.mx, verdict.smtp, verdict.checked_at});
}

KnownMailbox& ResultCache::insert(const std::string& mailbox, KnownMailbox known) {
  if (young_.size() >= (entries_max_ + 1) / 2) {
    old_ = std::move(young_);
    young_.clear();
  }
  return young_[mailbox] = std::move(known);
}

}  // namespace verihook::verification
