#include "verification/spf_record.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "dns/reverse_name.h"

namespace verihook::verification {
namespace {

constexpr std::string_view kVersion = "v=spf1";
constexpr std::size_t kDomainBytesMax = 253;

struct MechanismRow {
  std::string_view name;
  SpfMechanism mechanism;
  bool takes_domain;
  bool needs_domain;
  bool takes_prefix;
};
// The two kinds of ranges are read apart.
constexpr MechanismRow kMechanisms[] = {
    {"all", SpfMechanism::kAll, false, false, false},
    {"include", SpfMechanism::kInclude, true, true, false},
    {"a", SpfMechanism::kA, true, false, true},
    {"mx", SpfMechanism::kMx, true, false, true},
    {"ptr", SpfMechanism::kPtr, true, false, false},
    {"exists", SpfMechanism::kExists, true, true, false},
};

std::unexpected<Error> wrong(std::string_view term, std::string_view why) {
  return fail(Errc::kInvalidArgument, fmt::format("\"{}\" {}", term, why));
}

// Cuts "/digits" off the end of `text`; nothing when it does not end so.
std::optional<std::uint64_t> cut_prefix(std::string_view& text, std::string_view slashes) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[text.size() - 1 - digits])) ++digits;
  const std::string_view before = text.substr(0, text.size() - digits);
  if (digits == 0 || !before.ends_with(slashes)) return std::nullopt;
  const auto number = parse_u64(text.substr(before.size()));
  text = before.substr(0, before.size() - slashes.size());
  return number;
}

Result<void> read_prefixes(SpfTerm& term, std::string_view& rest) {
  constexpr unsigned kV4Bits = 32;
  constexpr unsigned kV6Bits = 128;
  if (const auto v6 = cut_prefix(rest, "//")) {
    if (*v6 > kV6Bits) return wrong(term.text, "has a prefix beyond 128");
    term.prefix_v6 = static_cast<unsigned>(*v6);
  }
  if (const auto v4 = cut_prefix(rest, "/")) {
    if (*v4 > kV4Bits) return wrong(term.text, "has a prefix beyond 32");
    term.prefix_v4 = static_cast<unsigned>(*v4);
  }
  return {};
}

Result<void> read_range(SpfTerm& term, std::string_view value, bool v6) {
  const std::size_t slash = value.find('/');
  const auto address = net::IpAddress::parse(value.substr(0, slash));
  const bool colons = value.substr(0, slash).contains(':');
  if (!address || colons != v6) return wrong(term.text, "has no address of its kind");
  unsigned bits = address->v6 ? 128 : 32;
  term.range = {*address, bits};
  if (slash == value.npos) return {};
  const auto prefix = parse_u64(value.substr(slash + 1));
  if (!prefix || *prefix > (v6 ? 128u : 32u)) return wrong(term.text, "has a prefix out of range");
  // A mapped IPv4 address in an ip6 term is an IPv4 address here, with the prefix of that.
  bits = static_cast<unsigned>(*prefix);
  if (v6 && !address->v6) bits = bits > 96 ? bits - 96 : 0;
  term.range.prefix_length = bits;
  return {};
}

Result<SpfTerm> read_mechanism(std::string_view text) {
  constexpr std::string_view kQualifiers = "+-~?";
  constexpr std::array kResults = {SpfResult::kPass, SpfResult::kFail, SpfResult::kSoftFail,
                                   SpfResult::kNeutral};
  SpfTerm term;
  term.text = text;
  if (const auto qualifier = kQualifiers.find(text.front()); qualifier != kQualifiers.npos) {
    term.result = kResults[qualifier];
    text.remove_prefix(1);
  }
  const std::size_t end = std::min(text.find_first_of(":/"), text.size());
  const std::string name = to_lower(text.substr(0, end));
  std::string_view rest = text.substr(end);
  if (name == "ip4" || name == "ip6") {
    if (!rest.starts_with(':')) return wrong(term.text, "has no address");
    term.mechanism = SpfMechanism::kIp;
    TRY_VOID(read_range(term, rest.substr(1), name == "ip6"));
    return term;
  }
  const auto row = std::ranges::find(kMechanisms, name, &MechanismRow::name);
  if (row == std::end(kMechanisms)) return wrong(term.text, "is not a mechanism");
  term.mechanism = row->mechanism;
  if (row->takes_prefix) TRY_VOID(read_prefixes(term, rest));
  if (rest.empty()) {
    if (row->needs_domain) return wrong(term.text, "has no domain");
    return term;
  }
  if (!row->takes_domain || !rest.starts_with(':') || rest.size() == 1) {
    return wrong(term.text, "has something behind its name that does not belong there");
  }
  term.domain = rest.substr(1);
  return term;
}

bool is_modifier_name(std::string_view name) {
  return !name.empty() && is_alpha(name.front()) && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
}

