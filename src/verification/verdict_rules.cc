#include "verification/verdict_rules.h"

#include <algorithm>
#include <array>

namespace verihook::verification {
namespace {

using enum model::Reason;
using model::Status;

struct Rule {
  model::Reason reason;
  int score;       // before the deductions for flags
  bool retryable;  // what stood in the way can pass
};

constexpr std::array<Rule, model::kReasonCount> kRules = {{
    {kAcceptedEmail, 98, false},  {kInvalidEmail, 0, false},
    {kInvalidDomain, 0, false},   {kNoMx, 0, false},
    {kNullMx, 0, false},          {kRejectedEmail, 0, false},
    {kMailboxDisabled, 0, false}, {kEaiNotSupported, 0, false},
    {kDomainNotHosted, 0, false}, {kCatchAll, 55, false},
    {kDisposable, 20, false},     {kRole, 60, false},
    {kMailboxFull, 30, true},     {kRateLimitedMailbox, 70, true},
    {kSuppressed, 10, false},     {kTimeout, 40, true},
    {kNoConnect, 30, true},       {kConnectionLost, 40, true},
    {kUnavailableSmtp, 30, true}, {kThrottled, 50, true},
    {kGreylisted, 50, true},      {kBlocked, 40, true},
    {kNeedsReverseDns, 40, true}, {kSenderRejected, 40, true},
    {kRelayDenied, 20, true},     {kTlsRequired, 40, true},
    {kProtocolError, 40, true},   {kPolicy, 40, false},
    {kDnsError, 40, true},        {kCannotVerify, 50, false},
    {kNotAttempted, 50, true},    {kUnexpectedError, 50, true},
}};

constexpr bool rows_stand_in_the_order_of_the_enumeration() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<std::size_t>(kRules[i].reason) != i) return false;
  }
  return true;
}
static_assert(rows_stand_in_the_order_of_the_enumeration());

const Rule& rule_of(model::Reason reason) { return kRules[static_cast<std::size_t>(reason)]; }

// Deducted from a valid address's score; what is left never falls below the valid range.
constexpr int kValidScoreMin = 80;
constexpr int kRoleDeduction = 8;
constexpr int kFreeDeduction = 2;
constexpr int kAliasRelayDeduction = 4;
constexpr int kCatchAllUnsureDeduction = 6;

Status status_by_policy(model::Reason reason, const model::JobOptions& options) {
  if (reason == kDisposable && options.disposable_as == model::DisposableAs::kInvalid) {
    return Status::kInvalid;
  }
  if (reason == kCatchAll) {
    switch (options.catch_all_as) {
      case model::CatchAllAs::kValid:
        return Status::kValid;
      case model::CatchAllAs::kUnknown:
        return Status::kUnknown;
      case model::CatchAllAs::kRisky:
        break;
    }
  }
  return model::natural_status(reason);
}

void set_flags(model::Verdict& verdict) {
  switch (verdict.reason) {
    case kCatchAll:
      verdict.is_catch_all = true;
      break;
    case kMailboxFull:
      verdict.is_full_mailbox = true;
      break;
    case kMailboxDisabled:
      verdict.is_disabled = true;
      break;
    case kAcceptedEmail:
      verdict.is_full_mailbox = false;
      verdict.is_disabled = false;
      break;
    default:
      break;
  }
}

}  // namespace

void settle(model::Verdict& verdict, model::Reason reason, const model::JobOptions& options) {
  if (reason == kAcceptedEmail && options.role_as == model::RoleAs::kRisky &&
      verdict.is_role.value_or(false)) {
    reason = kRole;
  }
  verdict.reason = reason;
  verdict.status = status_by_policy(reason, options);
  set_flags(verdict);
  verdict.score = score_of(verdict);
  verdict.retryable = is_retryable(reason);
}

model::Verdict unseen_verdict(std::string_view email, model::Reason reason,
                              const model::JobOptions& options, WallTime now) {
  model::Verdict verdict;
  verdict.email = email;
  verdict.checked_at = now;
  settle(verdict, reason, options);
  return verdict;
}

int score_of(const model::Verdict& verdict) {
  if (verdict.status == Status::kInvalid) return 0;
  int score = rule_of(verdict.reason).score;
  if (verdict.status != Status::kValid) return std::clamp(score, 1, kValidScoreMin - 1);
  if (verdict.is_role.value_or(false)) score -= kRoleDeduction;
  if (verdict.is_free.value_or(false)) score -= kFreeDeduction;
  if (verdict.is_alias_relay.value_or(false)) score -= kAliasRelayDeduction;
  if (!verdict.is_catch_all) score -= kCatchAllUnsureDeduction;
  return std::max(score, kValidScoreMin);
}

bool is_retryable(model::Reason reason) { return rule_of(reason).retryable; }

}  // namespace verihook::verification
