#include "jobs/result_record.h"

#include <array>
#include <cstring>

#include "base/varint.h"

namespace verihook::jobs {
namespace {

using Tristate = std::optional<bool> model::Verdict::*;

constexpr std::array<Tristate, 8> kFlags = {
    &model::Verdict::is_disposable,  &model::Verdict::is_role,         &model::Verdict::is_free,
    &model::Verdict::is_catch_all,   &model::Verdict::is_full_mailbox, &model::Verdict::is_disabled,
    &model::Verdict::is_alias_relay, &model::Verdict::is_tagged,
};

// How the normal form of the address is stored.
enum class Normalized : std::uint64_t {
  kNone,         // there is none
  kAsSubmitted,  // the same text
  kApart,        // a text of its own
};

// The bits of a record's head, the low ones first. Written and read by one function each, in one
// order.
struct Head {
  std::uint64_t bits = 0;
  unsigned at = 0;

  void put(std::uint64_t value, unsigned width) {
    bits |= value << at;
    at += width;
  }
  std::uint64_t take(unsigned width) {
    const std::uint64_t value = (bits >> at) & ((std::uint64_t{1} << width) - 1);
    at += width;
    return value;
  }
  bool take_bit() { return take(1) != 0; }
};
constexpr std::size_t kHeadBytes = 6;
constexpr unsigned kStatusBits = 2;  // the first ones

std::unexpected<Error> damaged() {
  return fail(Errc::kStorageFailed,
              "a stored result is damaged; restore the database from a backup");
}

// Most of the time the normal form is the two parts of the address joined.
bool is_joined(const model::Verdict& verdict) {
  const std::string& whole = verdict.normalized_email;
  return whole.size() == verdict.user.size() + 1 + verdict.domain.size() &&
         whole[verdict.user.size()] == '@' && whole.starts_with(verdict.user) &&
         whole.ends_with(verdict.domain);
}

bool first_record_is_host(const model::MxEvidence& mx) {
  return !mx.records.empty() && mx.records.front() == mx.host;
}

void put_flags(Head& head, const model::Verdict& verdict) {
  for (const Tristate flag : kFlags) {
    const auto& value = verdict.*flag;
    head.put(value ? (*value ? 2 : 1) : 0, 2);
  }
}

// What the bits say about the fields that follow them.
struct Layout {
  bool retry_after = false;
  bool mx = false;
  bool host_is_first_record = false;
  bool enhanced_code = false;
  bool message = false;
  Normalized normalized = Normalized::kNone;
  bool joined = false;
  bool suggestion = false;
  bool syntax = false;
  bool duplicate = false;  // of the row, not of the verdict
};

Head head_of(const model::Verdict& verdict, const Layout& layout) {
  Head head;
  head.put(static_cast<std::uint64_t>(verdict.status), kStatusBits);
  head.put(static_cast<std::uint64_t>(verdict.reason), 6);
  put_flags(head, verdict);
  head.put(verdict.retryable, 1);
  head.put(layout.retry_after, 1);
  head.put(layout.mx, 1);
  head.put(verdict.mx && verdict.mx->found, 1);
  head.put(verdict.mx && verdict.mx->implicit, 1);
  head.put(verdict.mx && verdict.mx->null_mx, 1);
  head.put(layout.host_is_first_record, 1);
  head.put(verdict.smtp.checked, 1);
  head.put(static_cast<std::uint64_t>(verdict.smtp.stage), 3);
  head.put(layout.enhanced_code, 1);
  head.put(layout.message, 1);
  head.put(static_cast<std::uint64_t>(layout.normalized), 2);
  head.put(layout.joined, 1);
  head.put(layout.suggestion, 1);
  head.put(layout.syntax, 1);
  head.put(layout.duplicate, 1);
  return head;
}

bool read_head(Head head, model::Verdict& verdict, Layout& layout) {
  verdict.status = static_cast<model::Status>(head.take(kStatusBits));
  const std::uint64_t reason = head.take(6);
  if (reason >= model::kReasonCount) return false;
  verdict.reason = static_cast<model::Reason>(reason);
  for (const Tristate flag : kFlags) {
    const std::uint64_t value = head.take(2);
    verdict.*flag = value == 0 ? std::nullopt : std::optional<bool>(value == 2);
  }
  verdict.retryable = head.take_bit();
  layout.retry_after = head.take_bit();
  layout.mx = head.take_bit();
  if (!layout.mx) {
    verdict.mx.reset();
  } else if (!verdict.mx) {
    verdict.mx.emplace();
  }
  model::MxEvidence none;
  model::MxEvidence& mx = verdict.mx ? *verdict.mx : none;
  mx.found = head.take_bit();
  mx.implicit = head.take_bit();
  mx.null_mx = head.take_bit();
  layout.host_is_first_record = head.take_bit();
  verdict.smtp.checked = head.take_bit();
  const std::uint64_t stage = head.take(3);
  if (stage > static_cast<std::uint64_t>(model::SmtpStage::kRcptTo)) return false;
  verdict.smtp.stage = static_cast<model::SmtpStage>(stage);
  layout.enhanced_code = head.take_bit();
  layout.message = head.take_bit();
  layout.normalized = static_cast<Normalized>(head.take(2));
  layout.joined = head.take_bit();
  layout.suggestion = head.take_bit();
  layout.syntax = head.take_bit();
  layout.duplicate = head.take_bit();
  return layout.normalized <= Normalized::kApart;
}

void append_mx(std::string& out, const model::MxEvidence& mx, bool host_is_first_record) {
  if (!host_is_first_record) append_field(out, mx.host);
  append_varint(out, mx.records.size());
  for (const std::string& record : mx.records) append_field(out, record);
  append_field(out, mx.provider);
}

bool take_text(std::string_view& in, std::string& text) {
  std::string_view field;
  if (!take_field(in, field)) return false;
  text.assign(field);
  return true;
}

// A field that is left out is empty.
bool take_text_if(bool there, std::string_view& in, std::string& text) {
  if (there) return take_text(in, text);
  text.clear();
  return true;
}

template <class Number>
bool take_number(std::string_view& in, Number& number) {
  std::uint64_t value = 0;
  if (!take_varint(in, value)) return false;
  number = static_cast<Number>(value);
  return true;
}

bool take_time(std::string_view& in, WallTime& time) {
  std::int64_t ms = 0;
  if (!take_number(in, ms)) return false;
  time = from_unix_ms(ms);
  return true;
}

bool read_mx(std::string_view& in, model::MxEvidence& mx, bool host_is_first_record) {
  if (!host_is_first_record && !take_text(in, mx.host)) return false;
  std::uint64_t count = 0;
  // Each takes a byte at least, so a damaged count cannot ask for more room than there is input.
  if (!take_varint(in, count) || count > in.size()) return false;
  mx.records.resize(count);
  for (std::string& record : mx.records) {
    if (!take_text(in, record)) return false;
  }
  if (host_is_first_record) {
    if (mx.records.empty()) return false;
    mx.host = mx.records.front();
  }
  return take_text(in, mx.provider);
}

bool read_address(std::string_view& in, model::Verdict& verdict, const Layout& layout) {
  if (!take_text(in, verdict.email)) return false;
  if (layout.normalized == Normalized::kAsSubmitted) {
    verdict.normalized_email = verdict.email;
  } else if (!take_text_if(layout.normalized == Normalized::kApart, in, verdict.normalized_email)) {
    return false;
  }
  if (!layout.joined) return take_text(in, verdict.user) && take_text(in, verdict.domain);
  std::size_t user_size = 0;
  const std::string_view whole = verdict.normalized_email;
  if (!take_number(in, user_size) || user_size >= whole.size()) return false;
  verdict.user.assign(whole.substr(0, user_size));
  verdict.domain.assign(whole.substr(user_size + 1));
  return true;
}

bool read_rest(std::string_view in, model::Verdict& verdict, const Layout& layout) {
  model::SmtpEvidence& smtp = verdict.smtp;
  if (!take_number(in, verdict.score) || !read_address(in, verdict, layout) ||
      !take_text_if(layout.suggestion, in, verdict.suggestion) ||
      !take_text_if(layout.syntax, in, verdict.syntax) ||
      (layout.mx && !read_mx(in, *verdict.mx, layout.host_is_first_record)) ||
      !take_number(in, smtp.code) || !take_text_if(layout.enhanced_code, in, smtp.enhanced_code) ||
      !take_text_if(layout.message, in, smtp.message) || !take_number(in, smtp.attempts)) {
    return false;
  }
  verdict.retry_after.reset();
  if (layout.retry_after && !take_time(in, verdict.retry_after.emplace())) return false;
  return take_time(in, verdict.checked_at) && take_number(in, verdict.duration_ms) && in.empty();
}

Layout layout_of(const model::Verdict& verdict) {
  Layout layout;
  layout.retry_after = verdict.retry_after.has_value();
  layout.mx = verdict.mx.has_value();
  layout.host_is_first_record = verdict.mx && first_record_is_host(*verdict.mx);
  layout.enhanced_code = !verdict.smtp.enhanced_code.empty();
  layout.message = !verdict.smtp.message.empty();
  layout.normalized = verdict.normalized_email.empty()            ? Normalized::kNone
                      : verdict.normalized_email == verdict.email ? Normalized::kAsSubmitted
                                                                  : Normalized::kApart;
  layout.joined = is_joined(verdict);
  layout.suggestion = !verdict.suggestion.empty();
  layout.syntax = !verdict.syntax.empty();
  return layout;
}

void append_address(std::string& out, const model::Verdict& verdict, const Layout& layout) {
  append_field(out, verdict.email);
  if (layout.normalized == Normalized::kApart) append_field(out, verdict.normalized_email);
  if (layout.joined) {
    append_varint(out, verdict.user.size());
  } else {
    append_field(out, verdict.user);
    append_field(out, verdict.domain);
  }
}

void append_time(std::string& out, WallTime time) {
  append_varint(out, static_cast<std::uint64_t>(to_unix_ms(time)));
}

}  // namespace

void append_record(std::string& out, const model::Verdict& verdict, std::string_view id,
                   std::string_view data, bool duplicate) {
  Layout layout = layout_of(verdict);
  layout.duplicate = duplicate;
  append_field(out, data);
  append_field(out, id);
  const Head head = head_of(verdict, layout);
  for (std::size_t i = 0; i < kHeadBytes; ++i) {
    out.push_back(static_cast<char>(head.bits >> (8 * i) & 0xff));
  }
  append_varint(out, static_cast<std::uint64_t>(verdict.score));
  append_address(out, verdict, layout);
  if (layout.suggestion) append_field(out, verdict.suggestion);
  if (layout.syntax) append_field(out, verdict.syntax);
  if (layout.mx) append_mx(out, *verdict.mx, layout.host_is_first_record);
  append_varint(out, static_cast<std::uint64_t>(verdict.smtp.code));
  if (layout.enhanced_code) append_field(out, verdict.smtp.enhanced_code);
  if (layout.message) append_field(out, verdict.smtp.message);
  append_varint(out, static_cast<std::uint64_t>(verdict.smtp.attempts));
  if (layout.retry_after) append_time(out, *verdict.retry_after);
  append_time(out, verdict.checked_at);
  append_varint(out, static_cast<std::uint64_t>(verdict.duration_ms));
}

Result<void> read_record(std::string_view record, StoredResult& into) {
  std::string_view rest = record;
  Layout layout;
  const bool begins =
      take_text(rest, into.data) && take_text(rest, into.id) && rest.size() >= kHeadBytes;
  Head head;
  for (std::size_t i = 0; begins && i < kHeadBytes; ++i) {
    head.bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
  }
  if (!begins || !read_head(head, into.verdict, layout) ||
      !read_rest(rest.substr(kHeadBytes), into.verdict, layout)) {
    return damaged();
  }
  into.duplicate = layout.duplicate;
  return {};
}

Result<model::Status> status_of_record(std::string_view record) {
  std::string_view passed;
  if (!take_field(record, passed) || !take_field(record, passed) || record.size() < kHeadBytes) {
    return damaged();
  }
  return static_cast<model::Status>(record.front() & ((1 << kStatusBits) - 1));
}

std::string_view data_of_record(std::string_view record) {
  std::string_view data;
  return take_field(record, data) ? data : std::string_view();
}

}  // namespace verihook::jobs
