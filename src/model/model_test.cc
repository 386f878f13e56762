#include <set>

#include <gtest/gtest.h>

#include "model/destination.h"
#include "model/job.h"
#include "model/summary.h"
#include "model/tenant.h"
#include "model/verdict.h"

namespace verihook::model {
namespace {

TEST(Verdict, EveryReasonHasANameOfItsOwnAndReadsBack) {
  std::set<std::string_view> names;
  for (int i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const auto name = to_string(reason);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), name.npos);
    EXPECT_EQ(parse_reason(name), reason);
  }
  EXPECT_EQ(parse_reason("nonsense"), std::nullopt);
}

TEST(Verdict, OnlyEvidenceAboutTheRecipientIsInvalid) {
  for (const Reason reason : {Reason::kTimeout, Reason::kGreylisted, Reason::kBlocked,
                              Reason::kDnsError, Reason::kPolicy, Reason::kThrottled}) {
    EXPECT_EQ(natural_status(reason), Status::kUnknown) << to_string(reason);
  }
  EXPECT_EQ(natural_status(Reason::kRejectedEmail), Status::kInvalid);
  EXPECT_EQ(natural_status(Reason::kAcceptedEmail), Status::kValid);
}

TEST(Summary, PartitionsTheTotalAndAddsUp) {
  Summary whole;
  for (int i = 0; i < kReasonCount; ++i) {
    Verdict verdict;
    verdict.reason = static_cast<Reason>(i);
    verdict.status = natural_status(verdict.reason);
    verdict.is_role = i % 2 == 0;
    Summary one;
    one.count(verdict);
    whole += one;
  }
  EXPECT_EQ(whole.total, kReasonCount);
  EXPECT_EQ(whole.valid + whole.invalid + whole.risky + whole.unknown, whole.total);
  EXPECT_EQ(whole.role, kReasonCount / 2);
}

TEST(Names, ReadBackAsWhatTheyWere) {
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(parse_job_state(to_string(static_cast<JobState>(i))), static_cast<JobState>(i));
  }
  for (int i = 0; i < 6; ++i) {
    const auto kind = static_cast<DestinationKind>(i);
    EXPECT_EQ(parse_destination_kind(to_string(kind)), kind);
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(parse_scope(to_string(static_cast<Scope>(i))), static_cast<Scope>(i));
  }
}

}  // namespace
}  // namespace verihook::model
