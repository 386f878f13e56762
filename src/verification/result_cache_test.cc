#include "verification/result_cache.h"

#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'000'000'000s};

model::Verdict verdict_of(model::Reason reason) {
  model::Verdict verdict;
  verdict.reason = reason;
  verdict.is_catch_all = false;
  verdict.smtp.checked = true;
  verdict.smtp.code = 250;
  verdict.mx.emplace().host = "mx.example";
  verdict.checked_at = kNow;
  return verdict;
}

TEST(ResultCache, GivesBackTheFactsUntilTheyAreOld) {
  ResultCache cache(10, 24h);
  cache.remember("a@d.example", verdict_of(model::Reason::kAcceptedEmail));
  const KnownMailbox* known = cache.find("a@d.example", kNow + 23h);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->reason, model::Reason::kAcceptedEmail);
  EXPECT_EQ(known->smtp.code, 250);
  EXPECT_EQ(known->mx->host, "mx.example");
  EXPECT_EQ(known->checked_at, kNow);
  EXPECT_EQ(cache.find("b@d.example", kNow), nullptr);
  EXPECT_EQ(cache.find("a@d.example", kNow + 24h), nullptr);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.hits(), 1u);
}

TEST(ResultCache, KeepsNothingThatIsNotAboutTheMailbox) {
  ResultCache cache(100, 24h);
  for (int i = 0; i < model::kReasonCount; ++i) {
    const auto reason = static_cast<model::Reason>(i);
    cache.remember("a@d.example", verdict_of(reason));
    const bool kept = cache.find("a@d.example", kNow) != nullptr;
    EXPECT_EQ(kept, lifetime_of(reason) > 0) << model::to_string(reason);
    if (kept) EXPECT_NE(model::natural_status(reason), model::Status::kUnknown);
    cache.find("a@d.example", kNow + 1000h);
  }
  model::Verdict unasked = verdict_of(model::Reason::kAcceptedEmail);
  unasked.smtp.checked = false;
  cache.remember("a@d.example", unasked);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ResultCache, AFullMailboxMayBeEmptiedSoon) {
  ResultCache cache(10, 24h);
  cache.remember("a@d.example", verdict_of(model::Reason::kMailboxFull));
  EXPECT_NE(cache.find("a@d.example", kNow + 59min), nullptr);
  EXPECT_EQ(cache.find("a@d.example", kNow + 61min), nullptr);
}

TEST(ResultCache, StaysWithinItsBoundAndKeepsWhatIsAskedFor) {
  ResultCache cache(100, 24h);
  cache.remember("often@d.example", verdict_of(model::Reason::kAcceptedEmail));
  for (int i = 0; i < 10'000; ++i) {
    cache.remember(std::to_string(i) + "@d.example", verdict_of(model::Reason::kRejectedEmail));
    EXPECT_NE(cache.find("often@d.example", kNow), nullptr);
    ASSERT_LE(cache.size(), 100u);
  }
}

TEST(ResultCache, APlaceThatBecameFreeIsTakenAgain) {
  ResultCache cache(2, 24h);
  cache.remember("a@d.example", verdict_of(model::Reason::kMailboxFull));
  cache.remember("b@d.example", verdict_of(model::Reason::kAcceptedEmail));
  EXPECT_EQ(cache.find("a@d.example", kNow + 2h), nullptr);
  model::Verdict other = verdict_of(model::Reason::kRejectedEmail);
  other.mx->host = "mx2.example";
  cache.remember("c@d.example", other);
  ASSERT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.find("b@d.example", kNow)->mx->host, "mx.example");
  EXPECT_EQ(cache.find("c@d.example", kNow)->mx->host, "mx2.example");
  cache.remember("b@d.example", other);
  EXPECT_EQ(cache.find("b@d.example", kNow)->reason, model::Reason::kRejectedEmail);
  cache.forget("b@d.example");
  EXPECT_EQ(cache.size(), 1u);
}

TEST(ResultCache, ForgetsAMailboxWhateverItsLetterCase) {
  ResultCache cache(10, 24h);
  cache.remember("Ann@d.example", verdict_of(model::Reason::kAcceptedEmail));
  cache.remember("joann@d.example", verdict_of(model::Reason::kAcceptedEmail));
  cache.forget("ann@d.example");
  EXPECT_EQ(cache.find("Ann@d.example", kNow), nullptr);
  EXPECT_NE(cache.find("joann@d.example", kNow), nullptr);
}

TEST(ResultCache, CanBeSwitchedOff) {
  ResultCache none(0, 24h);
  none.remember("a@d.example", verdict_of(model::Reason::kAcceptedEmail));
  EXPECT_EQ(none.size(), 0u);
  ResultCache no_time(10, 0ms);
  no_time.remember("a@d.example", verdict_of(model::Reason::kAcceptedEmail));
  EXPECT_EQ(no_time.size(), 0u);
}

}  // namespace
}  // namespace verihook::verification
