#include "cli/audit_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

using verification::AuditCheck;
using verification::AuditReport;
using verification::CheckStatus;

Colour colour_of(CheckStatus status) {
  if (status == CheckStatus::kOk) return Colour::kGreen;
  return status == CheckStatus::kWarn ? Colour::kYellow : Colour::kRed;
}

// Broken between words into lines of at most `width` columns, each indented.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      out += std::string(indent, ' ') + line + "\n";
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line.empty() ? out : out + std::string(indent, ' ') + line + "\n";
}

std::string conclusion(const Terminal& terminal, const AuditReport& report) {
  if (!report.can_verify()) {
    return paint(terminal, Colour::kRed, "This host cannot verify addresses: see what failed.") +
           "\n";
  }
  std::string text = "This host can verify addresses";
  if (report.sources_that_can < report.sources) {
    text += fmt::format(", from {} of its {} addresses", report.sources_that_can, report.sources);
  }
  return paint(terminal, Colour::kGreen, text + ".") + "\n";
}

}  // namespace

std::string audit_text(const Terminal& terminal, const AuditReport& report) {
  constexpr std::size_t kIndent = 2;
  constexpr std::size_t kStatusWidth = 4;
  constexpr std::size_t kGap = 2;
  std::size_t name_width = 0;
  for (const AuditCheck& check : report.checks) {
    name_width = std::max(name_width, display_width(check.name));
  }
  const std::size_t indent = kIndent + kStatusWidth + kGap + name_width + kGap;
  const auto columns = static_cast<std::size_t>(terminal.width);
  const std::size_t width = columns > indent + 20 ? columns - indent : 20;
  std::string out;
  std::string source;
  for (const AuditCheck& check : report.checks) {
    if (check.source != source) {
      source = check.source;
      out += "\n" + paint(terminal, Colour::kBold, "As " + printable(source)) + "\n";
    }
    const std::string status(verification::to_string(check.status));
    // The first line of what was seen stands beside the check, so its indentation is cut off.
    const std::string what = check.seen.empty() ? "-" : printable(check.seen);
    const std::string seen = wrapped(what, width, indent).substr(indent);
    out += std::string(kIndent, ' ') + paint(terminal, colour_of(check.status), status) +
           std::string(kStatusWidth - status.size() + kGap, ' ') + check.name +
           std::string(name_width - display_width(check.name) + kGap, ' ') + seen;
    if (!check.advice.empty()) {
      const std::string arrow = terminal.unicode ? "→ " : "-> ";
      out += wrapped(arrow + printable(check.advice), width, indent);
    }
  }
  return out + "\n" + conclusion(terminal, report);
}

std::string audit_json(const AuditReport& report) {
  std::string out;
  webhooks::JsonWriter json(out);
  json.begin_object();
  json.member("can_verify", report.can_verify());
  json.key("checks");
  json.begin_array();
  const auto maybe = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  for (const AuditCheck& check : report.checks) {
    json.begin_object();
    json.member("check", check.name);
    json.member("source", maybe(check.source));
    json.member("status", verification::to_string(check.status));
    json.member("seen", check.seen);
    json.member("advice", maybe(check.advice));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace verihook::cli
