#include <array>

#include "jobs/result_fields.h"

namespace verihook::jobs {
namespace {

using enum model::Reason;
using Writer = ValueWriter;
using Row = StoredResult;

struct Mapping {
  model::Reason reason;
  ZeroBounceWords words;
};

// By the reason alone: their words are finer than our status, and a policy of the job that moves
// the status (catch_all_as and its like) does not move them.
constexpr std::array<Mapping, model::kReasonCount> kMappings = {{
    {kAcceptedEmail, {"valid", ""}},
    {kInvalidEmail, {"invalid", "failed_syntax_check"}},
    {kInvalidDomain, {"invalid", "no_dns_entries"}},
    {kNoMx, {"invalid", "does_not_accept_mail"}},
    {kNullMx, {"invalid", "does_not_accept_mail"}},
    {kRejectedEmail, {"invalid", "mailbox_not_found"}},
    {kMailboxDisabled, {"invalid", "mailbox_not_found"}},
    {kEaiNotSupported, {"invalid", "does_not_accept_mail"}},
    {kDomainNotHosted, {"invalid", "does_not_accept_mail"}},
    {kCatchAll, {"catch-all", ""}},
    {kDisposable, {"do_not_mail", "disposable"}},
    {kRole, {"do_not_mail", "role_based"}},
    {kMailboxFull, {"invalid", "mailbox_quota_exceeded"}},
    {kRateLimitedMailbox, {"unknown", "mail_server_temporary_error"}},
    {kSuppressed, {"do_not_mail", "global_suppression"}},
    {kTimeout, {"unknown", "timeout_exceeded"}},
    {kNoConnect, {"unknown", "failed_smtp_connection"}},
    {kConnectionLost, {"unknown", "forcible_disconnect"}},
    {kUnavailableSmtp, {"unknown", "mail_server_temporary_error"}},
    {kThrottled, {"unknown", "mail_server_temporary_error"}},
    {kGreylisted, {"unknown", "greylisted"}},
    {kBlocked, {"unknown", "antispam_system"}},
    {kNeedsReverseDns, {"unknown", "antispam_system"}},
    {kSenderRejected, {"unknown", "antispam_system"}},
    {kRelayDenied, {"unknown", "mail_server_temporary_error"}},
    {kTlsRequired, {"unknown", "failed_smtp_connection"}},
    {kProtocolError, {"unknown", "exception_occurred"}},
    {kPolicy, {"unknown", "antispam_system"}},
    {kDnsError, {"unknown", "mail_server_did_not_respond"}},
    {kCannotVerify, {"unknown", ""}},
    {kNotAttempted, {"unknown", ""}},
    {kUnexpectedError, {"unknown", "exception_occurred"}},
}};

static_assert(stand_in_the_order_of_reasons(kMappings));

// "2026-01-15 10:30:00.000", in UTC.
void processed_at(Writer& writer, const Row& row) {
  std::string text = to_iso8601(row.verdict.checked_at);
  text[text.find('T')] = ' ';
  text.pop_back();
  writer.text(text);
}

void mx_found(Writer& writer, const Row& row) {
  writer.text(row.verdict.mx && row.verdict.mx->found ? "true" : "false");
}

void mx_record(Writer& writer, const Row& row) {
  writer.text_or_null(row.verdict.mx ? row.verdict.mx->host : std::string());
}

void smtp_provider(Writer& writer, const Row& row) {
  writer.text_or_null(row.verdict.mx ? row.verdict.mx->provider : std::string());
}

void nothing(Writer& writer, const Row&) { writer.null(); }

// What they buy from others about persons and domains we do not have: those members are null.
constexpr ResultField kFields[] = {
    {"address", [](Writer& w, const Row& r) { w.text(r.verdict.email); }},
    {"status", [](Writer& w, const Row& r) { w.text(zerobounce_words(r.verdict.reason).status); }},
    {"sub_status",
     [](Writer& w, const Row& r) { w.text(zerobounce_words(r.verdict.reason).sub_status); }},
    {"free_email", [](Writer& w, const Row& r) { w.truth(r.verdict.is_free.value_or(false)); }},
    {"did_you_mean", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.suggestion); }},
    {"account", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.user); }},
    {"domain", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.domain); }},
    {"domain_age_days", nothing},
    {"smtp_provider", smtp_provider},
    {"mx_found", mx_found},
    {"mx_record", mx_record},
    {"firstname", nothing},
    {"lastname", nothing},
    {"gender", nothing},
    {"country", nothing},
    {"region", nothing},
    {"city", nothing},
    {"zipcode", nothing},
    {"processed_at", processed_at},
};

}  // namespace

ZeroBounceWords zerobounce_words(model::Reason reason) {
  return kMappings[static_cast<std::size_t>(reason)].words;
}

std::span<const ResultField> zerobounce_fields() { return kFields; }

}  // namespace verihook::jobs
