#include "address/address_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "address/address_literal.h"
#include "base/text.h"

namespace verihook::address {
namespace {

using enum SyntaxRule;

// What a byte may be, as bits, so that each test is one look-up.
constexpr unsigned char kAtext = 1;    // RFC 5322 section 3.2.3, and octets beyond ASCII (RFC 6531)
constexpr unsigned char kLdh = 2;      // letter, digit, hyphen, and octets beyond ASCII
constexpr unsigned char kControl = 4;  // obs-NO-WS-CTL: controls without NUL, TAB, LF and CR

constexpr auto kClass = [] {
  std::array<unsigned char, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const char character = static_cast<char>(c);
    const bool letter_or_digit = c < 0x80 && is_alnum(character);
    if (letter_or_digit || c >= 0x80) table[c] |= kAtext | kLdh;
    if (std::string_view("!#$%&'*+-/=?^_`{|}~").contains(character) && c < 0x80) table[c] |= kAtext;
    if (c == '-') table[c] |= kLdh;
    if ((c >= 1 && c <= 31 && c != '\t' && c != '\n' && c != '\r') || c == 127) {
      table[c] |= kControl;
    }
  }
  return table;
}();

constexpr bool is(char c, unsigned char what) {
  return (kClass[static_cast<unsigned char>(c)] & what) != 0;
}
constexpr bool is_white(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// Each function that returns bool returns false when the address is illegal; refuse() has then
// noted why, and every caller returns false at once.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  ScannedAddress run() {
    if (text_.empty()) {
      static_cast<void>(refuse(kEmpty));
    } else if (scan_local_part() && scan_domain() && !feature_) {
      check_lengths();
    }
    result_.problem = error_ ? error_ : feature_;
    return std::move(result_);
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }

  bool refuse(SyntaxRule rule) {
    error_ = RuleAt{rule, at_};
    return false;
  }
  // The first feature counts; what follows it cannot bring the address back into the envelope.
  void note(SyntaxRule rule, std::size_t position) {
    if (!feature_) feature_ = RuleAt{rule, position};
  }

  bool scan_local_part();
  bool scan_word(bool& quoted);
  bool scan_after_word(bool quoted, bool spaced);
  bool scan_domain();
  bool scan_labels();
  bool scan_label();
  bool scan_literal();
  bool scan_quoted_string();
  bool scan_quoted_pair(SyntaxRule when_obsolete);
  bool scan_comment();
  bool scan_fold();
  bool scan_cfws(std::optional<SyntaxRule> instead);
  void check_lengths();

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<RuleAt> error_;
  std::optional<RuleAt> feature_;
  ScannedAddress result_;
};

// FWS with its obsolete form: WSP, or a line break that WSP follows, any number of times.
bool Scanner::scan_fold() {
  int line_breaks = 0;
  while (!at_end()) {
    if (is_white(peek())) {
      ++at_;
    } else if (peek() == '\r') {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != '\n') return refuse(kCarriageReturnAlone);
      if (++line_breaks == 2) note(kObsoleteFolding, at_);
      at_ += 2;
      if (at_end()) return refuse(kLineBreakAtEnd);
      if (peek() == '\r') return refuse(kLineBreakTwice);
      if (!is_white(peek())) return refuse(kLineBreakAtEnd);
    } else {
      break;
    }
  }
  return true;
}

bool Scanner::scan_quoted_pair(SyntaxRule when_obsolete) {
  const auto start = at_++;
  if (at_end()) return refuse(kBackslashAtEnd);
  const char c = peek();
  if (is_beyond_ascii(c)) return refuse(kQuotedPair);
  if (static_cast<unsigned char>(c) < ' ' || c == 127) note(when_obsolete, start);
  ++at_;
  return true;
}

// Comments nest; a counter keeps the depth, so that no input can exhaust the stack.
bool Scanner::scan_comment() {
  std::size_t depth = 0;
  while (!at_end()) {
    const char c = peek();
    if (c == '\\') {
      if (!scan_quoted_pair(kObsoleteQuotedPair)) return false;
      continue;
    }
    if (is_white(c) || c == '\r') {
      if (!scan_fold()) return false;
      continue;
    }
    if (c == '\0' || c == '\n') return refuse(kCommentCharacter);
    if (is(c, kControl)) note(kObsoleteCommentText, at_);
    ++at_;
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) return true;
  }
  return refuse(kUnclosedComment);
}

