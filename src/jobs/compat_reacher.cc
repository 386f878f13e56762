#include <array>

#include "jobs/result_fields.h"

namespace verihook::jobs {
namespace {

using enum model::Reason;
using Writer = ValueWriter;
using Row = StoredResult;

// In the order of the enumeration.
constexpr std::array<std::string_view, model::kStatusCount> kReachable = {"safe", "invalid",
                                                                          "risky", "unknown"};

struct Mapping {
  model::Reason reason;
  bool is_deliverable;
  std::string_view error = {};
  std::string_view description = {};
};

constexpr std::array<Mapping, model::kReasonCount> kMappings = {{
    {kAcceptedEmail, true},
    {kInvalidEmail, false},
    {kInvalidDomain, false},
    {kNoMx, false},
    {kNullMx, false},
    {kRejectedEmail, false},
    {kMailboxDisabled, false},
    {kEaiNotSupported, false},
    {kDomainNotHosted, false},
    {kCatchAll, true},
    {kDisposable, false},
    {kRole, true},
    {kMailboxFull, false},
    {kRateLimitedMailbox, true},
    {kSuppressed, false},
    {kTimeout, false, "Timeout"},
    {kNoConnect, false, "IOError"},
    {kConnectionLost, false, "IOError"},
    {kUnavailableSmtp, false, "AsyncSmtpError"},
    {kThrottled, false, "AsyncSmtpError"},
    {kGreylisted, false, "AsyncSmtpError"},
    {kBlocked, false, "AsyncSmtpError", "IpBlacklisted"},
    {kNeedsReverseDns, false, "AsyncSmtpError", "NeedsRDNS"},
    {kSenderRejected, false, "AsyncSmtpError"},
    {kRelayDenied, false, "AsyncSmtpError"},
    {kTlsRequired, false, "AsyncSmtpError"},
    {kProtocolError, false, "AsyncSmtpError"},
    {kPolicy, false, "AsyncSmtpError"},
    {kDnsError, false, "IOError"},
    {kCannotVerify, false},
    {kNotAttempted, false},
    {kUnexpectedError, false, "IOError"},
}};

static_assert(stand_in_the_order_of_reasons(kMappings));

ReacherWords words_of(const Row& row) {
  return reacher_words(row.verdict.status, row.verdict.reason);
}

// {"error":{"type":…,"message":…},"description":…}
void append_error(std::string& json, const ReacherWords& words, const Row& row) {
  ValueWriter writer(json, ValueWriter::Form::kJson);
  const std::string& said = row.verdict.smtp.message;
  json += R"({"error":{"type":)";
  writer.text(words.error);
  json += R"(,"message":)";
  writer.text(said.empty() ? model::to_string(row.verdict.reason) : std::string_view(said));
  json += '}';
  if (!words.description.empty()) {
    json += R"(,"description":)";
    writer.text(words.description);
  }
  json += '}';
}

void mx(Writer& writer, const Row& row) {
  const ReacherWords words = words_of(row);
  std::string json;
  if (row.verdict.reason == kDnsError) {
    append_error(json, words, row);
  } else {
    const model::MxEvidence none;
    const model::MxEvidence& found = row.verdict.mx ? *row.verdict.mx : none;
    ValueWriter part(json, ValueWriter::Form::kJson);
    json += R"({"accepts_mail":)";
    part.truth(found.found && !found.null_mx);
    json += R"(,"records":)";
    part.texts(found.records);
    json += '}';
  }
  writer.json(json);
}

void smtp(Writer& writer, const Row& row) {
  const ReacherWords words = words_of(row);
  const model::Verdict& verdict = row.verdict;
  std::string json;
  if (!words.error.empty() && verdict.reason != kDnsError) {
    append_error(json, words, row);
  } else {
    ValueWriter part(json, ValueWriter::Form::kJson);
    json += R"({"can_connect_smtp":)";
    part.truth(verdict.smtp.stage > model::SmtpStage::kConnect);
    json += R"(,"has_full_inbox":)";
    part.truth(verdict.is_full_mailbox.value_or(false));
    json += R"(,"is_catch_all":)";
    part.truth(verdict.is_catch_all.value_or(false));
    json += R"(,"is_deliverable":)";
    part.truth(words.is_deliverable);
    json += R"(,"is_disabled":)";
    part.truth(verdict.is_disabled.value_or(false));
    json += '}';
  }
  writer.json(json);
}

constexpr ResultField kFields[] = {
    {"input", [](Writer& w, const Row& r) { w.text(r.verdict.email); }},
    {"is_reachable", [](Writer& w, const Row& r) { w.text(words_of(r).is_reachable); }},
    {"misc.is_disposable",
     [](Writer& w, const Row& r) { w.truth(r.verdict.is_disposable.value_or(false)); }},
    {"misc.is_role_account",
     [](Writer& w, const Row& r) { w.truth(r.verdict.is_role.value_or(false)); }},
    {"misc.is_b2c", [](Writer& w, const Row& r) { w.truth(r.verdict.is_free.value_or(false)); }},
    {"misc.gravatar_url", [](Writer& w, const Row&) { w.null(); }},
    {"misc.haveibeenpwned", [](Writer& w, const Row&) { w.null(); }},
    {"mx", mx},
    {"smtp", smtp},
    {"syntax.address", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.normalized_email); }},
    {"syntax.domain", [](Writer& w, const Row& r) { w.text(r.verdict.domain); }},
    {"syntax.is_valid_syntax",
     [](Writer& w, const Row& r) { w.truth(r.verdict.reason != kInvalidEmail); }},
    {"syntax.username", [](Writer& w, const Row& r) { w.text(r.verdict.user); }},
    {"syntax.normalized_email",
     [](Writer& w, const Row& r) { w.text_or_null(r.verdict.normalized_email); }},
    {"syntax.suggestion", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.suggestion); }},
};

}  // namespace

ReacherWords reacher_words(model::Status status, model::Reason reason) {
  const Mapping& mapping = kMappings[static_cast<std::size_t>(reason)];
  return {kReachable[static_cast<std::size_t>(status)], mapping.is_deliverable, mapping.error,
          mapping.description};
}

std::span<const ResultField> reacher_fields() { return kFields; }

}  // namespace verihook::jobs
