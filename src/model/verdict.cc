#include "model/verdict.h"

#include <array>

namespace verihook::model {
namespace {

constexpr std::array<std::string_view, kStatusCount> kStatusNames = {"valid", "invalid", "risky",
                                                                     "unknown"};

struct ReasonRow {
  Reason reason;
  std::string_view name;
  Status status;
};

using enum Reason;
using enum Status;

constexpr std::array<ReasonRow, kReasonCount> kReasons = {{
    {kAcceptedEmail, "accepted_email", kValid},
    {kInvalidEmail, "invalid_email", kInvalid},
    {kInvalidDomain, "invalid_domain", kInvalid},
    {kNoMx, "no_mx", kInvalid},
    {kNullMx, "null_mx", kInvalid},
    {kRejectedEmail, "rejected_email", kInvalid},
    {kMailboxDisabled, "mailbox_disabled", kInvalid},
    {kEaiNotSupported, "eai_not_supported", kInvalid},
    {kDomainNotHosted, "domain_not_hosted", kInvalid},
    {kCatchAll, "catch_all", kRisky},
    {kDisposable, "disposable", kRisky},
    {kRole, "role", kRisky},
    {kMailboxFull, "mailbox_full", kRisky},
    {kRateLimitedMailbox, "rate_limited_mailbox", kRisky},
    {kSuppressed, "suppressed", kRisky},
    {kTimeout, "timeout", kUnknown},
    {kNoConnect, "no_connect", kUnknown},
    {kConnectionLost, "connection_lost", kUnknown},
    {kUnavailableSmtp, "unavailable_smtp", kUnknown},
    {kThrottled, "throttled", kUnknown},
    {kGreylisted, "greylisted", kUnknown},
    {kBlocked, "blocked", kUnknown},
    {kNeedsReverseDns, "needs_reverse_dns", kUnknown},
    {kSenderRejected, "sender_rejected", kUnknown},
    {kRelayDenied, "relay_denied", kUnknown},
    {kTlsRequired, "tls_required", kUnknown},
    {kProtocolError, "protocol_error", kUnknown},
    {kPolicy, "policy", kUnknown},
    {kDnsError, "dns_error", kUnknown},
    {kCannotVerify, "cannot_verify", kUnknown},
    {kNotAttempted, "not_attempted", kUnknown},
    {kUnexpectedError, "unexpected_error", kUnknown},
}};

constexpr bool rows_stand_in_the_order_of_the_enumeration() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(rows_stand_in_the_order_of_the_enumeration());

constexpr std::array<std::string_view, 7> kStageNames = {"none",     "connect",   "banner", "ehlo",
                                                         "starttls", "mail_from", "rcpt_to"};

}  // namespace

std::string_view to_string(Status status) { return kStatusNames[static_cast<std::size_t>(status)]; }

std::string_view to_string(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)].name;
}

std::optional<Status> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
    if (kStatusNames[i] == text) return static_cast<Status>(i);
  }
  return std::nullopt;
}

std::optional<Reason> parse_reason(std::string_view text) {
  for (const ReasonRow& row : kReasons) {
    if (row.name == text) return row.reason;
  }
  return std::nullopt;
}

Status natural_status(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].status; }

std::string_view to_string(SmtpStage stage) { return kStageNames[static_cast<std::size_t>(stage)]; }

}  // namespace verihook::model
