// address::parse on any bytes. Checked:
// - the normal form is read as itself, and so is the form without its tag; both are UTF-8 without
//   control characters, so that they can stand in an SMTP command;
// - the lengths of RFC 5321 hold for the normal form, its domain is lower-case ASCII, and shown as
//   U-labels it converts back to itself;
// - what the strictest policy accepts would pass any sign-up form: one "@", no quotation marks, no
//   brackets, no white space, no separator of lists;
// - classify() agrees with parse(), and a refusal has a sentence and a position inside the text.
#include <algorithm>

#include "address/address_scanner.h"
#include "address/email_address.h"
#include "address/idn.h"
#include "tests/fuzz/fuzz.h"

namespace verihook::fuzz {
namespace {

using address::ParsedAddress;

constexpr std::size_t kDnsNameBytesMax = 253;

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

void check_domain(const ParsedAddress& parsed) {
  const std::string_view domain = parsed.domain_ascii;
  check(address::is_ascii(domain) && !domain.empty(), "a domain is ASCII", domain);
  check(std::ranges::none_of(domain, [](char c) { return c >= 'A' && c <= 'Z'; }),
        "a domain is lower case", domain);
  check(parsed.domain_literal == domain.starts_with('['), "only a literal has brackets", domain);
  if (parsed.domain_literal) return;
  check(domain.size() <= kDnsNameBytesMax, "a domain is a DNS name", domain);
  for (const std::string_view label : split(domain, '.')) {
    check(!label.empty() && label.size() <= address::kLabelOctetsMax && !label.starts_with('-') &&
              !label.ends_with('-') &&
              std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; }),
          "a label is letters, digits and inner hyphens", domain);
  }
  const std::string shown = address::to_unicode_domain(domain);
  check(is_valid_utf8(shown), "a domain is shown as UTF-8", shown);
  const auto back = address::to_ascii_domain(shown);
  check(back.has_value(), "what is shown is a domain", shown);
  check_equal(*back, domain, "what is shown is the domain that was meant");
}

void check_normal_form(const ParsedAddress& parsed) {
  check(is_valid_utf8(parsed.normalized) && !has_control_character(parsed.normalized),
        "a normal form is UTF-8 without control characters", parsed.normalized);
  check(parsed.normalized.size() <= address::kAddressOctetsMax &&
            parsed.normalized_local.size() <= address::kLocalPartOctetsMax,
        "a normal form keeps the lengths of RFC 5321", parsed.normalized);
  check_equal(parsed.normalized, parsed.normalized_local + "@" + parsed.domain_ascii,
              "a normal form is its two parts");
  check(parsed.eai == !address::is_ascii(parsed.normalized_local),
        "SMTPUTF8 is needed for what the normal form holds", parsed.normalized);
  const auto again = address::parse(parsed.normalized);
  check(again.has_value(), "a normal form is an address", parsed.normalized);
  check_equal(again->normalized, parsed.normalized, "a normal form is its own");
  check_equal(again->local_unquoted, parsed.local_unquoted, "a normal form keeps the local part");
  check(again->tagged == parsed.tagged && again->tag == parsed.tag &&
            again->untagged == parsed.untagged,
        "a normal form keeps the tag", parsed.normalized);
}

void check_untagged(const ParsedAddress& parsed) {
  if (!parsed.tagged) {
    check_equal(parsed.untagged, parsed.normalized, "without a tag there is nothing to take away");
    return;
  }
  const auto untagged = address::parse(parsed.untagged);
  check(untagged.has_value(), "an address without its tag is an address", parsed.untagged);
  check_equal(untagged->normalized, parsed.untagged, "an address without its tag is normal");
  check(!untagged->tagged, "a tag is taken away whole", parsed.untagged);
}

// What an address that strict() accepts must not hold.
constexpr std::string_view kNotInForms = " \t\"\\()<>[],;:";

void check_strict(const ParsedAddress& parsed) {
  const address::SyntaxPolicy strict{.allow_quoted = false, .allow_domain_literal = false};
  if (address::judge(parsed, strict)) return;
  check(std::ranges::count(parsed.normalized, '@') == 1 &&
            parsed.normalized.find_first_of(kNotInForms) == std::string::npos,
        "what the strict policy accepts is plain", parsed.normalized);
  check(address::is_dot_string(parsed.normalized_local),
        "what the strict policy accepts needs no quotation marks", parsed.normalized);
  check(address::parse(parsed.normalized, strict).has_value(),
        "the strict policy accepts the normal form of what it accepts", parsed.normalized);
}

}  // namespace

void run_one(std::string_view input) {
  const auto parsed = address::parse(input);
  const auto classified = address::classify(input);
  check((classified.level == address::Level::kEnvelope) == parsed.has_value(),
        "an envelope address is what parse() accepts", input);
  if (!parsed) {
    check(parsed.error().position <= input.size(), "a fault is inside the text", input);
    check(classified.rule == parsed.error().rule, "classify() names the rule of parse()", input);
    check_sentence(parsed.error().text());
    return;
  }
  check(address::level_of(parsed->form) == address::Level::kEnvelope,
        "an envelope address has an envelope rule", input);
  check_domain(*parsed);
  check_normal_form(*parsed);
  check_untagged(*parsed);
  check_strict(*parsed);
}

}  // namespace verihook::fuzz
