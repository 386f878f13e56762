#include "smtp/reply_table.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::smtp {
namespace {

int number_of(std::string_view digits) { return static_cast<int>(*parse_u64(digits)); }

// The parts of "a b c"; none of an empty column.
std::vector<std::string_view> parts_of(std::string_view column, char separator) {
  if (column.empty()) return {};
  return split(column, separator);
}

}  // namespace

PairSet pairs_of(std::string_view text) {
  PairSet pairs;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i - 1]);
    const auto second = static_cast<unsigned char>(text[i]);
    pairs.set((first * 37u + second) % pairs.size());
  }
  return pairs;
}

ReplyTable::ReplyTable(std::span<const ReplyRule> rules) {
  for (const ReplyRule& rule : rules) {
    Row row{&rule, {}, {}, take_apart(rule.text), take_apart(rule.with), take_apart(rule.unless)};
    for (const auto code : parts_of(rule.codes, ' ')) row.codes.push_back(number_of(code));
    for (const auto pattern : parts_of(rule.enhanced, ' ')) {
      const auto halves = split(pattern, '.');
      EnhancedPattern& taken = row.enhanced.emplace_back(number_of(halves.at(0)));
      if (halves.at(1) != "*") taken.detail = number_of(halves.at(1));
    }
    rows_.push_back(std::move(row));
  }
}

ReplyTable::AnyOf ReplyTable::take_apart(std::string_view column) {
  AnyOf alternatives;
  for (const auto alternative : parts_of(column, '|')) {
    AllOf& phrases = alternatives.emplace_back();
    for (const auto phrase : split(alternative, '&')) phrases.push_back({phrase, pairs_of(phrase)});
  }
  return alternatives;
}

bool ReplyTable::says(const ReplyFacts& facts, const PairSet& pairs, const AnyOf& column) {
  return std::ranges::any_of(column, [&](const AllOf& phrases) {
    return std::ranges::all_of(phrases, [&](const Phrase& phrase) {
      return (phrase.pairs & ~pairs).none() && facts.text.contains(phrase.text);
    });
  });
}

bool ReplyTable::matches(const Row& row, const ReplyFacts& facts, const PairSet& pairs) {
  const ReplyRule& rule = *row.rule;
  if ((rule.stages & stage_bit(facts.stage)) == 0) return false;
  if (rule.severity != Severity::kAny && rule.severity != facts.severity) return false;
  const bool by_number = !row.codes.empty() || !row.enhanced.empty();
  const auto is_its = [&](const EnhancedPattern& pattern) {
    return facts.enhanced && facts.enhanced->subject == pattern.subject &&
           (!pattern.detail || facts.enhanced->detail == *pattern.detail);
  };
  const bool has_code = std::ranges::find(row.codes, facts.code) != row.codes.end();
  if (by_number && !has_code && std::ranges::none_of(row.enhanced, is_its)) {
    return false;
  }
  if (!row.text.empty() && !says(facts, pairs, row.text)) return false;
  if (!row.with.empty() && !says(facts, pairs, row.with)) return false;
  return !says(facts, pairs, row.unless);
}

const ReplyRule* ReplyTable::first_match(const ReplyFacts& facts) const {
  const PairSet pairs = pairs_of(facts.text);
  const auto found =
      std::ranges::find_if(rows_, [&](const Row& row) { return matches(row, facts, pairs); });
  return found == rows_.end() ? nullptr : found->rule;
}

}  // namespace verihook::smtp
