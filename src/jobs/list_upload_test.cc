#include "jobs/list_upload.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zstd.h>

#include "jobs/intake_test_support.h"

namespace verihook::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ListUploadTest : public IntakeTest {
 protected:
  // The committed job of a body, or why there is none.
  Result<model::Job> take(UploadHeaders headers, std::string_view body, std::size_t piece_bytes,
                          BulkRequest request = {}, UploadLimits limits = {}) {
    Intake intake(database_, nullptr, clock_, "a", "job_" + std::to_string(++jobs_));
    TRY(upload, ListUpload::create(headers, std::move(request), intake, limits));
    while (!body.empty()) {
      const auto piece = body.substr(0, piece_bytes);
      TRY_VOID(upload->feed(piece));
      body.remove_prefix(piece.size());
    }
    TRY(taken, upload->finish());
    return commit(intake, std::move(taken));
  }

  Result<model::Job> take(std::string_view type, std::string_view body, std::size_t piece_bytes,
                          BulkRequest request = {}, UploadLimits limits = {}) {
    return take(UploadHeaders{type, ""}, body, piece_bytes, std::move(request), limits);
  }

  int jobs_ = 0;
};

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(ListFormat, IsKnownByTheContentType) {
  EXPECT_EQ(format_of("application/json").value(), ListFormat::kJson);
  EXPECT_EQ(format_of("Text/CSV; charset=\"UTF-8\"; header=present").value(), ListFormat::kCsv);
  EXPECT_EQ(format_of("application/x-ndjson").value(), ListFormat::kNdjson);
  EXPECT_EQ(format_of(" text/plain ;charset=us-ascii").value(), ListFormat::kText);
  EXPECT_EQ(format_of("").error().code, Errc::kUnsupported);
  EXPECT_EQ(format_of("application/xml").error().code, Errc::kUnsupported);
  EXPECT_THAT(format_of("text/csv;charset=iso-8859-1").error().message, HasSubstr("UTF-8"));
}

TEST_F(ListUploadTest, KeepsTheColumnsAsAnObjectInJavaScriptsOrder) {
  for (const std::size_t piece : {1, 5, 1000}) {
    const auto job = take(
        "text/csv", "\xef\xbb\xbfname;10;\"2\";email;ID;q\"x\nAnn;ten;two;a@x.test;7;\\\n", piece);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_THAT(rows_of(*job),
                ElementsAre(InputRow{1, "a@x.test", "7",
                                     R"({"2":"two","10":"ten","name":"Ann","q\"x":"\\"})"}));
  }
}

TEST_F(ListUploadTest, CountsWhatIsRejectedAndKeepsTheNumbersOfTheOthers) {
  const auto job = take("text/plain", "a@x.test\n\xe9@x.test\nb@x.test\n", 3);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->rejected_count, 1);
  EXPECT_THAT(rows_of(*job),
              ElementsAre(InputRow{1, "a@x.test", "", ""}, InputRow{3, "b@x.test", "", ""}));
}

TEST_F(ListUploadTest, LetsTheMembersOfABodyWinOverTheParametersBesideIt) {
  BulkRequest beside;
  beside.name = "beside";
  beside.options.smtp = false;
  const auto job =
      take("application/json", R"({"emails":["a@x.test"],"name":"inside"})", 4, beside);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->name, "inside");
  EXPECT_FALSE(job->options.smtp);
}

TEST_F(ListUploadTest, RefusesOtherEncodingsInEveryFormat) {
  const std::string utf16(
      "\xff\xfe"
      "a\0@\0",
      6);
  for (const std::string_view type :
       {"application/json", "application/x-ndjson", "text/csv", "text/plain"}) {
    const auto job = take(type, utf16, 1);
    ASSERT_FALSE(job);
    EXPECT_THAT(job.error().message, HasSubstr("UTF-16"));
  }
}

TEST_F(ListUploadTest, RefusesMoreRowsThanAJobMayHave) {
  const UploadLimits limits{.emails_max = 2};
  EXPECT_TRUE(take("text/plain", "a@x.test\nb@x.test\n", 1, {}, limits));
  EXPECT_EQ(take("text/plain", "a@x.test\na@x.test\nb@x.test\n", 1, {}, limits).error().code,
            Errc::kTooLarge);
}

TEST_F(ListUploadTest, UndoesCompressionThatIsAnnouncedAndThatIsNot) {
  const std::string data = zstd("email\na@x.test\n");
  for (const std::string_view encoding : {"zstd", "", "identity"}) {
    for (const std::size_t piece : {1, 1000}) {
      const auto job = take(UploadHeaders{"text/csv", encoding}, data, piece);
      ASSERT_TRUE(job) << job.error().message;
      EXPECT_THAT(rows_of(*job), ElementsAre(InputRow{1, "a@x.test", "", ""}));
    }
  }
  EXPECT_THAT(take(UploadHeaders{"text/csv", "gzip"}, data, 9).error().message,
              HasSubstr("damaged"));
  EXPECT_EQ(take(UploadHeaders{"text/csv", "br"}, data, 9).error().code, Errc::kUnsupported);
  EXPECT_THAT(take("text/csv", data.substr(0, data.size() - 2), 9).error().message,
              HasSubstr("ends too early"));
}

std::string form(std::string_view file_name, std::string_view content,
                 std::string_view after = "") {
  return fmt::format(
      "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nspring\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"file\"; "
      "filename=\"{}\"\r\n\r\n{}\r\n{}--b--\r\n",
      file_name, content, after);
}

TEST_F(ListUploadTest, TakesAFormWithAFileWhoseNameSaysWhatItIs) {
  for (const std::size_t piece : {1, 1000}) {
    const auto job = take("multipart/form-data; boundary=b",
                          form("List.CSV.zst", zstd("n,email\n1,a@x.test\n")), piece);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->name, "spring");
    EXPECT_THAT(rows_of(*job), ElementsAre(InputRow{1, "a@x.test", "", R"({"n":"1"})"}));
  }
}

TEST_F(ListUploadTest, RefusesAFormThatCannotBeRead) {
  const std::string type = "multipart/form-data; boundary=b";
  EXPECT_THAT(take("multipart/form-data", "", 1).error().message, HasSubstr("boundary"));
  EXPECT_EQ(take(UploadHeaders{type, "gzip"}, "", 1).error().code, Errc::kUnsupported);
  EXPECT_EQ(take(type, form("list.xlsx", "x"), 50).error().code, Errc::kUnsupported);
  const auto late = form("list.txt", "a@x.test",
                         "--b\r\nContent-Disposition: form-data; name=\"smtp\"\r\n\r\nfalse\r\n");
  EXPECT_THAT(take(type, late, 50).error().message, HasSubstr("\"smtp\" must stand before"));
  EXPECT_THAT(take(type, form("list.txt", "a@x.test").substr(0, 90), 50).error().message,
              HasSubstr("multipart"));
}

TEST(ListFormat, IsKnownByTheNameOfAFile) {
  EXPECT_EQ(format_of_file("a.csv"), ListFormat::kCsv);
  EXPECT_EQ(format_of_file("A.TXT.gz"), ListFormat::kText);
  EXPECT_EQ(format_of_file("a.csv.json"), ListFormat::kJson);
  EXPECT_EQ(format_of_file("a.jsonl.zst"), ListFormat::kNdjson);
  EXPECT_FALSE(format_of_file("a.xlsx"));
  EXPECT_FALSE(format_of_file("csv"));
}

}  // namespace
}  // namespace verihook::jobs
