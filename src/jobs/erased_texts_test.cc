#include "jobs/erased_texts.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace verihook::jobs {
namespace {

using store::TextChange;

const address::Spellings kAnn("ann@example.com");

const store::TextTable& table(std::string_view name) {
  return *std::ranges::find(store::text_tables(), name, &store::TextTable::name);
}

TEST(ErasedTexts, TheAddressIsTakenOutAndTheRestStays) {
  store::TextRow row{.key = {"dlv_1"}, .texts = {"550 no <ann@example.com>"}};
  EXPECT_EQ(erase_in_text_row(table("deliveries"), row, kAnn), TextChange::kRewritten);
  EXPECT_EQ(row.texts.front(), "550 no <[erased]>");
  EXPECT_EQ(erase_in_text_row(table("deliveries"), row, kAnn), TextChange::kNone);
  row.texts.front() = "550 no <joann@example.com>";
  EXPECT_EQ(erase_in_text_row(table("deliveries"), row, kAnn), TextChange::kNone);
}

TEST(ErasedTexts, ARowThatTheAddressNamesIsRemoved) {
  store::TextRow contact{.key = {"ann@example.com"}, .texts = {"Ann@example.com", ""}};
  EXPECT_EQ(erase_in_text_row(table("contacts"), contact, kAnn), TextChange::kRemove);
  store::TextRow key{.key = {"src_1", "evt:ann@example.com:7"}, .texts = {}};
  EXPECT_EQ(erase_in_text_row(table("dedup_keys"), key, kAnn), TextChange::kRemove);
}

TEST(ErasedTexts, AVerificationIsEmptiedOrNeverHeld) {
  store::TextRow done{.key = {"ver_1"},
                      .texts = {"\"ann\"@example.com", R"({"m":"ann@example.com"})",
                                R"({"email":"\"ann\"@example.com","user":"ann","reason":"x"})"}};
  EXPECT_TRUE(holds_address(done, kAnn));
  EXPECT_EQ(erase_in_text_row(table("verifications"), done, kAnn), TextChange::kRewritten);
  EXPECT_EQ(done.texts,
            (std::vector<std::string>{"[erased]", R"({"m":"[erased]"})",
                                      R"({"email":"[erased]","user":null,"reason":"x"})"}));
  EXPECT_FALSE(holds_address(done, kAnn));
  store::TextRow open{.key = {"ver_1"}, .texts = {"ann@example.com", "{}", ""}};
  EXPECT_EQ(erase_in_text_row(table("verifications"), open, kAnn), TextChange::kRemove);
}

TEST(ErasedTexts, AResultInAPayloadIsEmptiedWholeOursAndOthers) {
  const std::string members =
      R"("verification_id":"v","result":{"email":"ann@example.com","user":"ann"},"metadata":{})";
  const std::string erased =
      R"("verification_id":"v","result":{"email":"[erased]","user":null},"metadata":{})";
  store::TextRow ours{.key = {"evt_1"}, .texts = {"ver_1", "", "", members}};
  EXPECT_EQ(erase_in_text_row(table("events"), ours, kAnn), TextChange::kRewritten);
  EXPECT_EQ(ours.texts.back(), erased);
  store::TextRow others{.key = {"evt_1"}, .texts = {"", "", "", "{" + members + "}"}};
  EXPECT_EQ(erase_in_text_row(table("events"), others, kAnn), TextChange::kRewritten);
  EXPECT_EQ(others.texts.back(), "{" + erased + "}");
  store::TextRow raw{.key = {"evt_1"}, .texts = {"", "", "", "e=ann%40example.com&x"}};
  EXPECT_EQ(erase_in_text_row(table("events"), raw, kAnn), TextChange::kRewritten);
  EXPECT_EQ(raw.texts.back(), "e=[erased]&x");
}

}  // namespace
}  // namespace verihook::jobs
