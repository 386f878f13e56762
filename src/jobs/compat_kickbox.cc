#include <array>

#include "jobs/result_fields.h"

namespace verihook::jobs {
namespace {

using enum model::Reason;
using Writer = ValueWriter;
using Row = StoredResult;

// In the order of the enumeration.
constexpr std::array<std::string_view, model::kStatusCount> kResults = {
    "deliverable", "undeliverable", "risky", "unknown"};

struct Mapping {
  model::Reason reason;
  std::string_view word;
};

constexpr std::array<Mapping, model::kReasonCount> kMappings = {{
    {kAcceptedEmail, "accepted_email"},
    {kInvalidEmail, "invalid_email"},
    {kInvalidDomain, "invalid_domain"},
    {kNoMx, "invalid_domain"},
    {kNullMx, "invalid_domain"},
    {kRejectedEmail, "rejected_email"},
    {kMailboxDisabled, "rejected_email"},
    {kEaiNotSupported, "rejected_email"},
    {kDomainNotHosted, "rejected_email"},
    {kCatchAll, "low_deliverability"},
    {kDisposable, "low_quality"},
    {kRole, "low_quality"},
    {kMailboxFull, "low_deliverability"},
    {kRateLimitedMailbox, "low_deliverability"},
    {kSuppressed, "low_quality"},
    {kTimeout, "timeout"},
    {kNoConnect, "no_connect"},
    {kConnectionLost, "unavailable_smtp"},
    {kUnavailableSmtp, "unavailable_smtp"},
    {kThrottled, "unavailable_smtp"},
    {kGreylisted, "unavailable_smtp"},
    {kBlocked, "unavailable_smtp"},
    {kNeedsReverseDns, "unavailable_smtp"},
    {kSenderRejected, "unavailable_smtp"},
    {kRelayDenied, "unavailable_smtp"},
    {kTlsRequired, "unavailable_smtp"},
    {kProtocolError, "invalid_smtp"},
    {kPolicy, "unavailable_smtp"},
    {kDnsError, "no_connect"},
    {kCannotVerify, "unavailable_smtp"},
    {kNotAttempted, "unexpected_error"},
    {kUnexpectedError, "unexpected_error"},
}};

static_assert(stand_in_the_order_of_reasons(kMappings));

KickboxWords words_of(const Row& row) {
  return kickbox_words(row.verdict.status, row.verdict.reason);
}

// Theirs is the normal form; what has none is given as it was submitted.
void email(Writer& writer, const Row& row) {
  const model::Verdict& verdict = row.verdict;
  writer.text(verdict.normalized_email.empty() ? verdict.email : verdict.normalized_email);
}

constexpr ResultField kFields[] = {
    {"result", [](Writer& w, const Row& r) { w.text(words_of(r).result); }},
    {"reason", [](Writer& w, const Row& r) { w.text(words_of(r).reason); }},
    {"role", [](Writer& w, const Row& r) { w.truth(r.verdict.is_role.value_or(false)); }},
    {"free", [](Writer& w, const Row& r) { w.truth(r.verdict.is_free.value_or(false)); }},
    {"disposable",
     [](Writer& w, const Row& r) { w.truth(r.verdict.is_disposable.value_or(false)); }},
    {"accept_all",
     [](Writer& w, const Row& r) { w.truth(r.verdict.is_catch_all.value_or(false)); }},
    {"did_you_mean", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.suggestion); }},
    {"sendex", [](Writer& w, const Row& r) { w.number(r.verdict.score / 100.0); }},
    {"email", email},
    {"user", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.user); }},
    {"domain", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.domain); }},
    {"success", [](Writer& w, const Row&) { w.truth(true); }},
    {"message", [](Writer& w, const Row&) { w.null(); }},
};

}  // namespace

KickboxWords kickbox_words(model::Status status, model::Reason reason) {
  return {kResults[static_cast<std::size_t>(status)],
          kMappings[static_cast<std::size_t>(reason)].word};
}

std::span<const ResultField> kickbox_fields() { return kFields; }

}  // namespace verihook::jobs
