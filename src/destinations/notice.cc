#include "destinations/notice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/utf8.h"
#include "crypto/encoding.h"
#include "destinations/remote_job.h"

namespace verihook::destinations {

namespace json = boost::json;

namespace {

constexpr std::size_t kLineBytesMax = 1'000;
constexpr std::size_t kMailLineBytes = 76;     // of base64; RFC 2045
constexpr std::size_t kEncodedWordBytes = 45;  // of text; 60 of base64 and the frame make 72
constexpr std::string_view kCrLf = "\r\n";

using Fill = void (*)(const model::Event& event, const json::object& payload, Notice& notice);

// What others wrote, cut at a character, on one line.
std::string line_of(const json::object& payload, std::string_view name) {
  std::string text = text_of(payload, name);
  if (text.size() > kLineBytesMax) {
    text.resize(utf8_prefix(text, kLineBytesMax).size());
    text += "…";
  }
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

const json::object& object_in(const json::object& payload, std::string_view name) {
  static const json::object kNone;
  const json::value* value = payload.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

void add_line(Notice& notice, std::string_view label, const std::string& text) {
  if (!text.empty()) notice.lines.push_back(fmt::format("{}: {}", label, text));
}

std::string job_of(const json::object& payload) { return "List " + line_of(payload, "job_id"); }

void add_summary(const json::object& payload, Notice& notice) {
  const json::object& summary = object_in(payload, "summary");
  if (summary.empty()) return;
  notice.lines.push_back(fmt::format("{} addresses: {} valid, {} invalid, {} risky, {} unknown",
                                     count_of(summary, "total"), count_of(summary, "valid"),
                                     count_of(summary, "invalid"), count_of(summary, "risky"),
                                     count_of(summary, "unknown")));
}

void completed(const model::Event&, const json::object& payload, Notice& notice) {
  notice.title = job_of(payload) + " is verified";
  add_summary(payload, notice);
  add_line(notice, "Results", line_of(payload, "download_url"));
}

void failed_job(const model::Event&, const json::object& payload, Notice& notice) {
  notice.title = fmt::format("{} failed: {}", job_of(payload), line_of(payload, "error_code"));
  add_line(notice, "Why", line_of(payload, "error_message"));
  notice.lines.push_back(fmt::format("{} of {} addresses were verified",
                                     count_of(payload, "processed_count"),
                                     count_of(payload, "total_count")));
  add_line(notice, "Partial results", line_of(payload, "download_url"));
}

void progressed(const model::Event&, const json::object& payload, Notice& notice) {
  const std::int64_t processed = count_of(payload, "processed_count");
  const std::int64_t total = count_of(payload, "total_count");
  notice.title =
      fmt::format("{} is {} % verified", job_of(payload), quarter_of(processed, total) * 25);
  notice.lines.push_back(fmt::format("{} of {} addresses", processed, total));
  add_line(notice, "Expected end", line_of(payload, "estimated_completion"));
}

void verified(const model::Event&, const json::object& payload, Notice& notice) {
  const json::object& result = object_in(payload, "result");
  notice.title = fmt::format("{} is {}", line_of(result, "email"), line_of(result, "status"));
  add_line(notice, "Reason", line_of(result, "reason"));
}

void endpoint_disabled(const model::Event&, const json::object& payload, Notice& notice) {
  notice.title = fmt::format("Endpoint {} was disabled", line_of(payload, "endpoint_id"));
  add_line(notice, "URL", line_of(payload, "url"));
  add_line(notice, "Why", line_of(payload, "disabled_reason"));
}

void dead_lettered(const model::Event&, const json::object& payload, Notice& notice) {
  notice.title = fmt::format("Delivery {} was given up after {} attempts",
                             line_of(payload, "delivery_id"), count_of(payload, "attempt_count"));
  add_line(notice, "Event",
           fmt::format("{} {}", line_of(payload, "failed_event_type"),
                       line_of(payload, "failed_event_id")));
  add_line(notice, "Destination", line_of(payload, "endpoint_id"));
  add_line(notice, "Last error", line_of(payload, "last_error"));
}

void source_rejecting(const model::Event&, const json::object& payload, Notice& notice) {
  notice.title = fmt::format("Source {} refused {} requests in {} s", line_of(payload, "source"),
                             count_of(payload, "rejected_count"), count_of(payload, "window_s"));
  add_line(notice, "Last reason", line_of(payload, "last_reason"));
}

void alert(const model::Event& event, const json::object& payload, Notice& notice) {
  const std::string subject = line_of(payload, "subject");
  notice.title = fmt::format(
      "{}: {}{}{}", event.type == model::event_type::kAlertRaised ? "Alert" : "Alert is over",
      line_of(payload, "alert"), subject.empty() ? "" : " of ", subject);
  const std::string message = line_of(payload, "message");
  if (!message.empty()) notice.lines.push_back(message);
}

void test(const model::Event&, const json::object& payload, Notice& notice) {
  notice.title = "A test of verihook";
  const std::string message = line_of(payload, "message");
  if (!message.empty()) notice.lines.push_back(message);
}

struct TypeRow {
  std::string_view type;
  Fill fill;
};
constexpr std::array<TypeRow, 10> kTypes = {{
    {model::event_type::kBulkCompleted, completed},
    {model::event_type::kBulkFailed, failed_job},
    {model::event_type::kBulkProgress, progressed},
    {model::event_type::kVerificationCompleted, verified},
    {model::event_type::kEndpointDisabled, endpoint_disabled},
    {model::event_type::kDeliveryDeadLettered, dead_lettered},
    {model::event_type::kSourceRejecting, source_rejecting},
    {model::event_type::kAlertRaised, alert},
    {model::event_type::kAlertCleared, alert},
    {model::event_type::kWebhookTest, test},
}};

// In Slack's text these three begin links, mentions and entities.
std::string slack_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

// RFC 2047 where the text is not ASCII; a word never ends within a character. A header line of mail
// has 998 bytes at most, so long titles are folded there, too.
std::string header_text(std::string_view text) {
  if (is_plain(text) && text.size() <= kMailLineBytes) return std::string(text);
  std::string encoded;
  while (!text.empty()) {
    const std::size_t end = std::max<std::size_t>(1, utf8_prefix(text, kEncodedWordBytes).size());
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += "=?utf-8?B?" + crypto::base64_encode(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return encoded;
}

std::string mail_date(WallTime date) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(date));
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds));
}

}  // namespace

Notice notice_of(const model::Event& event, const json::object& payload) {
  Notice notice;
  const auto* row = std::ranges::find(kTypes, event.type, &TypeRow::type);
  if (row != kTypes.end()) {
    row->fill(event, payload, notice);
  } else {
    notice.title = "Received: " + event.type;
  }
  add_line(notice, "Source", event.source_name);
  add_line(notice, "Tenant", event.tenant_id == "default" ? "" : event.tenant_id);
  add_line(notice, "Event", event.id);
  std::ranges::replace_if(
      notice.title, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return notice;
}

std::string slack_form_of(const Notice& notice) {
  std::string text = "*" + slack_escaped(notice.title) + "*";
  for (const std::string& line : notice.lines) text += "\n" + slack_escaped(line);
  return json::serialize(json::object{{"text", text}});
}

std::string mail_form_of(const Notice& notice, const MailHead& head) {
  const std::string domain = head.from.substr(head.from.rfind('@') + 1);
  std::string mail = fmt::format(
      "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      head.from, fmt::join(head.to, ",\r\n "), header_text(notice.title), mail_date(head.date),
      head.id, domain);
  std::string text = notice.title + "\r\n\r\n";
  for (const std::string& line : notice.lines) text += line + "\r\n";
  const std::string encoded = crypto::base64_encode(text);
  for (std::size_t begin = 0; begin < encoded.size(); begin += kMailLineBytes) {
    mail.append(encoded, begin, kMailLineBytes).append(kCrLf);
  }
  return mail;
}

}  // namespace verihook::destinations
