#include "smtp/reply_rule.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::smtp {
namespace {

// Whether `test` holds for one of the parts of `list`, or for all of them.
template <class Test>
bool any_part(std::string_view list, char separator, Test test) {
  for (;;) {
    const auto end = list.find(separator);
    if (test(list.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    list.remove_prefix(end + 1);
  }
}
template <class Test>
bool every_part(std::string_view list, char separator, Test test) {
  return !any_part(list, separator, [&](std::string_view part) { return !test(part); });
}

bool says(std::string_view text, std::string_view condition) {
  return any_part(condition, '|', [&](std::string_view alternative) {
    return every_part(alternative, '&', [&](std::string_view phrase) {
      return text.find(phrase) != std::string_view::npos;
    });
  });
}

bool has_code(const ReplyFacts& facts, std::string_view codes) {
  if (codes.empty()) return false;
  const std::string code = fmt::format("{}", facts.code);
  return any_part(codes, ' ', [&](std::string_view part) { return part == code; });
}

bool has_enhanced(const ReplyFacts& facts, std::string_view patterns) {
  if (patterns.empty() || !facts.enhanced) return false;
  const std::string exact = fmt::format("{}.{}", facts.enhanced->subject, facts.enhanced->detail);
  const std::string subject = fmt::format("{}.*", facts.enhanced->subject);
  return any_part(patterns, ' ',
                  [&](std::string_view part) { return part == exact || part == subject; });
}

// Servers quote addresses, and an address can hold any word ("quota@example.org"). Every word that
// is left stands between spaces, so that a rule can ask for " ip " and not find "recipient".
std::string without_addresses(std::string_view text) {
  std::string out = " ";
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty() || word.find('@') != std::string_view::npos) continue;
    out.append(word).append(" ");
  }
  return out;
}

}  // namespace

ReplyFacts facts_of(Stage stage, const Reply& reply) {
  ReplyFacts facts{stage, reply.code, reply.enhanced, Severity::kPermanent, {}};
  if (facts.enhanced && facts.enhanced->class_digit == 2) facts.enhanced.reset();
  const bool temporary =
      reply.code / 100 == 4 || (facts.enhanced && facts.enhanced->class_digit == 4);
  if (temporary) facts.severity = Severity::kTemporary;
  facts.text = without_addresses(to_lower(reply.text()));
  return facts;
}

bool matches(const ReplyRule& rule, const ReplyFacts& facts) {
  if ((rule.stages & stage_bit(facts.stage)) == 0) return false;
  if (rule.severity != Severity::kAny && rule.severity != facts.severity) return false;
  const bool by_number = !rule.codes.empty() || !rule.enhanced.empty();
  if (by_number && !has_code(facts, rule.codes) && !has_enhanced(facts, rule.enhanced)) {
    return false;
  }
  if (!rule.text.empty() && !says(facts.text, rule.text)) return false;
  if (!rule.with.empty() && !says(facts.text, rule.with)) return false;
  return rule.unless.empty() || !says(facts.text, rule.unless);
}

}  // namespace verihook::smtp
