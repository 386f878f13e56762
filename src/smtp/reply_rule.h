// One row of the reply classification tables, and what its columns mean. A row is data: the tables
// in classify.cc and provider_rules.cc are lists of these, and the first row that matches decides
// (smtp/reply_table.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "smtp/outcome.h"
#include "smtp/reply.h"

namespace verihook::smtp {

// What a reply, or the lack of one, says about a recipient. Each stands for one reason of the
// results.
enum class ReplyClass {
  kAccepted,            // the server would take mail for this recipient
  kMailboxNotFound,     // no such mailbox
  kMailboxDisabled,     // it exists but is closed
  kEaiNotSupported,     // the address needs SMTPUTF8, which the server lacks
  kDomainNotHosted,     // no mail for this domain here; before RCPT only when every MX says so
  kMailboxFull,         // over quota
  kRateLimitedMailbox,  // it exists and gets too much mail at the moment
  kTimeout,             // no reply in time
  kNoConnect,           // no connection
  kConnectionLost,      // the connection broke
  kUnavailable,         // the server has a trouble of its own
  kThrottled,           // we are too many or too fast
  kGreylisted,          // come back later
  kBlocked,             // our IP address is on somebody's list
  kNeedsReverseDns,     // our IP address has no name, or another
  kSenderRejected,      // our sender address or domain is refused
  kRelayDenied,         // this server is not responsible for the domain
  kTlsRequired,         // nothing without TLS, and TLS was not to be had
  kProtocolError,       // one side does not understand the other
  kPolicy,              // refused for a reason that says nothing about the mailbox
  kCannotVerify,        // 252 and the like: the server does not tell
  kTooManyRecipients,   // ask again in a smaller transaction
  kNotAttempted,        // not asked
};

enum class Severity {
  kAny,        // 4xx and 5xx
  kTemporary,  // 4xx, or a code whose enhanced form says 4
  kPermanent,  // 5xx, unless its enhanced form says 4
};

// Stages as a set of bits.
using StageSet = unsigned;
constexpr StageSet stage_bit(Stage stage) { return 1u << static_cast<unsigned>(stage); }
inline constexpr StageSet kAtBanner = stage_bit(Stage::kBanner);
inline constexpr StageSet kAtMail = stage_bit(Stage::kMail);
inline constexpr StageSet kAtRcpt = stage_bit(Stage::kRcpt);
inline constexpr StageSet kBeforeRcpt =
    kAtBanner | stage_bit(Stage::kEhlo) | stage_bit(Stage::kStartTls) | kAtMail;
inline constexpr StageSet kAnyStage = kBeforeRcpt | kAtRcpt;

// Empty columns match everything. `codes` and `enhanced` are alternatives of each other; all other
// columns must hold together.
struct ReplyRule {
  std::string_view name;  // the evidence that a result carries
  ReplyClass reply_class = ReplyClass::kPolicy;
  StageSet stages = kAnyStage;
  Severity severity = Severity::kAny;
  std::string_view codes{};     // "550 554"
  std::string_view enhanced{};  // subject.detail without the class: "7.25 1.*"
  std::string_view text{};      // "a|b&c": a, or b and c; lower case
  std::string_view with{};      // another such condition
  std::string_view unless{};    // must not hold
};

// A reply made ready for the tables: lower-case text without addresses, which could hold any word.
struct ReplyFacts {
  Stage stage = Stage::kRcpt;
  int code = 0;
  std::optional<EnhancedCode> enhanced;
  Severity severity = Severity::kPermanent;
  std::string text;
};
ReplyFacts facts_of(Stage stage, const Reply& reply);

}  // namespace verihook::smtp
