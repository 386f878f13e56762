// ReplyTable: rows of the reply classification (smtp/reply_rule.h) made ready for use. Classifying
// a refusal means looking for hundreds of phrases in it, so a table is taken apart once, and a
// phrase is looked for only in a text that has all of its pairs of letters. Immutable; any thread.
#pragma once

#include <bitset>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "smtp/reply_rule.h"

namespace verihook::smtp {

// Which pairs of neighbouring letters a text has. Different pairs may count as the same one: a text
// without a pair of a phrase does not hold it, one with all of them may.
using PairSet = std::bitset<128>;
PairSet pairs_of(std::string_view text);

class ReplyTable {
 public:
  // What the rows' columns refer to must stay.
  explicit ReplyTable(std::span<const ReplyRule> rules);

  // The first row that matches; null when none does.
  const ReplyRule* first_match(const ReplyFacts& facts) const;

 private:
  struct Phrase {
    std::string_view text;
    PairSet pairs;
  };
  using AllOf = std::vector<Phrase>;
  using AnyOf = std::vector<AllOf>;  // a text column
  struct EnhancedPattern {
    int subject = 0;
    std::optional<int> detail;  // none: any
  };
  struct Row {
    const ReplyRule* rule;
    std::vector<int> codes;
    std::vector<EnhancedPattern> enhanced;
    AnyOf text;
    AnyOf with;
    AnyOf unless;
  };

  static AnyOf take_apart(std::string_view column);
  static bool says(const ReplyFacts& facts, const PairSet& pairs, const AnyOf& column);
  static bool matches(const Row& row, const ReplyFacts& facts, const PairSet& pairs);

  std::vector<Row> rows_;
};

}  // namespace verihook::smtp