// Any run of comments and white space. `instead` names the feature where the place says more than
// the thing: next to the "@", between words, between labels.
bool Scanner::scan_cfws(std::optional<SyntaxRule> instead) {
  while (!at_end()) {
    const char c = peek();
    const auto start = at_;
    // What is noted inside (obsolete text, obsolete folding) is the more telling, and comes first.
    if (c == '(') {
      if (!scan_comment()) return false;
      note(instead.value_or(kComment), start);
    } else if (is_white(c) || c == '\r') {
      if (!scan_fold()) return false;
      note(instead.value_or(kFoldingWhiteSpace), start);
    } else {
      break;
    }
  }
  return true;
}

bool Scanner::scan_quoted_string() {
  ++at_;
  while (!at_end()) {
    const char c = peek();
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!scan_quoted_pair(kObsoleteQuotedPair)) return false;
      result_.local_unquoted += text_[at_ - 1];
    } else if (c == '\t' || c == '\r') {
      // A plain space is qtextSMTP; tabs and line breaks are folding, which no envelope has.
      const auto start = at_;
      if (!scan_fold()) return false;
      note(kFoldingWhiteSpace, start);
    } else if (c == '\0' || c == '\n') {
      return refuse(kQuotedCharacter);
    } else {
      if (is(c, kControl)) note(kObsoleteQuotedText, at_);
      result_.local_unquoted += c;
      ++at_;
    }
  }
  return refuse(kUnclosedQuotedString);
}

// One atom or quoted string, where one has to begin.
bool Scanner::scan_word(bool& quoted) {
  const char c = peek();
  quoted = c == '"';
  if (quoted) return scan_quoted_string();
  const auto start = at_;
  while (!at_end() && is(peek(), kAtext)) ++at_;
  return at_ != start || refuse(kLocalPartCharacter);
}

// What may not follow a word, and why.
bool Scanner::scan_after_word(bool quoted, bool spaced) {
  if (at_end()) return refuse(kNoDomain);
  const char c = peek();
  if (c == '.' || c == '@') return true;
  if (spaced && (is(c, kAtext) || c == '"')) return refuse(kTextAfterComment);
  if (quoted && (is(c, kAtext) || c == '"')) return refuse(kTextAfterQuotedString);
  return refuse(kLocalPartCharacter);
}

bool Scanner::scan_local_part() {
  std::size_t words = 0;
  for (;;) {
    if (!scan_cfws(words == 0 ? std::nullopt : std::optional(kObsoleteLocalPart))) return false;
    if (at_end()) return refuse(words == 0 ? kNoDomain : kDotAtEnd);
    if (peek() == '@') return refuse(words == 0 ? kNoLocalPart : kDotAtEnd);
    if (peek() == '.') return refuse(words == 0 ? kDotAtStart : kConsecutiveDots);
    const auto word_start = at_;
    bool quoted = false;
    if (!scan_word(quoted)) return false;
    if (quoted) result_.quoted = true;
    ++words;
    if (words > 1 && result_.quoted) note(kObsoleteLocalPart, word_start);
    const auto word_end = at_;
    // Which feature it is depends on what comes after it, so it is noted once that is known.
    const auto before = feature_;
    if (!scan_cfws(kCommentOrSpaceNearAt)) return false;
    const bool spaced = at_ != word_end;
    if (!scan_after_word(quoted, spaced)) return false;
    if (peek() == '@') break;
    if (spaced && !before && feature_->rule == kCommentOrSpaceNearAt) {
      feature_->rule = kObsoleteLocalPart;
    }
    ++at_;
  }
  // In an envelope quotation marks stand around the whole of it, or nowhere.
  if (!result_.quoted) result_.local_unquoted = text_.substr(0, at_);
  result_.at_sign = at_++;
  return true;
}

bool Scanner::scan_domain() {
  if (!scan_cfws(kCommentOrSpaceNearAt)) return false;
  if (at_end()) return refuse(kNoDomain);
  return peek() == '[' ? scan_literal() : scan_labels();
}

