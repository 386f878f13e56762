// Verdict: what is said about one address, and why. Every reason belongs to exactly one status; the
// table in verdict.cc is the contract's. Pure values.
//
// Status, Reason and SmtpStage are stored by number in the results of jobs (jobs/result_record.h):
// a new one stands at the end, and none is ever taken away or moved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace verihook::model {

enum class Status {
  kValid,    // the mailbox exists and takes mail
  kInvalid,  // evidence about the recipient or its domain says that mail would bounce
  kRisky,    // deliverable perhaps, but not to be counted on
  kUnknown,  // nothing is known about the recipient; the reason says what was in the way
};
inline constexpr int kStatusCount = 4;

enum class Reason {
  kAcceptedEmail,       // RCPT TO accepted, and the domain does not accept everything
  kInvalidEmail,        // not an address; `syntax` names the rule broken
  kInvalidDomain,       // NXDOMAIN
  kNoMx,                // the domain has neither MX nor address records
  kNullMx,              // the domain says that it takes no mail (RFC 7505)
  kRejectedEmail,       // the server says that there is no such mailbox
  kMailboxDisabled,     // the server says that the mailbox is closed
  kEaiNotSupported,     // a non-ASCII local part and a server without SMTPUTF8
  kDomainNotHosted,     // every MX says that the domain is not theirs
  kCatchAll,            // the server accepts any mailbox of the domain
  kDisposable,          // a throw-away address
  kRole,                // a function, not a person
  kMailboxFull,         // exists, over quota
  kRateLimitedMailbox,  // exists, receives too much at the moment
  kSuppressed,          // on the local deny list
  kTimeout,             // the server did not answer in time
  kNoConnect,           // no MX host could be reached
  kConnectionLost,      // the server closed in the middle
  kUnavailableSmtp,     // the server refuses service
  kThrottled,           // the server asks us to come back later
  kGreylisted,          // the server wants to see us again later
  kBlocked,             // the server refuses our address
  kNeedsReverseDns,     // the server demands a PTR record of us
  kSenderRejected,      // the server refuses our MAIL FROM
  kRelayDenied,         // this MX says that the domain is not its business
  kTlsRequired,         // the server demands TLS and TLS failed
  kProtocolError,       // the server does not speak SMTP as we know it
  kPolicy,              // refused for a policy that is not about the mailbox
  kDnsError,            // the resolver failed
  kCannotVerify,        // the server neither confirms nor denies (252, or checks switched off)
  kNotAttempted,        // the job ended before this address was looked at
  kUnexpectedError,     // a fault of this program
};
inline constexpr int kReasonCount = 32;

std::string_view to_string(Status status);
std::string_view to_string(Reason reason);
std::optional<Status> parse_status(std::string_view text);
std::optional<Reason> parse_reason(std::string_view text);
// The status that a reason has before any policy of the tenant or job.
Status natural_status(Reason reason);

// How far the conversation with the mail server came.
enum class SmtpStage { kNone, kConnect, kBanner, kEhlo, kStartTls, kMailFrom, kRcptTo };
std::string_view to_string(SmtpStage stage);  // "none", "connect", "banner", …

struct MxEvidence {
  bool found = false;
  std::string host;                  // the host that gave the answer, else the most preferred
  std::vector<std::string> records;  // in the order of preference
  std::string provider;              // "google", "microsoft", …; empty when none we know
  bool implicit = false;  // no MX record, the domain's own address was used (RFC 5321 5.1)
  bool null_mx = false;

  friend bool operator==(const MxEvidence&, const MxEvidence&) = default;
};

struct SmtpEvidence {
  bool checked = false;
  SmtpStage stage = SmtpStage::kNone;
  int code = 0;               // of the reply that decided; 0: none came
  std::string enhanced_code;  // "5.1.1"; empty: none
  std::string message;        // the reply's text, at most 500 bytes
  int attempts = 0;           // conversations in which this address was asked
};

// Everything the contract's result object holds (section 2). An empty optional is `null`: not
// determined.
struct Verdict {
  std::string email;             // as submitted
  std::string normalized_email;  // empty when the syntax is wrong
  Status status = Status::kUnknown;
  Reason reason = Reason::kNotAttempted;
  int score = 0;  // 0–100
  std::optional<bool> is_disposable;
  std::optional<bool> is_role;
  std::optional<bool> is_free;
  std::optional<bool> is_catch_all;
  std::optional<bool> is_full_mailbox;
  std::optional<bool> is_disabled;
  std::optional<bool> is_alias_relay;
  std::optional<bool> is_tagged;
  std::string suggestion;  // empty: none
  std::string user;        // local part
  std::string domain;      // A-labels
  std::string syntax;      // the RFC rule broken, only with kInvalidEmail
  std::optional<MxEvidence> mx;
  SmtpEvidence smtp;
  bool retryable = false;
  std::optional<WallTime> retry_after;
  WallTime checked_at{};
  std::int64_t duration_ms = 0;

  bool is_valid() const { return status == Status::kValid; }
};

}  // namespace verihook::model
