#include "verification/assessment.h"

#include <optional>
#include <utility>

#include "address/email_address.h"
#include "address/suggestion.h"
#include "base/text.h"
#include "verification/sandbox.h"
#include "verification/verdict_rules.h"

namespace verihook::verification {
namespace {

// What the lists say of one address; the hit that settles it, where one does.
std::optional<address::ListHit> look_up_lists(model::Verdict& verdict,
                                              const address::ParsedAddress& parsed,
                                              const address::Lists& lists) {
  const auto hits = lists.look_up(parsed.domain_ascii);
  verdict.is_disposable = hits.disposable.has_value();
  verdict.is_role = lists.role(parsed.local_unquoted).has_value();
  verdict.is_free = hits.free.has_value();
  verdict.is_alias_relay = hits.alias_relay.has_value();
  verdict.is_tagged = parsed.tagged;
  if (auto suggestion = address::suggest(parsed, lists, hits)) {
    verdict.suggestion = *std::move(suggestion);
  }
  return lists.suppressed(parsed.normalized, hits);
}

address::SyntaxPolicy policy_of(model::Syntax syntax) {
  switch (syntax) {
    case model::Syntax::kStandard:
      break;
    case model::Syntax::kStrict:
      return address::SyntaxPolicy::strict();
    case model::Syntax::kWebForm:
      return address::SyntaxPolicy::web_form();
  }
  return address::SyntaxPolicy{};
}

// The sandbox answers whatever the policy is; its name is one that a form refuses.
std::expected<address::ParsedAddress, address::SyntaxError> parse_for(std::string_view email,
                                                                      model::Syntax syntax) {
  auto parsed = address::parse(email);
  if (!parsed || parsed->domain_ascii == kSandboxDomain) return parsed;
  if (const auto refusal = address::judge(*parsed, policy_of(syntax))) {
    return std::unexpected(*refusal);
  }
  return parsed;
}

}  // namespace

Assessment assess(std::string_view email, const address::Lists& lists,
                  const model::JobOptions& options, WallTime now) {
  Assessment result;
  model::Verdict& verdict = result.verdict;
  verdict.email = email;
  verdict.checked_at = now;
  auto parsed = parse_for(trim(email), options.syntax);
  if (!parsed) {
    verdict.syntax = parsed.error().text();
    verdict.suggestion = address::suggest_repair(trim(email), lists).value_or("");
    settle(verdict, model::Reason::kInvalidEmail, options);
    result.settled = true;
    return result;
  }
  const auto suppressed = look_up_lists(verdict, *parsed, lists);
  const auto sandbox = sandbox_reason(parsed->local_unquoted, parsed->domain_ascii);
  result.needs_smtputf8 = parsed->eai;
  result.mailbox = parsed->normalized;
  result.domain = parsed->domain_ascii;
  verdict.normalized_email = std::move(parsed->normalized);
  verdict.user = std::move(parsed->normalized_local);
  verdict.domain = std::move(parsed->domain_ascii);

  result.settled = true;
  if (sandbox) {
    verdict.is_role = false;
    settle(verdict, *sandbox, options);
    add_sandbox_evidence(verdict);
  } else if (suppressed) {
    // Whoever is not to be written to is not to be asked about either.
    settle(verdict, model::Reason::kSuppressed, options);
  } else if (*verdict.is_disposable && options.disposable_as != model::DisposableAs::kFlag) {
    // The verdict is certain already; asking a throw-away host would only cost reputation.
    settle(verdict, model::Reason::kDisposable, options);
  } else if (parsed->domain_literal) {
    // A literal has no MX, and callers do not choose addresses for this program to connect to.
    settle(verdict, model::Reason::kCannotVerify, options);
  } else {
    result.settled = false;
  }
  return result;
}

std::vector<std::string> list_hits(std::string_view email, const address::Lists& lists) {
  const auto parsed = address::parse(trim(email));
  if (!parsed) return {};
  const auto hits = lists.look_up(parsed->domain_ascii);
  std::vector<std::string> found;
  for (const auto& hit : {lists.suppressed(parsed->normalized, hits), hits.disposable, hits.free,
                          hits.alias_relay, lists.role(parsed->local_unquoted), hits.popular}) {
    if (hit) found.push_back(hit->to_string());
  }
  return found;
}

}  // namespace verihook::verification