bool Scanner::scan_label() {
  const auto start = at_;
  std::optional<std::size_t> not_ldh;
  while (!at_end() && is(peek(), kAtext)) {
    if (!not_ldh && !is(peek(), kLdh)) not_ldh = at_;
    ++at_;
  }
  if (at_ == start) return refuse(peek() == '@' ? kSecondAt : kDomainForbidden);
  if (text_[at_ - 1] == '-') {
    --at_;
    return refuse(kHyphenAtLabelEnd);
  }
  if (text_[start] == '-') {
    at_ = start;
    return refuse(kHyphenAtLabelStart);
  }
  if (not_ldh) note(kDomainCharacter, *not_ldh);
  return true;
}

bool Scanner::scan_labels() {
  for (bool first = true;; first = false) {
    if (!scan_cfws(first ? kCommentOrSpaceNearAt : kObsoleteDomain)) return false;
    if (at_end()) return refuse(kDotAtEnd);
    if (peek() == '.') return refuse(first ? kDotAtStart : kConsecutiveDots);
    if (!scan_label()) return false;
    const auto label_end = at_;
    const auto before = feature_;
    if (!scan_cfws(std::nullopt)) return false;
    const bool spaced = at_ != label_end;
    if (at_end()) return true;
    if (peek() == '@') return refuse(kSecondAt);
    if (peek() != '.') {
      return refuse(spaced && is(peek(), kAtext) ? kTextAfterComment : kDomainForbidden);
    }
    // Between labels the place says more than the thing, unless something inside said more still.
    if (spaced && !before && feature_->position == label_end) feature_->rule = kObsoleteDomain;
    ++at_;
  }
}

bool Scanner::scan_literal() {
  result_.domain_literal = true;
  const auto start = ++at_;
  while (!at_end() && peek() != ']') {
    const char c = peek();
    if (c == '\\') {
      const auto backslash = at_;
      if (!scan_quoted_pair(kDomainLiteralObsolete)) return false;
      note(kDomainLiteralObsolete, backslash);
    } else if (is_white(c) || c == '\r') {
      const auto space = at_;
      if (!scan_fold()) return false;
      note(kDomainLiteralNotAddress, space);
    } else if (c == '[' || c == '\0' || c == '\n') {
      return refuse(kLiteralCharacter);
    } else {
      if (is(c, kControl)) note(kDomainLiteralObsolete, at_);
      ++at_;
    }
  }
  if (at_end()) return refuse(kUnclosedDomainLiteral);
  const auto rule = check_address_literal(text_.substr(start, at_ - start));
  if (rule != kAddressLiteral) note(rule, start);
  ++at_;
  if (!scan_cfws(std::nullopt)) return false;
  return at_end() || refuse(kTextAfterDomainLiteral);
}

// Octets as they go over the wire. Labels of a domain beyond ASCII are counted as A-labels, later.
void Scanner::check_lengths() {
  const auto domain = text_.substr(result_.at_sign + 1);
  if (result_.at_sign > kLocalPartOctetsMax) note(kLocalPartTooLong, kLocalPartOctetsMax);
  if (std::ranges::any_of(domain, is_beyond_ascii)) return;
  const auto domain_start = result_.at_sign + 1;
  if (const auto label = result_.domain_literal ? std::nullopt : find_long_label(domain)) {
    note(kLabelTooLong, domain_start + *label);
  }
  if (domain.size() > kDomainOctetsMax) note(kDomainTooLong, domain_start + kDomainOctetsMax);
  if (text_.size() > kAddressOctetsMax) note(kAddressTooLong, kAddressOctetsMax);
}

}  // namespace

ScannedAddress scan_address(std::string_view text) { return Scanner(text).run(); }

std::optional<std::size_t> find_long_label(std::string_view ascii_domain) {
  std::size_t start = 0;
  for (std::size_t i = 0; i <= ascii_domain.size(); ++i) {
    if (i != ascii_domain.size() && ascii_domain[i] != '.') continue;
    if (i - start > kLabelOctetsMax) return start;
    start = i + 1;
  }
  return std::nullopt;
}

bool is_dot_string(std::string_view local_part) {
  char previous = '.';
  for (const char c : local_part) {
    if (c == '.' ? previous == '.' : !is(c, kAtext)) return false;
    previous = c;
  }
  return previous != '.';
}

}  // namespace verihook::address
