#include "address/email_address.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "address/address_literal.h"
#include "address/address_scanner.h"
#include "address/idn.h"
#include "address/special_names.h"
#include "base/text.h"

namespace verihook::address {
namespace {

std::unexpected<SyntaxError> broken(SyntaxRule rule, std::size_t position) {
  return std::unexpected(SyntaxError{rule, position});
}

std::size_t first_beyond_ascii(std::string_view text) {
  const auto found =
      std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return static_cast<std::size_t>(found - text.begin());
}

std::string normal_literal(std::string_view literal) {
  const auto content = literal.substr(1, literal.size() - 2);
  return fmt::format("[{}]", normalize_address_literal(content));
}

std::expected<std::string, SyntaxError> normal_domain(const ParsedAddress& parsed,
                                                      std::size_t domain_start) {
  if (parsed.domain_literal) return normal_literal(parsed.domain);
  auto ascii = to_ascii_domain(parsed.domain);
  if (!ascii) return broken(ascii.error(), domain_start);
  return *std::move(ascii);
}

bool has_numeric_top_level_domain(std::string_view domain) {
  return std::ranges::all_of(domain.substr(domain.rfind('.') + 1), is_digit);
}

// The most unusual thing first: what a reader of the verdict would want to know.
SyntaxRule form_of(const ParsedAddress& parsed) {
  if (parsed.domain_literal) return SyntaxRule::kAddressLiteral;
  if (parsed.quoted) return SyntaxRule::kQuotedString;
  if (parsed.eai) return SyntaxRule::kInternationalLocalPart;
  if (!is_ascii(parsed.domain)) return SyntaxRule::kInternationalDomain;
  const std::string_view domain = parsed.domain_ascii;
  if (has_numeric_top_level_domain(domain)) return SyntaxRule::kNumericTopLevelDomain;
  return domain.contains('.') ? SyntaxRule::kPlain : SyntaxRule::kTopLevelDomain;
}

void split_tag(ParsedAddress& parsed) {
  const std::string_view local = parsed.local_unquoted;
  const auto plus = local.find('+');
  if (plus == std::string_view::npos || plus == 0) {
    parsed.untagged = parsed.normalized;
    return;
  }
  const auto mailbox = local.substr(0, plus);
  // "a.+tag" is no mailbox "a." with a tag: that one would need quotation marks, and perhaps be too
  // long with them.
  parsed.tagged = is_dot_string(mailbox) || !is_dot_string(local);
  if (!parsed.tagged) {
    parsed.untagged = parsed.normalized;
    return;
  }
  parsed.tag = local.substr(plus + 1);
  parsed.untagged = quote_local_part(mailbox);
  parsed.untagged += '@';
  parsed.untagged += parsed.domain_ascii;
}

}  // namespace

std::string quote_local_part(std::string_view local_unquoted) {
  if (is_dot_string(local_unquoted)) return std::string(local_unquoted);
  std::string quoted = "\"";
  for (const char c : local_unquoted) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted += '"';
}

std::expected<ParsedAddress, SyntaxError> parse(std::string_view text) {
  const bool ascii = is_ascii(text);
  if (!ascii && !is_valid_utf8(text)) {
    return broken(SyntaxRule::kInvalidUtf8, first_beyond_ascii(text));
  }
  if (!ascii && has_forbidden_character(text)) {
    return broken(SyntaxRule::kForbiddenUnicode, first_beyond_ascii(text));
  }
  auto scanned = scan_address(text);
  if (scanned.problem) return broken(scanned.problem->rule, scanned.problem->position);

  std::expected<ParsedAddress, SyntaxError> result;
  ParsedAddress& parsed = *result;
  parsed.local_part = text.substr(0, scanned.at_sign);
  parsed.domain = text.substr(scanned.at_sign + 1);
  parsed.domain_literal = scanned.domain_literal;
  parsed.local_unquoted = std::move(scanned.local_unquoted);
  if (!ascii) {
    auto local = to_nfc(parsed.local_unquoted);
    if (!local) return broken(SyntaxRule::kForbiddenUnicode, first_beyond_ascii(text));
    parsed.local_unquoted = *std::move(local);
    // Form C may take characters beyond ASCII away (a Kelvin sign is a K), and even bring one that
    // needs quotation marks (a Greek question mark is a semicolon).
    parsed.eai = !is_ascii(parsed.local_unquoted);
  }
  // What was ASCII and had no quotation marks needs none now.
  const bool bare = (ascii && !scanned.quoted) || is_dot_string(parsed.local_unquoted);
  parsed.quoted = scanned.quoted || !bare;
  auto domain = normal_domain(parsed, scanned.at_sign + 1);
  if (!domain) return std::unexpected(domain.error());
  parsed.domain_ascii = *std::move(domain);
  parsed.form = form_of(parsed);

  parsed.normalized_local = bare ? parsed.local_unquoted : quote_local_part(parsed.local_unquoted);
  // Normalization may lengthen a text, and the wire carries the normal form.
  if (parsed.normalized_local.size() > kLocalPartOctetsMax) {
    return broken(SyntaxRule::kLocalPartTooLong, 0);
  }
  parsed.normalized.reserve(parsed.normalized_local.size() + 1 + parsed.domain_ascii.size());
  parsed.normalized.append(parsed.normalized_local).append(1, '@').append(parsed.domain_ascii);
  if (parsed.normalized.size() > kAddressOctetsMax) return broken(SyntaxRule::kAddressTooLong, 0);
  split_tag(parsed);
  return result;
}

Classification classify(std::string_view text) {
  const auto parsed = parse(text);
  if (parsed) return {Level::kEnvelope, parsed->form, 0};
  return {level_of(parsed.error().rule), parsed.error().rule, parsed.error().position};
}

std::optional<SyntaxError> judge(const ParsedAddress& parsed, const SyntaxPolicy& policy) {
  const std::size_t domain_at = parsed.local_part.size() + 1;
  if (parsed.quoted && !policy.allow_quoted) {
    return SyntaxError{SyntaxRule::kQuotedStringRefused, 0};
  }
  if (parsed.domain_literal) {
    if (policy.allow_domain_literal) return std::nullopt;
    return SyntaxError{SyntaxRule::kDomainLiteralRefused, domain_at};
  }
  const std::string_view domain = parsed.domain_ascii;
  // Names like "localhost" and "test" are both; what is said of them should be the more telling.
  if (!policy.allow_special_use && is_special_use(domain)) {
    return SyntaxError{SyntaxRule::kSpecialUseRefused, domain_at};
  }
  if (!policy.allow_numeric_top_level_domain && has_numeric_top_level_domain(domain)) {
    return SyntaxError{SyntaxRule::kNumericTopLevelDomainRefused, domain_at};
  }
  if (!policy.allow_single_label && !domain.contains('.')) {
    return SyntaxError{SyntaxRule::kSingleLabelRefused, domain_at};
  }
  return std::nullopt;
}

std::expected<ParsedAddress, SyntaxError> parse(std::string_view text, const SyntaxPolicy& policy) {
  auto parsed = parse(text);
  if (!parsed) return parsed;
  if (const auto refusal = judge(*parsed, policy)) return std::unexpected(*refusal);
  return parsed;
}

}  // namespace verihook::address
