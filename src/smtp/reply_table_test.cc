#include "smtp/reply_table.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "smtp/reply_phrases.h"

namespace verihook::smtp {
namespace {

// The name of the row that a permanent refusal at RCPT with this text, code and enhanced code gets.
std::string_view row_of(const ReplyTable& table, const std::string& text, int code = 550,
                        std::optional<EnhancedCode> enhanced = {}) {
  const ReplyRule* rule = table.first_match(facts_of(Stage::kRcpt, {code, enhanced, {text}}));
  return rule == nullptr ? "none" : rule->name;
}

TEST(ReplyTable, TheFirstRowWhoseColumnsAllHoldDecides) {
  const ReplyRule rules[] = {
      {.name = "early stage", .stages = kAtMail},
      {.name = "temporary", .severity = Severity::kTemporary},
      {.name = "alternatives", .text = "red|green&blue"},
      {.name = "with", .text = "round", .with = "large|heavy"},
      {.name = "unless", .text = "square", .unless = "not square"},
      {.name = "code", .codes = "551 553", .text = "number"},
      {.name = "enhanced", .enhanced = "1.1 7.*"},
      {.name = "either number", .codes = "554", .enhanced = "2.2"},
  };
  const ReplyTable table(rules);
  EXPECT_EQ(row_of(table, "it is red"), "alternatives");
  EXPECT_EQ(row_of(table, "Blue and GREEN"), "alternatives");
  EXPECT_EQ(row_of(table, "green"), "none");
  EXPECT_EQ(row_of(table, "round"), "none");
  EXPECT_EQ(row_of(table, "round and heavy"), "with");
  EXPECT_EQ(row_of(table, "a square"), "unless");
  EXPECT_EQ(row_of(table, "it is not square"), "none");
  EXPECT_EQ(row_of(table, "number", 553), "code");
  EXPECT_EQ(row_of(table, "number", 552), "none");
  EXPECT_EQ(row_of(table, "", 550, EnhancedCode{5, 1, 1}), "enhanced");
  EXPECT_EQ(row_of(table, "", 550, EnhancedCode{5, 1, 2}), "none");
  EXPECT_EQ(row_of(table, "", 550, EnhancedCode{5, 7, 99}), "enhanced");
  EXPECT_EQ(row_of(table, "", 550, EnhancedCode{5, 2, 2}), "either number");
  EXPECT_EQ(row_of(table, "", 554), "either number");
  EXPECT_EQ(row_of(table, "whatever", 450), "temporary");
}

TEST(ReplyTable, FindsEveryPhraseWhateverStandsAroundIt) {
  SeededRandom random(11);
  std::size_t phrases = 0;
  for (std::string_view left : {kNotFound, kBlockList, kFull, kRelay, kSender}) {
    while (!left.empty()) {
      const std::string_view alternative = left.substr(0, left.find('|'));
      left.remove_prefix(std::min(left.size(), alternative.size() + 1));
      if (alternative.contains('&')) continue;
      const ReplyRule rule{.name = "found", .text = alternative};
      const ReplyTable table({&rule, 1});
      for (int round = 0; round < 5; ++round) {
        const auto letters = [&] {
          std::string word;
          for (std::size_t i = random.below(30); i > 0; --i) {
            word.push_back(static_cast<char>('a' + random.below(26)));
          }
          return word;
        };
        const std::string text =
            letters() + " " + std::string(alternative) + " " + letters() + " " + letters();
        ASSERT_EQ(row_of(table, text), "found") << text;
      }
      ++phrases;
    }
  }
  EXPECT_GT(phrases, 200u);
}

TEST(ReplyTable, ATextWithoutAPhrasesPairsDoesNotHoldIt) {
  EXPECT_TRUE((pairs_of("unknown") & ~pairs_of("user unknown here")).none());
  EXPECT_FALSE((pairs_of("unknown") & ~pairs_of("mailbox full")).none());
  EXPECT_TRUE(pairs_of("a").none());
}

}  // namespace
}  // namespace verihook::smtp
