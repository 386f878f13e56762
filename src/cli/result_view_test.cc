#include "cli/result_view.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

boost::json::object object(std::string_view text) { return boost::json::parse(text).get_object(); }

const char* const kRefused =
    R"({"email":"a+b@gmial.test","normalized_email":"a+b@gmial.test","is_valid":false,)"
    R"("status":"invalid","reason":"rejected_email","score":0,"is_disposable":false,)"
    R"("is_role":null,"is_free":true,"is_tagged":true,"suggestion":"a+b@gmail.test",)"
    R"("mx":{"found":true,"host":"mx.gmial.test","records":[],"provider":"google",)"
    R"("implicit":false,"null_mx":false},"smtp":{"checked":true,"stage":"rcpt_to","code":550,)"
    R"("enhanced_code":"5.1.1","message":"=No, \"such\" user","attempts":1},"retryable":false,)"
    R"("retry_after":null,"checked_at":"2026-01-01T00:00:00.000Z","duration_ms":12,"row":3})";

TEST(ResultView, ShowsTheVerdictWithItsEvidence) {
  EXPECT_EQ(verdict_text({}, object(kRefused)),
            "a+b@gmial.test\n"
            "  verdict     invalid  rejected_email  score 0\n"
            "  mail host   mx.gmial.test (google)\n"
            "  smtp        rcpt_to 550 5.1.1 =No, \"such\" user\n"
            "  flags       free provider, tagged\n"
            "  suggestion  did you mean a+b@gmail.test?\n"
            "  took        12 ms\n");
}

TEST(ResultView, ShowsWhatIsWorthAnotherTry) {
  const std::string text = verdict_text(
      {}, object(R"({"email":"a@b.test","status":"unknown","reason":"greylisted","score":30,)"
                 R"("mx":{"null_mx":true},"retryable":true,"retry_after":null,"duration_ms":1})"));
  EXPECT_THAT(text, HasSubstr("again      worth another try"));
  EXPECT_THAT(text, HasSubstr("the domain says that it takes no mail"));
  EXPECT_THAT(text, Not(HasSubstr("smtp")));
}

TEST(ResultView, KeepsToTheWidthOfTheTerminal) {
  const Terminal narrow{.is_terminal = true, .width = 30};
  EXPECT_THAT(verdict_text(narrow, object(kRefused)), HasSubstr("rcpt_to 550 5.…"));
}

TEST(ResultView, ShowsTheSummaryAsATable) {
  EXPECT_EQ(summary_table({}, object(R"({"total":2000,"valid":1500,"invalid":250,"risky":250,)"
                                     R"("unknown":0,"free":3,"role":0,"duplicates":1})")),
            "  valid    1,500   75.0 %\n"
            "  invalid    250   12.5 %\n"
            "  risky      250   12.5 %\n"
            "  unknown      0    0.0 %\n"
            "  total    2,000  100.0 %\n"
            "  of which: 3 free, 1 duplicates\n");
}

TEST(ResultView, ReadsTheCountsOfAJob) {
  const Progress progress = progress_of(object(
      R"({"processed_count":5,"total_count":9,"summary":{"valid":1,"invalid":2,"risky":2}})"));
  EXPECT_EQ(progress.processed, 5);
  EXPECT_EQ(progress.total, 9);
  EXPECT_EQ(progress.invalid, 2);
  EXPECT_EQ(progress.unknown, 0);
}

}  // namespace
}  // namespace verihook::cli
