#include "smtp/classify.h"

#include <algorithm>

#include "base/text.h"
#include "smtp/reply_phrases.h"

namespace verihook::smtp {
namespace {

constexpr auto kTemporary = Severity::kTemporary;
constexpr auto kPermanent = Severity::kPermanent;

// First match wins; `name` is the evidence that the result shows.

constexpr ReplyRule kRules[] = {
    // Any stage: what is about us or about the transport, however it is coded.
    {.name = "reverse DNS demanded",
     .reply_class = ReplyClass::kNeedsReverseDns,
     .enhanced = "7.25",
     .unless = "recipient address rejected: user"},
    {.name = "reverse DNS named", .reply_class = ReplyClass::kNeedsReverseDns, .text = kReverseDns},
    {.name = "log-in demanded",
     .reply_class = ReplyClass::kPolicy,
     .stages = kBeforeRcpt,
     .text = kAuthDemand},
    {.name = "log-in demanded",
     .reply_class = ReplyClass::kPolicy,
     .codes = "530",
     .text = kAuthDemand,
     .unless = kTlsDemand},
    {.name = "TLS demanded",
     .reply_class = ReplyClass::kTlsRequired,
     .codes = "530 538",
     .enhanced = "7.10"},
    {.name = "TLS demanded in the text",
     .reply_class = ReplyClass::kTlsRequired,
     .text = kTlsDemand,
     .unless = "not supported|not available"},

    // Before RCPT: never about the mailbox.
    {.name = "greylisting before RCPT",
     .reply_class = ReplyClass::kGreylisted,
     .stages = kBeforeRcpt,
     .severity = kTemporary,
     .text = kGreyWord},
    {.name = "too many or too fast before RCPT",
     .reply_class = ReplyClass::kThrottled,
     .stages = kBeforeRcpt,
     .text = kThrottle,
     .unless = kBlockList},
    {.name = "block list before RCPT",
     .reply_class = ReplyClass::kBlocked,
     .stages = kBeforeRcpt,
     .text = kBlockList},
    {.name = "sender's own address or domain",
     .reply_class = ReplyClass::kSenderRejected,
     .stages = kAtMail,
     .enhanced = "1.7 1.8 7.20 7.21 7.22 7.23 7.24 7.26 7.27"},
    {.name = "sender named at MAIL",
     .reply_class = ReplyClass::kSenderRejected,
     .stages = kAtMail,
     .text = kSender},
    {.name = "sender authentication at MAIL",
     .reply_class = ReplyClass::kSenderRejected,
     .stages = kAtMail,
     .text = kSenderAuth},
    {.name = "our HELO name",
     .reply_class = ReplyClass::kPolicy,
     .stages = kBeforeRcpt,
     .text = kHelo},
    {.name = "server in trouble before RCPT",
     .reply_class = ReplyClass::kUnavailable,
     .stages = kBeforeRcpt,
     .severity = kTemporary,
     .enhanced = "3.* 4.*"},
    {.name = "access refused before RCPT",
     .reply_class = ReplyClass::kBlocked,
     .stages = kBeforeRcpt,
     .enhanced = "7.1"},
    {.name = "words of a refusal before RCPT",
     .reply_class = ReplyClass::kBlocked,
     .stages = kBeforeRcpt,
     .text = kBlockedWords},
    {.name = "turned away for now",
     .reply_class = ReplyClass::kThrottled,
     .stages = kBeforeRcpt,
     .severity = kTemporary,
     .codes = "421 450 451"},
    {.name = "deferred before RCPT",
     .reply_class = ReplyClass::kUnavailable,
     .stages = kBeforeRcpt,
     .severity = kTemporary},
    {.name = "host takes no mail (RFC 7504)",
     .reply_class = ReplyClass::kDomainNotHosted,
     .stages = kAtBanner,
     .codes = "521"},
    {.name = "no SMTP service at this host",
     .reply_class = ReplyClass::kUnavailable,
     .stages = kAtBanner},
    {.name = "command not understood",
     .reply_class = ReplyClass::kProtocolError,
     .stages = kBeforeRcpt,
     .codes = "500 501 502 503 504 555",
     .enhanced = "5.1 5.2 5.4"},
    {.name = "out of room before RCPT",
     .reply_class = ReplyClass::kUnavailable,
     .stages = kBeforeRcpt,
     .codes = "552",
     .enhanced = "3.* 4.*"},
    {.name = "sender's address at MAIL",
     .reply_class = ReplyClass::kSenderRejected,
     .stages = kAtMail,
     .codes = "553",
     .enhanced = "1.*"},
    {.name = "refused before RCPT", .reply_class = ReplyClass::kPolicy, .stages = kBeforeRcpt},

    // RCPT, about the transaction or about us, whatever the code says.
    {.name = "too many unknown recipients",
     .reply_class = ReplyClass::kThrottled,
     .text = "too many invalid|too many unknown|too many errors|too many bad"},
    {.name = "too many recipients",
     .reply_class = ReplyClass::kTooManyRecipients,
     .enhanced = "5.3"},
    {.name = "too many recipients in the text",
     .reply_class = ReplyClass::kTooManyRecipients,
     .text = kTooMany},
    {.name = "greylisting",
     .reply_class = ReplyClass::kGreylisted,
     .severity = kTemporary,
     .text = kGreyWord,
     .unless = kFull},
    {.name = "mailbox receives too fast",
     .reply_class = ReplyClass::kRateLimitedMailbox,
     .text = kReceivesTooFast},
    {.name = "account blocked",
     .reply_class = ReplyClass::kMailboxDisabled,
     .severity = kPermanent,
     .text = "account is blocked|account blocked|account has been blocked|mailbox is blocked|"
             "mailbox blocked|mailbox has been blocked|user is blocked|account&temporarily blocked",
     .unless = kBlockList},
    {.name = "block list", .reply_class = ReplyClass::kBlocked, .text = kBlockList},
    {.name = "sender authentication",
     .reply_class = ReplyClass::kPolicy,
     .enhanced = "7.20 7.21 7.22 7.23 7.24 7.26 7.27 7.28 7.29",
     .unless = kThrottle},
    {.name = "sender's address", .reply_class = ReplyClass::kSenderRejected, .enhanced = "1.7 1.8"},
    {.name = "sender named", .reply_class = ReplyClass::kSenderRejected, .text = kSender},
    {.name = "sender authentication named",
     .reply_class = ReplyClass::kPolicy,
     .text = kSenderAuth},
    {.name = "our HELO name", .reply_class = ReplyClass::kPolicy, .text = kHelo},
    {.name = "our host refused",
     .reply_class = ReplyClass::kBlocked,
     .text =
         "client host rejected|client host&denied|host is not allowed| ip &denied| ip &rejected"},

    // RCPT, 4xx: about the moment.
    {.name = "mailbox full for now",
     .reply_class = ReplyClass::kMailboxFull,
     .severity = kTemporary,
     .enhanced = "2.2"},
    {.name = "mailbox full in the text",
     .reply_class = ReplyClass::kMailboxFull,
     .severity = kTemporary,
     .text = kFull,
     .unless = "sending|per hour|per minute|rate"},
    {.name = "too many or too fast",
     .reply_class = ReplyClass::kThrottled,
     .severity = kTemporary,
     .text = kThrottle},
    {.name = "mailbox busy",
     .reply_class = ReplyClass::kRateLimitedMailbox,
     .severity = kTemporary,
     .enhanced = "2.1"},
    {.name = "told to come back",
     .reply_class = ReplyClass::kGreylisted,
     .severity = kTemporary,
     .codes = "450 451",
     .text = kComeBack},
    {.name = "channel closing",
     .reply_class = ReplyClass::kThrottled,
     .severity = kTemporary,
     .codes = "421",
     .unless = kOwnTrouble},
    {.name = "server in trouble, as it says",
     .reply_class = ReplyClass::kUnavailable,
     .severity = kTemporary,
     .text = kOwnTrouble},
    {.name = "deferred by policy, as greylisting is",
     .reply_class = ReplyClass::kGreylisted,
     .severity = kTemporary,
     .enhanced = "7.1 2.0"},
    {.name = "deferred by policy",
     .reply_class = ReplyClass::kThrottled,
     .severity = kTemporary,
     .enhanced = "7.*"},
    {.name = "server in trouble",
     .reply_class = ReplyClass::kUnavailable,
     .severity = kTemporary,
     .enhanced = "3.* 4.*"},
    {.name = "told to try later",
     .reply_class = ReplyClass::kGreylisted,
     .severity = kTemporary,
     .codes = "450 451",
     .text = kTryLater},
    {.name = "deferred", .reply_class = ReplyClass::kUnavailable, .severity = kTemporary},

    // RCPT, 5xx: text that names the case, then codes, then subjects.
    {.name = "too many or too fast, refused",
     .reply_class = ReplyClass::kThrottled,
     .text = kThrottle},
    {.name = "no SMTPUTF8",
     .reply_class = ReplyClass::kEaiNotSupported,
     .enhanced = "6.7 6.9 6.10"},
    {.name = "no SMTPUTF8 in the text",
     .reply_class = ReplyClass::kEaiNotSupported,
     .text = "smtputf8|internationalized|internationalised|non-ascii|8-bit local"},
    {.name = "mailbox full", .reply_class = ReplyClass::kMailboxFull, .enhanced = "2.2"},
    {.name = "mailbox full, named", .reply_class = ReplyClass::kMailboxFull, .text = kFull},
    {.name = "relaying refused", .reply_class = ReplyClass::kRelayDenied, .text = kRelay},
    {.name = "mailbox closed, named",
     .reply_class = ReplyClass::kMailboxDisabled,
     .text = kClosed,
     .with = kMailboxNoun,
     .unless = kNotFound},
    {.name = "no such mailbox, named",
     .reply_class = ReplyClass::kMailboxNotFound,
     .text = kNotFound,
     .unless = "no such user or&relay"},
    {.name = "log-in demanded", .reply_class = ReplyClass::kPolicy, .text = kAuthDemand},
    {.name = "domain takes no mail (RFC 7504, 7505)",
     .reply_class = ReplyClass::kDomainNotHosted,
     .codes = "556 521",
     .enhanced = "1.10"},
    {.name = "no such mailbox",
     .reply_class = ReplyClass::kMailboxNotFound,
     .codes = "551",
     .enhanced = "1.1 1.3 1.6 7.17"},
    {.name = "domain not served here",
     .reply_class = ReplyClass::kRelayDenied,
     .enhanced = "1.2 4.4 7.18"},
    {.name = "mailbox disabled",
     .reply_class = ReplyClass::kMailboxDisabled,
     .codes = "525",
     .enhanced = "2.1 7.13"},
    {.name = "full without a detail",
     .reply_class = ReplyClass::kMailboxFull,
     .codes = "552",
     .unless = "message size|too large|too big"},
    {.name = "command not understood",
     .reply_class = ReplyClass::kProtocolError,
     .codes = "500 501 502 503 504 555",
     .enhanced = "5.1 5.2 5.4"},
    {.name = "words of a refusal",
     .reply_class = ReplyClass::kBlocked,
     .text = "blocked|banned|blackhole",
     .unless = "content"},
    {.name = "list or message limit", .reply_class = ReplyClass::kPolicy, .enhanced = "2.3 2.4"},
    {.name = "recipient refused",
     .reply_class = ReplyClass::kMailboxNotFound,
     .enhanced = "1.* 2.*"},
    {.name = "server in trouble, for good",
     .reply_class = ReplyClass::kUnavailable,
     .enhanced = "3.* 4.*"},
    {.name = "refused by policy", .reply_class = ReplyClass::kPolicy},
};

struct ReasonRow {
  ReplyClass reply_class;
  std::string_view reason;
};
constexpr ReasonRow kReasons[] = {
    {ReplyClass::kAccepted, "accepted_email"},
    {ReplyClass::kMailboxNotFound, "rejected_email"},
    {ReplyClass::kMailboxDisabled, "mailbox_disabled"},
    {ReplyClass::kEaiNotSupported, "eai_not_supported"},
    {ReplyClass::kDomainNotHosted, "domain_not_hosted"},
    {ReplyClass::kMailboxFull, "mailbox_full"},
    {ReplyClass::kRateLimitedMailbox, "rate_limited_mailbox"},
    {ReplyClass::kTimeout, "timeout"},
    {ReplyClass::kNoConnect, "no_connect"},
    {ReplyClass::kConnectionLost, "connection_lost"},
    {ReplyClass::kUnavailable, "unavailable_smtp"},
    {ReplyClass::kThrottled, "throttled"},
    {ReplyClass::kGreylisted, "greylisted"},
    {ReplyClass::kBlocked, "blocked"},
    {ReplyClass::kNeedsReverseDns, "needs_reverse_dns"},
    {ReplyClass::kSenderRejected, "sender_rejected"},
    {ReplyClass::kRelayDenied, "relay_denied"},
    {ReplyClass::kTlsRequired, "tls_required"},
    {ReplyClass::kProtocolError, "protocol_error"},
    {ReplyClass::kPolicy, "policy"},
    {ReplyClass::kCannotVerify, "cannot_verify"},
    {ReplyClass::kTooManyRecipients, "throttled"},
    {ReplyClass::kNotAttempted, "not_attempted"},
};

struct FailureRow {
  Errc code;
  ReplyClass reply_class;
  std::string_view name;
};
// At kConnect every failure but those listed is kNoConnect.
constexpr FailureRow kFailures[] = {
    {Errc::kTimeout, ReplyClass::kTimeout, "no reply in time"},
    {Errc::kConnectionLost, ReplyClass::kConnectionLost, "connection lost"},
    {Errc::kConnectionRefused, ReplyClass::kNoConnect, "connection refused"},
    {Errc::kUnreachable, ReplyClass::kNoConnect, "host unreachable"},
    {Errc::kForbiddenAddress, ReplyClass::kNoConnect, "address not public"},
    {Errc::kTls, ReplyClass::kTlsRequired, "TLS handshake failed"},
    {Errc::kProtocol, ReplyClass::kProtocolError, "not SMTP"},
    {Errc::kInvalidArgument, ReplyClass::kProtocolError, "our own name or sender is unusable"},
    {Errc::kCancelled, ReplyClass::kNotAttempted, "cancelled"},
    {Errc::kBusy, ReplyClass::kThrottled, "too many at once"},
};

Classification classify_failure(Stage stage, const Error& error) {
  for (const FailureRow& row : kFailures) {
    if (row.code != error.code) continue;
    // A reset while connecting comes from a server that took the connection and dropped it: whether
    // it is seen now or with the first read is chance.
    const bool no_connection = stage == Stage::kConnect && error.code == Errc::kTimeout;
    return {no_connection ? ReplyClass::kNoConnect : row.reply_class, row.name, {}};
  }
  const bool connecting = stage == Stage::kConnect;
  return {connecting ? ReplyClass::kNoConnect : ReplyClass::kUnavailable, "unforeseen failure", {}};
}

// 2xx and 3xx. Only at RCPT does one mean anything.
Classification classify_success(Stage stage, int code) {
  if (stage == Stage::kRcpt && (code == 250 || code == 251)) {
    return {ReplyClass::kAccepted, "recipient accepted", {}};
  }
  if (stage == Stage::kRcpt && code == 252) {
    return {ReplyClass::kCannotVerify, "accepted without verification", {}};
  }
  return {ReplyClass::kProtocolError, "unexpected reply", {}};
}

const ReplyTable& common_table() {
  static const ReplyTable table(kRules);
  return table;
}

struct Unit {
  std::string_view prefix;
  std::chrono::seconds length;
};
constexpr Unit kUnits[] = {{"sec", std::chrono::seconds{1}}, {"min", std::chrono::minutes{1}},
                           {"hour", std::chrono::hours{1}},  {"hr", std::chrono::hours{1}},
                           {"s", std::chrono::seconds{1}},   {"m", std::chrono::minutes{1}},
                           {"h", std::chrono::hours{1}}};

// "300 seconds", "5min", "00:04:59" or "300" at the start of `text`.
std::optional<std::chrono::seconds> take_delay(std::string_view text) {
  std::uint64_t value = 0;
  std::uint64_t total = 0;
  bool clock_form = false;
  std::size_t digits = 0;
  for (; !text.empty() && (is_digit(text.front()) || text.front() == ':'); text.remove_prefix(1)) {
    if (text.front() == ':') {
      clock_form = true;
      total = (total + value) * 60;
      value = 0;
      continue;
    }
    if (++digits > 7) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  if (digits == 0) return std::nullopt;
  const auto number = std::chrono::seconds{total + value};
  if (clock_form) return number;
  text = trim(text);
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.prefix)) return number * unit.length.count();
  }
  return number;
}

}  // namespace

