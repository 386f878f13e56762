#include "jobs/results.h"

#include <gtest/gtest.h>

#include "jobs/chunk_codec.h"
#include "store/jobs.h"
#include "tests/support/run_task.h"
#include "tests/support/surviving_store.h"
#include "verification/verdict_rules.h"

namespace verihook::jobs {
namespace {

using testing::run_task;
using enum model::Reason;

constexpr std::string_view kJobId = "job_1";

// A job of three chunks with two rows each: rows 1 and 2 are done, 4 is done and 3 is not, 5 and 6
// have not been looked at.
class ResultsTest : public ::testing::Test {
 protected:
  ResultsTest()
      : database_(kept_.driver(), store::DatabaseOptions{.inline_executor = io_.get_executor()},
                  [](const Error&) {}) {
    EXPECT_TRUE(database_.open());
    job_.tenant_id = "default";
    job_.id = kJobId;
    job_.state = model::JobState::kQueued;
    job_.total_count = 6;
    job_.chunk_count = 3;
    const auto made = run_task(io_, database_.write([&](store::Connection& db) -> Result<void> {
      TRY_VOID(store::insert_job(db, job_));
      for (std::int64_t i = 0; i < 3; ++i) {
        model::Chunk chunk;
        chunk.tenant_id = "default";
        chunk.job_id = kJobId;
        chunk.number = i;
        chunk.row_count = 2;
        TRY_VOID(store::insert_chunk(db, chunk, encode_rows({row(2 * i + 1), row(2 * i + 2)})));
      }
      return {};
    }));
    EXPECT_TRUE(made) << made.error().message;
    store_results(true, encode_results({line(1, kAcceptedEmail), line(2, kRejectedEmail)}));
    store_results(false, encode_results({line(4, kTimeout)}));
  }

  static std::string email(std::int64_t number) {
    return "Row" + std::to_string(number) + "@" + (number % 2 == 0 ? "even" : "odd") + ".test";
  }
  static InputRow row(std::int64_t number) {
    return {number, email(number), "", "{\"n\":" + std::to_string(number) + "}"};
  }
  static ResultLine line(std::int64_t number, model::Reason reason) {
    model::Verdict verdict;
    verdict.email = email(number);
    verdict.domain = number % 2 == 0 ? "even.test" : "odd.test";
    verification::settle(verdict, reason, {});
    ResultLine line{number, ""};
    append_record(line.record, verdict, "", row(number).data);
    return line;
  }

