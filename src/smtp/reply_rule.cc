#include "smtp/reply_rule.h"

#include "base/text.h"

namespace verihook::smtp {
namespace {

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

}  // namespace verihook::smtp
