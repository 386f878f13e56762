#include "verification/assessment.h"

#include "address/email_address.h"
#include "address/suggestion.h"
#include "base/text.h"
#include "verification/sandbox.h"
#include "verification/verdict_rules.h"

namespace verihook::verification {
namespace {

void look_up_lists(model::Verdict& verdict, const address::ParsedAddress& parsed,
                   const address::Lists& lists) {
  verdict.is_disposable = lists.disposable(parsed.domain_ascii).has_value();
  verdict.is_role = lists.role(parsed.local_unquoted).has_value();
  verdict.is_free = lists.free(parsed.domain_ascii).has_value();
  verdict.is_alias_relay = lists.alias_relay(parsed.domain_ascii).has_value();
  verdict.is_tagged = parsed.tagged;
  if (auto suggestion = address::suggest(parsed, lists)) verdict.suggestion = *suggestion;
}

}  // namespace

Assessment assess(std::string_view email, const address::Lists& lists,
                  const model::JobOptions& options, WallTime now) {
  Assessment result;
  model::Verdict& verdict = result.verdict;
  verdict.email = email;
  verdict.checked_at = now;
  const auto parsed = address::parse(trim(email), address::SyntaxPolicy{});
  if (!parsed) {
    verdict.syntax = parsed.error().text();
    settle(verdict, model::Reason::kInvalidEmail, options);
    result.settled = true;
    return result;
  }
  verdict.normalized_email = parsed->normalized;
  verdict.user = parsed->normalized_local;
  verdict.domain = parsed->domain_ascii;
  result.mailbox = parsed->normalized;
  result.domain = parsed->domain_ascii;
  result.needs_smtputf8 = parsed->eai;
  look_up_lists(verdict, *parsed, lists);

  if (const auto reason = sandbox_reason(parsed->local_unquoted, parsed->domain_ascii)) {
    verdict.is_role = false;
    settle(verdict, *reason, options);
    add_sandbox_evidence(verdict);
    result.settled = true;
  } else if (*verdict.is_disposable && options.disposable_as != model::DisposableAs::kFlag) {
    // The verdict is certain already; asking a throw-away host would only cost reputation.
    settle(verdict, model::Reason::kDisposable, options);
    result.settled = true;
  }
  return result;
}

}  // namespace verihook::verification