  // Of the next chunk.
  void store_results(bool done, std::string encoded) {
    const auto stored = run_task(io_, database_.write([&](store::Connection& db) -> Result<void> {
      TRY(leased, store::lease_chunk(db, "node", from_unix_ms(0), from_unix_ms(1'000)));
      store::Checkpoint checkpoint;
      checkpoint.tenant_id = "default";
      checkpoint.job_id = kJobId;
      checkpoint.chunk_number = leased->chunk.number;
      checkpoint.fence = leased->chunk.fence;
      checkpoint.row_count = done ? 2 : 1;
      checkpoint.done = done;
      (done ? checkpoint.result : checkpoint.segment) = encoded;
      TRY(job, store::checkpoint_chunk(db, checkpoint));
      job_ = job;
      return {};
    }));
    ASSERT_TRUE(stored) << stored.error().message;
  }
  void end_job() {
    job_.state = model::JobState::kCancelled;
    job_.finished_at = from_unix_ms(1'767'225'600'000);
  }

  Result<std::string> read(ResultStream& stream) {
    std::string text;
    for (;;) {
      TRY(piece, run_task(io_, stream.next()));
      if (piece.empty()) return text;
      text += piece;
    }
  }
  Result<std::string> read(ExportRequest request = {}) {
    ResultStream stream(database_, nullptr, job_, std::move(request));
    return read(stream);
  }
  static std::string numbers_of(std::string_view json) {
    std::string numbers;
    const std::string_view key = "\"row\":";
    for (auto at = json.find(key); at != json.npos; at = json.find(key, at + 1)) {
      numbers += json[at + key.size()];
    }
    return numbers;
  }

  asio::io_context io_{1};
  testing::SurvivingStore kept_;
  store::Database database_;
  model::Job job_;
};

TEST_F(ResultsTest, GivesWhatThereIsInInputOrder) {
  const auto text = read();
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(numbers_of(*text), "124");
  EXPECT_TRUE(text->starts_with("[{")) << *text;
  EXPECT_TRUE(text->ends_with("}]"));
  EXPECT_EQ(text->find(",,"), text->npos);
}

TEST_F(ResultsTest, GivesRowsWithoutAResultOfAnEndedJobWhenAsked) {
  end_job();
  const auto text = read({.unprocessed = true});
  ASSERT_TRUE(text);
  EXPECT_EQ(numbers_of(*text), "123456");
  EXPECT_NE(text->find("\"reason\":\"not_attempted\""), text->npos);
  EXPECT_NE(text->find("\"checked_at\":\"2026-01-01T00:00:00.000Z\""), text->npos);
}

TEST_F(ResultsTest, LeavesOutWhatTheFilterDoesNotWant) {
  const auto filtered = [&](ResultFilter filter) {
    return numbers_of(read({.filter = std::move(filter)}).value());
  };
  EXPECT_EQ(filtered({.statuses = parse_statuses("invalid, unknown").value()}), "24");
  EXPECT_EQ(filtered({.reasons = parse_reasons("timeout").value()}), "4");
  EXPECT_EQ(filtered({.domain = "odd.test"}), "1");
  EXPECT_EQ(filtered({.text = "row2"}), "2");
  EXPECT_EQ(filtered({.after_row = 1}), "24");
  EXPECT_EQ(filtered({.after_row = 4}), "");
  EXPECT_EQ(read({.filter = {.domain = "none.test"}}).value(), "[]");
  EXPECT_FALSE(parse_statuses("valid,nonsense"));
  EXPECT_FALSE(parse_reasons("valid"));
}

TEST_F(ResultsTest, GivesCsvWithTheColumnsOfAllChunks) {
  const auto text = read({.format = {.container = Container::kCsv}});
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("n,email,status,")) << *text;
  EXPECT_NE(text->find("\r\n4,Row4@even.test,unknown,timeout,"), text->npos) << *text;
}

TEST_F(ResultsTest, PagesThroughEverythingOnceWhateverThePagesAre) {
  for (const std::size_t limit : {1u, 2u, 3u, 50u}) {
    std::string numbers;
    std::string cursor;
    do {
      const auto page =
          run_task(io_, find_result_page(database_, nullptr, job_, {}, cursor, limit));
      ASSERT_TRUE(page);
      EXPECT_LE(page->items.size(), limit);
      for (const std::string& item : page->items) numbers += numbers_of(item);
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_EQ(numbers, "124") << limit;
  }
  for (const std::string_view wrong :
       {"x", "1", "-", "1-", "-1", "1-x", "99999999999999999999-1"}) {
    EXPECT_FALSE(run_task(io_, find_result_page(database_, nullptr, job_, {}, wrong, 5))) << wrong;
  }
}

TEST_F(ResultsTest, GivesAnyRangeOfADocumentThatWillNotChange) {
  end_job();
  for (const Container container : {Container::kJson, Container::kCsv}) {
    DownloadMemory memory;
    const ExportRequest request{.format = {.container = container}, .unprocessed = true};
    const std::string whole = read(request).value();
    for (std::uint64_t first = 0; first < whole.size(); first += 97) {
      for (const std::uint64_t size : {1u, 400u, 100'000u}) {
        const std::uint64_t last = std::min<std::uint64_t>(first + size, whole.size()) - 1;
        ResultStream stream(database_, nullptr, job_, request, memory, "tag");
        ASSERT_EQ(run_task(io_, stream.measure()).value(), whole.size());
        stream.limit(first, last);
        ASSERT_EQ(read(stream).value(), whole.substr(first, last - first + 1)) << first;
      }
    }
  }
}

TEST_F(ResultsTest, MeasuresOnlyWhatWillNotChange) {
  DownloadMemory memory;
  const std::string tag = run_task(io_, find_document_tag(database_, job_, {})).value();
  EXPECT_EQ(tag, "");
  ResultStream stream(database_, nullptr, job_, {}, memory, tag);
  EXPECT_FALSE(stream.known_size());
  EXPECT_FALSE(run_task(io_, stream.measure()));
}

TEST_F(ResultsTest, TellsDocumentsApartByTheirTags) {
  end_job();
  const std::string tag = document_tag(job_, 1, {});
  EXPECT_EQ(tag, document_tag(job_, 1, {}));
  EXPECT_NE(tag, document_tag(job_, 2, {}));
  EXPECT_NE(tag, document_tag(job_, 1, {.unprocessed = true}));
  EXPECT_NE(tag, document_tag(job_, 1, {.format = {.container = Container::kCsv}}));
  EXPECT_NE(tag, document_tag(job_, 1, {.filter = {.text = "a"}}));
}

TEST_F(ResultsTest, AreAnotherDocumentWhenWhatIsStoredWasRewritten) {
  end_job();
  const std::string before = run_task(io_, find_document_tag(database_, job_, {})).value();
  EXPECT_EQ(run_task(io_, find_document_tag(database_, job_, {})).value(), before);
  const std::string whole = read({}).value();
  DownloadMemory memory;
  ResultStream begun(database_, nullptr, job_, {}, memory, before);
  ASSERT_EQ(run_task(io_, begun.measure()).value(), whole.size());

  const auto chunk = run_task(io_, database_.read([&](store::Connection& db) {
    return store::find_chunk_results(db, "default", kJobId, 0, true);
  }));
  ASSERT_TRUE(chunk);
  const std::string rows = encode_results({line(1, kAcceptedEmail)});
  ASSERT_TRUE(run_task(io_, database_.write([&](store::Connection& db) {
    return store::rewrite_chunk(db, chunk->chunk,
                                {.input = chunk->input, .segments = {}, .result = rows});
  })));
  const std::string after = run_task(io_, find_document_tag(database_, job_, {})).value();
  EXPECT_NE(after, before);
  EXPECT_FALSE(read(begun)) << "a document does not go on as another one";
  ResultStream changed(database_, nullptr, job_, {}, memory, after);
  EXPECT_LT(run_task(io_, changed.measure()).value(), whole.size());
  EXPECT_EQ(read(changed), read(ExportRequest{}));
}

TEST_F(ResultsTest, EndsWithAnErrorWhereWhatIsStoredIsDamaged) {
  store_results(false, "damaged");
  for (const ExportRequest& request :
       {ExportRequest{}, ExportRequest{.format = {.container = Container::kCsv}}}) {
    const auto text = read(request);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, Errc::kStorageFailed);
  }
  EXPECT_FALSE(run_task(io_, find_result_page(database_, nullptr, job_, {}, "", 50)));
}

}  // namespace
}  // namespace verihook::jobs
