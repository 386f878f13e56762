#include "verification/result_json.h"

#include "webhooks/json_writer.h"

namespace verihook::verification {
namespace {

using webhooks::JsonWriter;

void member_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

void append_mx(JsonWriter& json, const std::optional<model::MxEvidence>& mx) {
  json.key("mx");
  if (!mx) {
    json.null();
    return;
  }
  json.begin_object();
  json.member("found", mx->found);
  member_or_null(json, "host", mx->host);
  json.key("records");
  json.begin_array();
  for (const std::string& record : mx->records) json.value(record);
  json.end_array();
  member_or_null(json, "provider", mx->provider);
  json.member("implicit", mx->implicit);
  json.member("null_mx", mx->null_mx);
  json.end_object();
}

void append_smtp(JsonWriter& json, const model::SmtpEvidence& smtp) {
  json.key("smtp");
  json.begin_object();
  json.member("checked", smtp.checked);
  member_or_null(json, "stage",
                 smtp.stage == model::SmtpStage::kNone ? "" : model::to_string(smtp.stage));
  json.key("code");
  if (smtp.code == 0) {
    json.null();
  } else {
    json.value(smtp.code);
  }
  member_or_null(json, "enhanced_code", smtp.enhanced_code);
  member_or_null(json, "message", smtp.message);
  json.member("attempts", smtp.attempts);
  json.end_object();
}

void append_lines(JsonWriter& json, std::string_view name, const std::vector<std::string>& lines) {
  json.key(name);
  json.begin_array();
  for (const std::string& line : lines) json.value(line);
  json.end_array();
}

void append_trace(JsonWriter& json, const Trace& trace) {
  json.key("trace");
  json.begin_object();
  append_lines(json, "lists", trace.lists);
  append_lines(json, "dns", trace.dns);
  append_lines(json, "smtp", trace.smtp);
  json.end_object();
}

}  // namespace

void append_result(std::string& out, const model::Verdict& verdict, const RowReference& reference,
                   const Trace* trace) {
  JsonWriter json(out);
  json.begin_object();
  json.member("email", verdict.email);
  member_or_null(json, "normalized_email", verdict.normalized_email);
  json.member("is_valid", verdict.is_valid());
  json.member("status", model::to_string(verdict.status));
  json.member("reason", model::to_string(verdict.reason));
  json.member("score", verdict.score);
  json.member("is_disposable", verdict.is_disposable);
  json.member("is_role", verdict.is_role);
  json.member("is_free", verdict.is_free);
  json.member("is_catch_all", verdict.is_catch_all);
  json.member("is_full_mailbox", verdict.is_full_mailbox);
  json.member("is_disabled", verdict.is_disabled);
  json.member("is_alias_relay", verdict.is_alias_relay);
  json.member("is_tagged", verdict.is_tagged);
  member_or_null(json, "suggestion", verdict.suggestion);
  member_or_null(json, "user", verdict.user);
  member_or_null(json, "domain", verdict.domain);
  append_mx(json, verdict.mx);
  append_smtp(json, verdict.smtp);
  json.member("retryable", verdict.retryable);
  json.key("retry_after");
  if (verdict.retry_after) {
    json.value(to_iso8601(*verdict.retry_after));
  } else {
    json.null();
  }
  json.member("checked_at", to_iso8601(verdict.checked_at));
  json.member("duration_ms", verdict.duration_ms);
  json.key("row");
  if (reference.row > 0) {
    json.value(reference.row);
  } else {
    json.null();
  }
  member_or_null(json, "id", reference.id);
  json.key("data");
  if (reference.data.empty()) {
    json.null();
  } else {
    json.raw(reference.data);
  }
  if (!verdict.syntax.empty()) json.member("syntax", verdict.syntax);
  if (trace != nullptr) append_trace(json, *trace);
  json.end_object();
}

}  // namespace verihook::verification
