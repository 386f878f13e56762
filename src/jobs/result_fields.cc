#include "jobs/result_fields.h"

namespace verihook::jobs {
namespace {

using Writer = ValueWriter;
using Row = StoredResult;

void smtp_code(Writer& writer, const Row& row) {
  if (row.verdict.smtp.code == 0) {
    writer.null();
  } else {
    writer.integer(row.verdict.smtp.code);
  }
}

void smtp_stage(Writer& writer, const Row& row) {
  const model::SmtpStage stage = row.verdict.smtp.stage;
  if (stage == model::SmtpStage::kNone) {
    writer.null();
  } else {
    writer.text(model::to_string(stage));
  }
}

void retry_after(Writer& writer, const Row& row) {
  if (row.verdict.retry_after) {
    writer.time(*row.verdict.retry_after);
  } else {
    writer.null();
  }
}

// Nothing where the object has no such member.
void duplicate(Writer& writer, const Row& row) {
  if (row.duplicate) {
    writer.truth(true);
  } else {
    writer.null();
  }
}

template <class Write>
void of_mx(Writer& writer, const Row& row, Write write) {
  if (row.verdict.mx) {
    write(*row.verdict.mx);
  } else {
    writer.null();
  }
}

constexpr ResultField kCsvFields[] = {
    {"email", [](Writer& w, const Row& r) { w.text(r.verdict.email); }},
    {"status", [](Writer& w, const Row& r) { w.text(model::to_string(r.verdict.status)); }},
    {"reason", [](Writer& w, const Row& r) { w.text(model::to_string(r.verdict.reason)); }},
    {"score", [](Writer& w, const Row& r) { w.integer(r.verdict.score); }},
    {"is_valid", [](Writer& w, const Row& r) { w.truth(r.verdict.is_valid()); }},
    {"normalized_email",
     [](Writer& w, const Row& r) { w.text_or_null(r.verdict.normalized_email); }},
    {"is_disposable", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_disposable); }},
    {"is_role", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_role); }},
    {"is_free", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_free); }},
    {"is_catch_all", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_catch_all); }},
    {"is_full_mailbox",
     [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_full_mailbox); }},
    {"is_disabled", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_disabled); }},
    {"is_alias_relay", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_alias_relay); }},
    {"is_tagged", [](Writer& w, const Row& r) { w.truth_or_null(r.verdict.is_tagged); }},
    {"suggestion", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.suggestion); }},
    {"user", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.user); }},
    {"domain", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.domain); }},
    {"mx.found",
     [](Writer& w, const Row& r) { of_mx(w, r, [&](const auto& mx) { w.truth(mx.found); }); }},
    {"mx.host",
     [](Writer& w, const Row& r) {
       of_mx(w, r, [&](const auto& mx) { w.text_or_null(mx.host); });
     }},
    {"mx.records",
     [](Writer& w, const Row& r) { of_mx(w, r, [&](const auto& mx) { w.texts(mx.records); }); }},
    {"mx.provider",
     [](Writer& w, const Row& r) {
       of_mx(w, r, [&](const auto& mx) { w.text_or_null(mx.provider); });
     }},
    {"mx.implicit",
     [](Writer& w, const Row& r) { of_mx(w, r, [&](const auto& mx) { w.truth(mx.implicit); }); }},
    {"mx.null_mx",
     [](Writer& w, const Row& r) { of_mx(w, r, [&](const auto& mx) { w.truth(mx.null_mx); }); }},
    {"smtp.checked", [](Writer& w, const Row& r) { w.truth(r.verdict.smtp.checked); }},
    {"smtp.stage", smtp_stage},
    {"smtp.code", smtp_code},
    {"smtp.enhanced_code",
     [](Writer& w, const Row& r) { w.text_or_null(r.verdict.smtp.enhanced_code); }},
    {"smtp.message", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.smtp.message); }},
    {"smtp.attempts", [](Writer& w, const Row& r) { w.integer(r.verdict.smtp.attempts); }},
    {"retryable", [](Writer& w, const Row& r) { w.truth(r.verdict.retryable); }},
    {"retry_after", retry_after},
    {"checked_at", [](Writer& w, const Row& r) { w.time(r.verdict.checked_at); }},
    {"duration_ms", [](Writer& w, const Row& r) { w.integer(r.verdict.duration_ms); }},
    {"row", [](Writer& w, const Row& r) { w.integer(r.number); }},
    {"id", [](Writer& w, const Row& r) { w.text_or_null(r.id); }},
    {"syntax", [](Writer& w, const Row& r) { w.text_or_null(r.verdict.syntax); }},
    {"duplicate", duplicate},
};

}  // namespace

std::span<const ResultField> csv_fields() { return kCsvFields; }

}  // namespace verihook::jobs