Result<void> read_term(SpfRecord& record, std::string_view text) {
  const std::size_t sign = text.find_first_of(":/=");
  if (sign != text.npos && text[sign] == '=' && is_modifier_name(text.substr(0, sign))) {
    const std::string name = to_lower(text.substr(0, sign));
    if (name != "redirect") return {};  // others explain or are of the future
    if (record.redirect || sign + 1 == text.size()) {
      return wrong(text, record.redirect ? "is there twice" : "has no domain");
    }
    record.redirect = text.substr(sign + 1);
    return {};
  }
  TRY(term, read_mechanism(text));
  record.terms.push_back(std::move(term));
  return {};
}

// One macro: what it stands for, before it is transformed.
std::optional<std::string> macro_value(char letter, const SpfIdentity& identity,
                                       std::string_view domain) {
  const std::string_view sender = identity.sender;
  const std::string_view sender_domain = domain_of_sender(sender);
  switch (to_lower(letter)) {
    case 's':
      return std::string(sender);
    case 'l':
      return std::string(sender.substr(0, sender.size() - sender_domain.size() - 1));
    case 'o':
      return std::string(sender_domain);
    case 'd':
      return std::string(domain);
    case 'i': {
      if (!identity.address.v6) return identity.address.to_string();
      const std::string reversed = dns::reversed_labels(identity.address);
      return std::string(reversed.rbegin(), reversed.rend());
    }
    case 'p':
      return "unknown";  // section 7.3 discourages it: too dear to find out
    case 'v':
      return identity.address.v6 ? "ip6" : "in-addr";
    case 'h':
      return identity.helo;
    default:
      return std::nullopt;
  }
}

// "d2r-": the letter, how many labels from the right, whether to turn them around, what separates
// them.
Result<std::string> expand_one(std::string_view body, const SpfIdentity& identity,
                               std::string_view domain) {
  const auto bad = [&] { return wrong(fmt::format("%{{{}}}", body), "is not a macro"); };
  if (body.empty()) return bad();
  const auto value = macro_value(body.front(), identity, domain);
  if (!value) return bad();
  std::size_t at = 1;
  while (at < body.size() && is_digit(body[at])) ++at;
  const auto keep = at > 1 ? parse_u64(body.substr(1, at - 1)) : std::optional<std::uint64_t>(0);
  if (!keep || (at > 1 && *keep == 0)) return bad();
  const bool reverse = at < body.size() && to_lower(body[at]) == 'r';
  if (reverse) ++at;
  std::string_view delimiters = body.substr(at);
  if (delimiters.find_first_not_of(".-+,/_=") != delimiters.npos) return bad();
  if (delimiters.empty()) delimiters = ".";
  std::vector<std::string_view> labels;
  std::string_view rest = *value;
  for (;;) {
    const std::size_t end = rest.find_first_of(delimiters);
    labels.push_back(rest.substr(0, end));
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  if (reverse) std::ranges::reverse(labels);
  if (*keep > 0 && *keep < labels.size()) {
    labels.erase(labels.begin(), labels.end() - static_cast<std::ptrdiff_t>(*keep));
  }
  return fmt::format("{}", fmt::join(labels, "."));
}

}  // namespace

std::string_view to_string(SpfResult result) {
  constexpr std::array<std::string_view, 7> kNames = {"pass", "fail",      "softfail", "neutral",
                                                      "none", "temperror", "permerror"};
  return kNames[static_cast<std::size_t>(result)];
}

std::string_view domain_of_sender(std::string_view sender) {
  const std::size_t at = sender.rfind('@');
  return at == sender.npos ? sender : sender.substr(at + 1);
}

bool is_spf_record(std::string_view text) {
  const bool begins = equals_ignoring_case(text.substr(0, kVersion.size()), kVersion);
  return begins && (text.size() == kVersion.size() || text[kVersion.size()] == ' ');
}

Result<SpfRecord> parse_spf_record(std::string_view text) {
  if (!is_spf_record(text)) return wrong(text.substr(0, 20), "is not an SPF record");
  SpfRecord record;
  for (const std::string_view term : split(text.substr(kVersion.size()), ' ')) {
    if (!term.empty()) TRY_VOID(read_term(record, term));
  }
  return record;
}

Result<std::string> expand_spf_macros(std::string_view text, const SpfIdentity& identity,
                                      std::string_view domain) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '%' || next == '_' || next == '-') {
      out += next == '%' ? "%" : next == '_' ? " " : "%20";
      ++i;
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (next != '{' || end == text.npos) return wrong(text, "has a % that begins no macro");
    TRY(value, expand_one(text.substr(i + 2, end - i - 2), identity, domain));
    out += value;
    i = end;
  }
  // Too long: labels go from the left.
  while (out.size() > kDomainBytesMax) {
    const std::size_t dot = out.find('.');
    if (dot == out.npos) return wrong(text, "makes a name that is too long");
    out.erase(0, dot + 1);
  }
  return out;
}

}  // namespace verihook::verification
