#include "verification/result_json.h"

#include "base/iso8601.h"
#include "webhooks/json_writer.h"

namespace verihook::verification {
namespace {

// Members appended under keys that are literals with all that stands between two values, because
// this is the innermost loop of every download.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) {}

  void text(std::string_view key, std::string_view value) {
    out_ += key;
    webhooks::append_js_string(out_, value);
  }
  void text_or_null(std::string_view key, std::string_view value) {
    if (value.empty()) {
      null(key);
    } else {
      text(key, value);
    }
  }
  void number(std::string_view key, std::int64_t value) {
    out_ += key;
    webhooks::append_js_integer(out_, value);
  }
  void number_or_null(std::string_view key, std::int64_t value) {
    if (value == 0) {
      null(key);
    } else {
      number(key, value);
    }
  }
  void truth(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
  void truth(std::string_view key, std::optional<bool> value) {
    if (value) {
      truth(key, *value);
    } else {
      null(key);
    }
  }
  void time(std::string_view key, WallTime value) {
    out_ += key;
    out_ += '"';
    append_iso8601(out_, value);
    out_ += '"';
  }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    out_ += key;
    out_ += '[';
    for (const std::string& value : values) {
      if (&value != &values.front()) out_ += ',';
      webhooks::append_js_string(out_, value);
    }
    out_ += ']';
  }
  void null(std::string_view key) { raw(key, "null"); }
  void raw(std::string_view key, std::string_view json) {
    out_ += key;
    out_ += json;
  }

 private:
  std::string& out_;
};

void append_mx(Members& members, const std::optional<model::MxEvidence>& mx) {
  if (!mx) {
    members.null(R"(,"mx":)");
    return;
  }
  members.truth(R"(,"mx":{"found":)", mx->found);
  members.text_or_null(R"(,"host":)", mx->host);
  members.texts(R"(,"records":)", mx->records);
  members.text_or_null(R"(,"provider":)", mx->provider);
  members.truth(R"(,"implicit":)", mx->implicit);
  members.truth(R"(,"null_mx":)", mx->null_mx);
  members.raw("}", "");
}

void append_smtp(Members& members, const model::SmtpEvidence& smtp) {
  members.truth(R"(,"smtp":{"checked":)", smtp.checked);
  members.text_or_null(R"(,"stage":)", smtp.stage == model::SmtpStage::kNone
                                           ? std::string_view()
                                           : model::to_string(smtp.stage));
  members.number_or_null(R"(,"code":)", smtp.code);
  members.text_or_null(R"(,"enhanced_code":)", smtp.enhanced_code);
  members.text_or_null(R"(,"message":)", smtp.message);
  members.number(R"(,"attempts":)", smtp.attempts);
  members.raw("}", "");
}

void append_address(Members& members, const model::Verdict& verdict) {
  members.text(R"({"email":)", verdict.email);
  members.text_or_null(R"(,"normalized_email":)", verdict.normalized_email);
  members.truth(R"(,"is_valid":)", verdict.is_valid());
  members.text(R"(,"status":)", model::to_string(verdict.status));
  members.text(R"(,"reason":)", model::to_string(verdict.reason));
  members.number(R"(,"score":)", verdict.score);
  members.truth(R"(,"is_disposable":)", verdict.is_disposable);
  members.truth(R"(,"is_role":)", verdict.is_role);
  members.truth(R"(,"is_free":)", verdict.is_free);
  members.truth(R"(,"is_catch_all":)", verdict.is_catch_all);
  members.truth(R"(,"is_full_mailbox":)", verdict.is_full_mailbox);
  members.truth(R"(,"is_disabled":)", verdict.is_disabled);
  members.truth(R"(,"is_alias_relay":)", verdict.is_alias_relay);
  members.truth(R"(,"is_tagged":)", verdict.is_tagged);
  members.text_or_null(R"(,"suggestion":)", verdict.suggestion);
  members.text_or_null(R"(,"user":)", verdict.user);
  members.text_or_null(R"(,"domain":)", verdict.domain);
}

void append_trace(Members& members, const Trace& trace) {
  members.texts(R"(,"trace":{"lists":)", trace.lists);
  members.texts(R"(,"dns":)", trace.dns);
  members.texts(R"(,"smtp":)", trace.smtp);
  members.raw("}", "");
}

}  // namespace

void append_result(std::string& out, const model::Verdict& verdict, const RowReference& reference,
                   const Trace* trace) {
  Members members(out);
  append_address(members, verdict);
  append_mx(members, verdict.mx);
  append_smtp(members, verdict.smtp);
  members.truth(R"(,"retryable":)", verdict.retryable);
  if (verdict.retry_after) {
    members.time(R"(,"retry_after":)", *verdict.retry_after);
  } else {
    members.null(R"(,"retry_after":)");
  }
  members.time(R"(,"checked_at":)", verdict.checked_at);
  members.number(R"(,"duration_ms":)", verdict.duration_ms);
  members.number_or_null(R"(,"row":)", reference.row);
  members.text_or_null(R"(,"id":)", reference.id);
  members.raw(R"(,"data":)", reference.data.empty() ? std::string_view("null") : reference.data);
  if (reference.duplicate) members.truth(R"(,"duplicate":)", true);
  if (!verdict.syntax.empty()) members.text(R"(,"syntax":)", verdict.syntax);
  if (trace != nullptr) append_trace(members, *trace);
  members.raw("}", "");
}

}  // namespace verihook::verification
