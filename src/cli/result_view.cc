#include "cli/result_view.h"

#include <array>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "cli/api_client.h"

namespace verihook::cli {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kFlags = {{
    {"is_free", "free provider"},
    {"is_role", "role account"},
    {"is_disposable", "disposable"},
    {"is_catch_all", "catch-all"},
    {"is_full_mailbox", "mailbox full"},
    {"is_disabled", "disabled"},
    {"is_alias_relay", "alias relay"},
    {"is_tagged", "tagged"},
}};

// A member of an object inside the object, or null; a dot separates the two names.
const json::value* member(const json::object& object, std::string_view path) {
  const auto dot = path.find('.');
  const json::value* value = object.if_contains(path.substr(0, dot));
  if (value == nullptr || dot == path.npos) return value;
  const json::object* inner = value->if_object();
  return inner == nullptr ? nullptr : inner->if_contains(path.substr(dot + 1));
}

std::string as_text(const json::value* value) {
  if (value == nullptr || value->is_null()) return "";
  if (const auto* text = value->if_string()) return printable(*text);
  return json::serialize(*value);
}

std::string mail_host(const json::object& result) {
  const json::value* null_mx = member(result, "mx.null_mx");
  if (null_mx != nullptr && null_mx->is_bool() && null_mx->get_bool()) {
    return "none: the domain says that it takes no mail";
  }
  std::string host = as_text(member(result, "mx.host"));
  const std::string provider = as_text(member(result, "mx.provider"));
  if (!host.empty() && !provider.empty()) host += fmt::format(" ({})", provider);
  return host;
}

std::string conversation(const json::object& result) {
  std::string text = as_text(member(result, "smtp.stage"));
  for (const auto* path : {"smtp.code", "smtp.enhanced_code", "smtp.message"}) {
    const std::string part = as_text(member(result, path));
    if (!part.empty()) text += (text.empty() ? "" : " ") + part;
  }
  return text;
}

std::string flags(const json::object& result) {
  std::string text;
  for (const auto& [name, meaning] : kFlags) {
    const json::value* value = member(result, name);
    if (value == nullptr || !value->is_bool() || !value->get_bool()) continue;
    text += (text.empty() ? "" : ", ") + std::string(meaning);
  }
  return text;
}

// What `--trace` adds: the lines of each part under its name.
std::string trace_text(const Terminal& terminal, const json::object& result) {
  std::string text;
  for (const std::string part : {"lists", "dns", "smtp"}) {
    const json::value* lines = member(result, "trace." + part);
    if (lines == nullptr || !lines->is_array() || lines->get_array().empty()) continue;
    text += "  " + paint(terminal, Colour::kBold, part) + "\n";
    for (const json::value& line : lines->get_array()) text += "    " + as_text(&line) + "\n";
  }
  return text;
}

}  // namespace

std::string verdict_text(const Terminal& terminal, const json::object& result) {
  const std::string status = text_of(result, "status");
  std::vector<std::vector<Cell>> rows = {
      {{"verdict"},
       {fmt::format("{}  {}  score {}", status, text_of(result, "reason"),
                    number_of(result, "score")),
        false, colour_of_status(status)}}};
  const auto line = [&](std::string_view label, std::string text) {
    if (text.empty()) return;
    const std::size_t room = static_cast<std::size_t>(terminal.width) - 15;
    rows.push_back({{std::string(label)}, {terminal.is_terminal ? clipped(text, room) : text}});
  };
  line("syntax", as_text(member(result, "syntax")));
  line("mail host", mail_host(result));
  line("smtp", conversation(result));
  line("flags", flags(result));
  if (const auto suggestion = as_text(member(result, "suggestion")); !suggestion.empty()) {
    line("suggestion", "did you mean " + suggestion + "?");
  }
  if (const auto* again = member(result, "retryable"); again && again->is_bool()) {
    const std::string after = as_text(member(result, "retry_after"));
    if (again->get_bool()) line("again", after.empty() ? "worth another try" : "after " + after);
  }
  line("took", fmt::format("{} ms", number_of(result, "duration_ms")));
  return paint(terminal, Colour::kBold, printable(text_of(result, "email"))) + "\n" +
         aligned(terminal, rows) + trace_text(terminal, result);
}

std::string summary_table(const Terminal& terminal, const json::object& summary) {
  const auto total = number_of(summary, "total");
  std::vector<std::vector<Cell>> rows;
  const auto row = [&](std::string_view name, Colour colour) {
    const auto count = number_of(summary, name);
    const double percent =
        total == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(total);
    rows.push_back({{std::string(name), false, colour},
                    {with_thousands(count), true},
                    {fmt::format("{:.1f} %", percent), true}});
  };
  for (const auto* status : {"valid", "invalid", "risky", "unknown"}) {
    row(status, colour_of_status(status));
  }
  row("total", Colour::kBold);
  std::string also;
  for (const auto* name : {"disposable", "catch_all", "role", "free", "duplicates"}) {
    const auto count = number_of(summary, name);
    if (count > 0) {
      also += fmt::format("{}{} {}", also.empty() ? "" : ", ", with_thousands(count), name);
    }
  }
  std::string out = aligned(terminal, rows);
  if (!also.empty()) out += paint(terminal, Colour::kDim, "  of which: " + also) + "\n";
  return out;
}

Progress progress_of(const json::object& job) {
  Progress progress;
  progress.processed = number_of(job, "processed_count");
  progress.total = number_of(job, "total_count");
  const json::value* summary = job.if_contains("summary");
  if (summary != nullptr && summary->is_object()) {
    const json::object& counts = summary->get_object();
    progress.valid = number_of(counts, "valid");
    progress.invalid = number_of(counts, "invalid");
    progress.risky = number_of(counts, "risky");
    progress.unknown = number_of(counts, "unknown");
  }
  return progress;
}

}  // namespace verihook::cli