Classification classify(Stage stage, const Reply& reply, Provider provider) {
  if (reply.code < 400) return classify_success(stage, reply.code);
  const ReplyFacts facts = facts_of(stage, reply);
  const ReplyRule* rule = rules_of(provider).first_match(facts);
  if (rule == nullptr) rule = common_table().first_match(facts);
  Classification result{rule->reply_class, rule->name, {}};
  if (facts.severity == Severity::kTemporary) result.retry_after = parse_retry_delay(facts.text);
  return result;
}

Classification classify(const Outcome& outcome, Provider provider) {
  switch (outcome.kind) {
    case OutcomeKind::kReplied:
      if (outcome.reply) return classify(outcome.stage, *outcome.reply, provider);
      break;
    case OutcomeKind::kFailed:
      if (outcome.error) return classify_failure(outcome.stage, *outcome.error);
      break;
    case OutcomeKind::kNotAsked:
      return {ReplyClass::kNotAttempted, "not asked", {}};
    case OutcomeKind::kUnaskable:
      return {ReplyClass::kCannotVerify, "not an SMTP path", {}};
    case OutcomeKind::kNeedsSmtpUtf8:
      return {ReplyClass::kEaiNotSupported, "SMTPUTF8 not offered", {}};
  }
  return {ReplyClass::kNotAttempted, "not asked", {}};
}

std::string_view reason_of(ReplyClass reply_class) {
  const auto row = std::ranges::find(kReasons, reply_class, &ReasonRow::reply_class);
  return row == std::end(kReasons) ? "unexpected_error" : row->reason;
}

bool is_invalid(ReplyClass reply_class) {
  return reply_class == ReplyClass::kMailboxNotFound ||
         reply_class == ReplyClass::kMailboxDisabled ||
         reply_class == ReplyClass::kEaiNotSupported || reply_class == ReplyClass::kDomainNotHosted;
}

bool is_recipient_limit(const Reply& reply) {
  return classify(Stage::kRcpt, reply).reply_class == ReplyClass::kTooManyRecipients;
}

std::optional<Milliseconds> parse_retry_delay(std::string_view text) {
  constexpr std::chrono::seconds kDelayMax = std::chrono::hours{24};
  const std::string lower = to_lower(text);
  for (const std::string_view lead : {"in ", "after ", "wait ", "for "}) {
    for (std::size_t at = lower.find(lead); at != std::string::npos;
         at = lower.find(lead, at + 1)) {
      if (at > 0 && is_alnum(lower[at - 1])) continue;
      const auto delay = take_delay(std::string_view(lower).substr(at + lead.size()));
      if (delay && *delay > std::chrono::seconds{0}) return std::min(*delay, kDelayMax);
    }
  }
  return std::nullopt;
}

}  // namespace verihook::smtp
