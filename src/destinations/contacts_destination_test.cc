#include "destinations/contacts_destination.h"

#include <filesystem>
#include <map>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "destinations/failure.h"
#include "destinations/remote_job.h"
#include "store/contacts.h"
#include "store/destinations.h"
#include "store/sqlite/sqlite_driver.h"
#include "tests/support/run_task.h"
#include "tests/support/simulated_http.h"
#include "tests/support/virtual_time.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {
namespace {

using delivery::AttemptResult;
using verihook::testing::run_task;
using verihook::testing::SimulatedHttpClient;
using verihook::testing::VirtualTime;

class RecordingSubmitter final : public RetrySubmitter {
 public:
  Task<Result<std::string>> submit(RetrySubmission submission) override {
    submissions.push_back(std::move(submission));
    if (error) co_return std::unexpected(*error);
    co_return "job_new";
  }
  std::vector<RetrySubmission> submissions;
  std::optional<Error> error;
};

// Results of this program's own job.
class GivenResults final : public OwnResults {
 public:
  Task<Result<void>> append(std::string, std::string job_id, ResultFile& into) override {
    asked.push_back(std::move(job_id));
    for (const model::ContactUpdate& row : rows) CO_TRY_VOID(into.append(row));
    co_return Result<void>{};
  }
  std::vector<model::ContactUpdate> rows;
  std::vector<std::string> asked;
};

// A table elsewhere, which says what it was asked and fails as it is told.
class RecordingOpener final : public store::PostgresContactsOpener {
 public:
  std::unique_ptr<store::ContactsTable> open(store::PostgresContactsSpec spec) override {
    opened.push_back(std::move(spec));
    return std::make_unique<Table>(*this);
  }

  std::vector<store::PostgresContactsSpec> opened;
  std::vector<std::string> carrying;  // addresses that carry the job
  std::map<std::string, std::string> marked;
  std::vector<model::ContactUpdate> applied;
  WallTime applied_at{};
  std::optional<Error> error;

 private:
  class Reader final : public store::ContactsReader {
   public:
    explicit Reader(std::vector<std::string> emails) : emails_(std::move(emails)) {}
    Task<Result<std::vector<std::string>>> next() override { co_return std::exchange(emails_, {}); }

   private:
    std::vector<std::string> emails_;
  };

  class Table final : public store::ContactsTable {
   public:
    explicit Table(RecordingOpener& owner) : owner_(owner) {}
    Task<Result<std::int64_t>> apply(std::string, WallTime verified_at, store::ContactBatches rows,
                                     Deadline) override {
      if (owner_.error) co_return std::unexpected(*owner_.error);
      owner_.applied_at = verified_at;
      CO_TRY_VOID(rows([&](std::span<const model::ContactUpdate> batch) -> Result<void> {
        owner_.applied.insert(owner_.applied.end(), batch.begin(), batch.end());
        return {};
      }));
      co_return std::ssize(owner_.applied);
    }
    Task<Result<void>> mark(std::string job_id, std::vector<std::string> emails,
                            Deadline) override {
      for (const std::string& email : emails) owner_.marked[email] = job_id;
      co_return Result<void>{};
    }
    std::unique_ptr<store::ContactsReader> read(store::ContactSelection, Deadline) override {
      return std::make_unique<Reader>(owner_.carrying);
    }
    std::string key_of(std::string_view email) const override { return std::string(email); }

   private:
    RecordingOpener& owner_;
  };
};

class ContactsDestinationTest : public ::testing::Test {
 protected:
  static constexpr WallTime kArrival{Milliseconds{1'700'000'000'000}};

  ContactsDestinationTest() {
    EXPECT_TRUE(database_.open().has_value());
    destination_.tenant_id = "acme";
    destination_.id = "dst_1";
    destination_.kind = model::DestinationKind::kContacts;
    source_.tenant_id = "acme";
    source_.id = "src_1";
    source_.name = "provider";
    source_.settings = settings(
        R"({"api_key":"key-of-source","allowed_hosts":["api.example.com"]})", "acme|src_1");
    write([&](store::Connection& db) { return store::insert_source(db, source_); });
  }

  std::string settings(std::string_view text, std::string_view place) const {
    const auto given = webhooks::parse_strict_json(text).value();
    return seal_provider_settings(given.get_object(), "{}", box_, place).value();
  }
  std::string table_settings(std::string_view text, std::string_view place) const {
    const auto given = webhooks::parse_strict_json(text).value();
    return seal_contacts_settings(given.get_object(), "{}", box_, place).value();
  }
  void set_source_settings(std::string_view text) {
    source_.settings = settings(text, "acme|src_1");
    write([&](store::Connection& db) { return store::update_source(db, source_); });
  }
  template <class Function>
  void write(Function function) {
    const auto done = run_task(io_, database_.write(function));
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
  }
  void import(const std::vector<std::string>& emails, std::string_view job = "") {
    write([&](store::Connection& db) { return store::import_contacts(db, "acme", emails); });
    if (job.empty()) return;
    write([&](store::Connection& db) { return store::mark_contacts(db, "acme", job, emails); });
  }
  AttemptResult attempt(std::string_view type, std::string body) {
    model::Event event;
    event.tenant_id = "acme";
    event.id = "evt_1";
    event.type = type;
    event.origin = model::EventOrigin::kReceived;
    event.source_id = source_.id;
    event.source_name = source_.name;
    event.body = std::move(body);
    event.created_at = kArrival;
    return attempt(event);
  }
  // An event of this program's own job.
  AttemptResult attempt_own(std::string_view type, std::string tail) {
    model::Event event;
    event.tenant_id = "acme";
    event.id = "evt_own";
    event.type = type;
    event.job_id = "job_1";
    event.body = std::move(tail);
    event.created_at = kArrival;
    return attempt(event);
  }
  AttemptResult attempt(const model::Event& event) {
    const model::Delivery delivery;
    return run_task(io_, contacts_.attempt(destination_, event, delivery,
                                           Deadline::after(time_.clock(), Milliseconds{60'000})));
  }
  AttemptResult complete(std::string_view url = "https://api.example.com/results") {
    return attempt("bulk.completed", R"({"job_id":"job_1","summary":{"total":3,"valid":1},)"
                                     R"("download_url":")" +
                                         std::string(url) + "\"}");
  }
  AttemptResult fail_job(std::string_view more = "") {
    return attempt("bulk.failed",
                   R"({"job_id":"job_1","error_code":"PROCESSING_ERROR","error_message":"broke",)"
                   R"("partial_results_available":true,"processed_count":1,"total_count":3,)"
                   R"("download_url":"https://api.example.com/results")" +
                       std::string(more) + "}");
  }
  void answer(std::string body, unsigned status = 200) {
    http_.answer("api.example.com", "/results", status, std::move(body));
  }
  std::vector<model::Contact> contacts() {
    return run_task(io_, database_.read([](store::Connection& db) {
             return store::list_contacts(db, "acme", "", 10'000);
           }))
        .value();
  }
  Result<model::RemoteJob> remote_job() {
    return run_task(io_, database_.read([&](store::Connection& db) {
      return store::find_remote_job(db, "acme", "provider", "job_1");
    }));
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SeededRandom random_{7};
  crypto::SecretBox box_{crypto::AesKey(std::array<std::byte, crypto::kAesKeyBytes>{}), random_};
  store::Database database_{std::make_unique<store::sqlite::SqliteDriver>(
                                "", store::sqlite::SqliteOptions{.in_memory = true, .vfs = ""}),
                            {.inline_executor = io_.get_executor()},
                            [](const Error&) {}};
  SimulatedHttpClient http_{time_};
  RecordingSubmitter submitter_;
  GivenResults own_results_;
  RecordingOpener postgres_;
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "verihook-contacts";
  ContactsDestination contacts_{
      database_,
      http_,
      time_.clock(),
      box_,
      postgres_,
      nullptr,
      {own_results_, &submitter_},
      {.public_url = "http://here.example:8080", .folder = folder_, .http_ranges = {}}};
  model::Destination destination_;
  model::Source source_;
};

constexpr std::string_view kThree =
    R"([{"email":"a@x.example","is_valid":true,"reason":"accepted_email"},)"
    R"({"email":"b@x.example","is_valid":false,"reason":"no_mx"},)"
    R"({"email":"stranger@x.example","is_valid":true,"reason":"accepted_email"}])";

TEST_F(ContactsDestinationTest, AppliesResultsOnceHoweverOftenTheEventComes) {
  import({"a@x.example", "b@x.example", "c@x.example"});
  answer(std::string(kThree));
  const AttemptResult first = complete();
  EXPECT_TRUE(first.success) << first.error;
  const auto once = contacts();
  ASSERT_EQ(once.size(), 3u);
  EXPECT_EQ(once[0].email_verified, true);
  EXPECT_EQ(once[0].verification_job_id, "job_1");
  EXPECT_EQ(once[0].verification_date, kArrival);
  EXPECT_EQ(once[0].email_invalid_reason, "");
  EXPECT_EQ(once[1].email_verified, false);
  EXPECT_EQ(once[1].email_invalid_reason, "no_mx");
  EXPECT_FALSE(once[2].email_verified.has_value());
  time_.advance(std::chrono::hours{1});
  EXPECT_TRUE(complete().success);
  const auto twice = contacts();
  ASSERT_EQ(twice.size(), once.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(twice[i].email_verified, once[i].email_verified);
    EXPECT_EQ(twice[i].verification_date, once[i].verification_date);
    EXPECT_EQ(twice[i].email_invalid_reason, once[i].email_invalid_reason);
  }
  const auto job = remote_job();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->status, "completed");
  EXPECT_EQ(job->total_count, 3);
  EXPECT_EQ(job->notified_quarter, 4);
  EXPECT_EQ(job->summary, R"({"total":3,"valid":1})");
  EXPECT_EQ(http_.requests().front().request.headers.get("Authorization"), "Bearer key-of-source");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ContactsDestinationTest, ClearsTheReasonOfAnAddressThatBecameValid) {
  import({"b@x.example"});
  answer(std::string(kThree));
  EXPECT_TRUE(complete().success);
  answer(R"([{"email":"b@x.example","is_valid":true,"reason":"accepted_email"}])");
  EXPECT_TRUE(complete().success);
  EXPECT_EQ(contacts()[0].email_verified, true);
  EXPECT_EQ(contacts()[0].email_invalid_reason, "");
}

TEST_F(ContactsDestinationTest, AppliesFiveThousandRows) {
  std::vector<std::string> emails;
  std::string list = "[";
  for (int i = 0; i < 5'000; ++i) {
    emails.push_back("user" + std::to_string(10'000 + i) + "@x.example");
    list += std::string(i == 0 ? "" : ",") + R"({"email":")" + emails.back() + R"(","is_valid":)" +
            (i % 3 == 0 ? "true" : "false") +
            R"(,"reason":"no_mx","mx":{"records":["mx.x.example"]}})";
  }
  import(emails);
  answer(list + "]");
  const AttemptResult result = complete();
  EXPECT_TRUE(result.success) << result.error;
  const auto all = contacts();
  ASSERT_EQ(all.size(), 5'000u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i].email_verified, i % 3 == 0) << i;
    ASSERT_EQ(all[i].email_invalid_reason, i % 3 == 0 ? "" : "no_mx") << i;
  }
}

TEST_F(ContactsDestinationTest, ChangesNothingWhenTheDownloadIsNoListOfResults) {
  import({"a@x.example"});
  for (const std::string& body :
       {std::string(kThree.substr(0, kThree.size() - 1)), std::string("<html>"), std::string("{}"),
        std::string(R"([{"email":"a@x.example","is_valid":true},7])"),
        "[" + std::string(200'000, 'x') + "]"}) {
    answer(body);
    const AttemptResult result = complete();
    EXPECT_FALSE(result.success);
    EXPECT_FALSE(result.retryable) << result.error;
    EXPECT_EQ(result.error_class, "invalid_argument") << result.error;
  }
  EXPECT_FALSE(contacts()[0].email_verified.has_value());
  EXPECT_FALSE(remote_job());
}

TEST_F(ContactsDestinationTest, TriesAgainWhatCanPassAndNothingElse) {
  struct Row {
    unsigned status;
    bool retryable;
  };
  for (const Row& row : {Row{500, true}, Row{502, true}, Row{503, true}, Row{429, true},
                         Row{408, true}, Row{400, false}, Row{401, false}, Row{403, false},
                         Row{404, false}, Row{410, false}, Row{302, false}, Row{204, false}}) {
    answer(R"({"error":"no"})", row.status);
    const AttemptResult result = complete();
    EXPECT_FALSE(result.success);
    EXPECT_EQ(result.status_code, static_cast<int>(row.status));
    EXPECT_EQ(result.error_class, "http_status");
    EXPECT_EQ(result.retryable, row.retryable) << row.status;
  }
  http_.on("api.example.com", "/results", [](const http::ClientRequest&) {
    return Result<http::ClientResponse>(fail(Errc::kConnectionLost, "cut"));
  });
  EXPECT_TRUE(complete().retryable);
  http_.on("api.example.com", "/results", [](const http::ClientRequest&) {
    return Result<http::ClientResponse>(fail(Errc::kForbiddenAddress, "private"));
  });
  EXPECT_FALSE(complete().retryable);
}

TEST_F(ContactsDestinationTest, GoesNowhereThatNobodyAllowed) {
  for (const std::string_view url :
       {"https://evil.example/results", "https://api.example.com.evil.example/results",
        "http://api.example.com/results", "https://here.example:8080/results",
        "http://here.example:8081/results", "https://user@api.example.com/results",
        "ftp://api.example.com/results", "file:///etc/passwd", "", "nonsense"}) {
    const AttemptResult result = complete(url);
    EXPECT_FALSE(result.success) << url;
    EXPECT_FALSE(result.retryable) << url;
  }
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(ContactsDestinationTest, GivesEachKeyOnlyToTheHostsBesideIt) {
  destination_.settings = settings(
      R"({"api_key":"key-of-destination","allowed_hosts":["mine.example:8443"]})", "acme|dst_1");
  http_.answer("mine.example", "", 200, "[]");
  http_.answer("api.example.com", "", 200, "[]");
  http_.answer("here.example", "", 200, "[]");
  EXPECT_TRUE(complete("https://mine.example:8443/r").success);
  EXPECT_TRUE(complete("https://api.example.com:444/r").success);
  EXPECT_TRUE(complete("http://here.example:8080/r").success);
  EXPECT_FALSE(complete("https://mine.example/r").success);
  ASSERT_EQ(http_.requests().size(), 3u);
  const auto key_of = [&](std::size_t i) {
    return http_.requests()[i].request.headers.get("Authorization");
  };
  EXPECT_EQ(key_of(0), "Bearer key-of-destination");
  EXPECT_EQ(key_of(1), "Bearer key-of-source");
  EXPECT_EQ(key_of(2), "Bearer key-of-destination");
}

TEST_F(ContactsDestinationTest, SubmitsTheRestOfAFailedJobOncePerEvent) {
  import({"a@x.example", "b@x.example", "c@x.example"}, "job_1");
  answer(R"([{"email":"a@x.example","is_valid":true,"reason":"accepted_email"}])");
  EXPECT_TRUE(fail_job().success);
  EXPECT_EQ(remote_job()->status, "failed");
  EXPECT_EQ(remote_job()->error_code, "PROCESSING_ERROR");
  EXPECT_EQ(remote_job()->error_message, "broke");
  EXPECT_EQ(contacts()[0].email_verified, true);
  ASSERT_EQ(submitter_.submissions.size(), 1u);
  EXPECT_EQ(submitter_.submissions[0].emails,
            (std::vector<std::string>{"b@x.example", "c@x.example"}));
  EXPECT_EQ(submitter_.submissions[0].retry_of, "job_1");
  EXPECT_EQ(submitter_.submissions[0].idempotency_key, "evt_1");
  EXPECT_EQ(contacts()[1].verification_job_id, "job_new");
  EXPECT_TRUE(fail_job().success);
  EXPECT_EQ(submitter_.submissions.size(), 1u);
}

TEST_F(ContactsDestinationTest, ASubmissionThatIsForgottenIsMadeAndRememberedAnew) {
  import({"b@x.example"}, "job_1");
  answer("[]");
  EXPECT_TRUE(fail_job().success);
  // Nobody has swept up the expired memory of the first one.
  time_.advance(std::chrono::hours{24 * 31});
  import({"b@x.example"}, "job_1");
  EXPECT_TRUE(fail_job().success);
  EXPECT_EQ(submitter_.submissions.size(), 2u);
  EXPECT_EQ(contacts()[0].verification_job_id, "job_new");
  import({"b@x.example"}, "job_1");
  EXPECT_TRUE(fail_job().success);
  EXPECT_EQ(submitter_.submissions.size(), 2u);
}

TEST_F(ContactsDestinationTest, SubmitsAgainWhatCouldNotBeSubmitted) {
  import({"b@x.example"}, "job_1");
  answer("[]");
  submitter_.error = Error{Errc::kBusy, "later"};
  const AttemptResult result = fail_job();
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.retryable);
  submitter_.error.reset();
  EXPECT_TRUE(fail_job().success);
  EXPECT_EQ(submitter_.submissions.size(), 2u);
}

TEST_F(ContactsDestinationTest, SubmitsOverHttpWhereSettingsSaySo) {
  set_source_settings(R"({"api_key":"key-of-source","allowed_hosts":["api.example.com"],)"
                      R"("submit_url":"https://api.example.com/v1/bulk/verify"})");
  import({"b@x.example"}, "job_1");
  answer("[]");
  http_.answer("api.example.com", "/v1/bulk/verify", 202, R"({"job_id":"job_2"})");
  EXPECT_TRUE(fail_job().success);
  EXPECT_TRUE(submitter_.submissions.empty());
  const http::ClientRequest& request = http_.requests().back().request;
  EXPECT_EQ(request.body, R"({"emails":["b@x.example"],"metadata":{"retry_of":"job_1"}})");
  EXPECT_EQ(request.headers.get("Authorization"), "Bearer key-of-source");
  EXPECT_EQ(request.headers.get("Idempotency-Key"), "evt_1");
  EXPECT_EQ(contacts()[0].verification_job_id, "job_2");
}

TEST_F(ContactsDestinationTest, FindsPartialResultsByTheSettingsWhenTheEventHasNoUrl) {
  set_source_settings(R"({"allowed_hosts":["api.example.com"],)"
                      R"("results_url":"https://api.example.com/bulk/{job_id}/partial"})");
  http_.answer("api.example.com", "/bulk/job_1/partial", 200, "[]");
  const std::string body = R"({"job_id":"job_1","partial_results_available":true})";
  EXPECT_TRUE(attempt("bulk.failed", body).success);
  EXPECT_EQ(http_.requests().size(), 1u);
  set_source_settings("{}");
  const AttemptResult result = attempt("bulk.failed", body);
  EXPECT_FALSE(result.success);
  EXPECT_FALSE(result.retryable);
}

TEST_F(ContactsDestinationTest, OnlyNotesAFailureWithoutPartialResults) {
  EXPECT_TRUE(
      attempt("bulk.failed", R"({"job_id":"job_1","error_code":"EGRESS_BLOCKED"})").success);
  EXPECT_EQ(remote_job()->error_code, "EGRESS_BLOCKED");
  EXPECT_TRUE(http_.requests().empty());
  EXPECT_TRUE(submitter_.submissions.empty());
}

TEST_F(ContactsDestinationTest, DoesNotSubmitWhatItsOwnerCancelledOrWhatComesToNothing) {
  import({"b@x.example"}, "job_1");
  answer("[]");
  EXPECT_TRUE(attempt("bulk.failed", R"({"job_id":"job_1","error_code":"CANCELLED",)"
                                     R"("partial_results_available":true,"processed_count":1,)"
                                     R"("download_url":"https://api.example.com/results"})")
                  .success);
  EXPECT_TRUE(attempt("bulk.failed", R"({"job_id":"job_1","partial_results_available":true,)"
                                     R"("processed_count":0,"metadata":{"retry_of":"job_0"},)"
                                     R"("download_url":"https://api.example.com/results"})")
                  .success);
  EXPECT_TRUE(submitter_.submissions.empty());
}

TEST_F(ContactsDestinationTest, FollowsProgressAndNeverGoesBack) {
  const auto progress = [&](int processed) {
    return attempt("bulk.progress", R"({"job_id":"job_1","processed_count":)" +
                                        std::to_string(processed) + R"(,"total_count":100})")
        .success;
  };
  EXPECT_TRUE(progress(26));
  EXPECT_EQ(remote_job()->notified_quarter, 1);
  EXPECT_TRUE(progress(80));
  EXPECT_TRUE(progress(50));
  EXPECT_EQ(remote_job()->processed_count, 80);
  EXPECT_EQ(remote_job()->notified_quarter, 3);
  answer("[]");
  EXPECT_TRUE(complete().success);
  EXPECT_TRUE(progress(90));
  EXPECT_EQ(remote_job()->status, "completed");
}

TEST_F(ContactsDestinationTest, IgnoresOtherEventsAndRefusesPayloadsWithoutAJob) {
  EXPECT_TRUE(attempt("verification.completed", "{}").success);
  EXPECT_TRUE(attempt("unknown", "not json").success);
  for (const std::string body : {"not json", "[]", "{}", R"({"job_id":7})", R"({"job_id":""})"}) {
    const AttemptResult result = attempt("bulk.progress", body);
    EXPECT_FALSE(result.success);
    EXPECT_FALSE(result.retryable);
  }
}

constexpr std::string_view kElsewhere =
    R"({"database":"postgres://app:hush@db.example/crm","table":"people",)"
    R"("api_key":"k","allowed_hosts":["api.example.com"]})";

TEST_F(ContactsDestinationTest, AppliesToATableElsewhereWithTheEventsTime) {
  destination_.settings = table_settings(kElsewhere, "acme|dst_1");
  answer(std::string(kThree));
  const AttemptResult result = complete();
  EXPECT_TRUE(result.success) << result.error;
  ASSERT_EQ(postgres_.opened.size(), 1u);
  EXPECT_EQ(postgres_.opened[0].url.password, "hush");
  EXPECT_EQ(postgres_.opened[0].table, "people");
  ASSERT_EQ(postgres_.applied.size(), 3u);
  EXPECT_EQ(postgres_.applied[1].email_invalid_reason, "no_mx");
  EXPECT_EQ(postgres_.applied_at, kArrival);
  EXPECT_EQ(remote_job()->status, "completed");
  EXPECT_TRUE(contacts().empty());
}

TEST_F(ContactsDestinationTest, TriesADatabaseAgainThatMayComeBackAndNoOther) {
  destination_.settings = table_settings(kElsewhere, "acme|dst_1");
  answer(std::string(kThree));
  for (const auto& [code, retryable] :
       {std::pair(Errc::kConnectionRefused, true), std::pair(Errc::kConnectionLost, true),
        std::pair(Errc::kBusy, true), std::pair(Errc::kTimeout, true),
        std::pair(Errc::kForbidden, false), std::pair(Errc::kNotFound, false),
        std::pair(Errc::kUnauthorized, false), std::pair(Errc::kForbiddenAddress, false)}) {
    postgres_.error = Error{code, "grant it"};
    const AttemptResult result = complete();
    EXPECT_FALSE(result.success);
    EXPECT_EQ(result.retryable, retryable) << to_string(code);
    EXPECT_EQ(result.error, "grant it");
  }
  EXPECT_FALSE(remote_job());
}

TEST_F(ContactsDestinationTest, SubmitsContactsThatCarryAJobOfAnotherAndHaveNoResult) {
  destination_.settings = table_settings(kElsewhere, "acme|dst_1");
  postgres_.carrying = {"a@x.example", "b@x.example", "c@x.example"};
  answer(R"([{"email":"b@x.example","is_valid":true,"reason":"accepted_email"}])");
  EXPECT_TRUE(fail_job().success);
  ASSERT_EQ(submitter_.submissions.size(), 1u);
  const std::vector<std::string> rest = {"a@x.example", "c@x.example"};
  EXPECT_EQ(submitter_.submissions[0].emails, rest);
  EXPECT_EQ(postgres_.marked, (std::map<std::string, std::string>{{"a@x.example", "job_new"},
                                                                  {"c@x.example", "job_new"}}));
  // What a crash between the two left undone is done by the next attempt, with the same job.
  postgres_.marked.clear();
  EXPECT_TRUE(fail_job().success);
  EXPECT_EQ(submitter_.submissions.size(), 1u);
  EXPECT_EQ(postgres_.marked.size(), 2u);
}

TEST_F(ContactsDestinationTest, ReadsResultsOfItsOwnJobsWithoutANetwork) {
  import({"a@x.example", "b@x.example"});
  own_results_.rows = {{"a@x.example", true, ""}, {"b@x.example", false, "no_mx"}};
  const auto applied = attempt_own("bulk.completed", R"("status":"completed")");
  EXPECT_TRUE(applied.success) << applied.error;
  EXPECT_EQ(own_results_.asked, std::vector<std::string>{"job_1"});
  EXPECT_TRUE(http_.requests().empty());
  EXPECT_EQ(contacts()[0].email_verified, true);
  EXPECT_EQ(contacts()[1].email_invalid_reason, "no_mx");
  EXPECT_EQ(contacts()[1].verification_job_id, "job_1");
}

TEST_F(ContactsDestinationTest, ARouteLeadsToTheTableOfAnotherDestinationUntilThatIsGone) {
  model::Destination table = destination_;
  table.id = "dst_2";
  table.settings = table_settings(kElsewhere, "acme|dst_2");
  write([&](store::Connection& db) { return store::insert_destination(db, table); });
  destination_.settings = contacts_route_settings("dst_2");
  own_results_.rows = {{"a@x.example", true, ""}};
  const std::string tail = R"("status":"completed")";
  EXPECT_TRUE(attempt_own("bulk.completed", tail).success);
  EXPECT_EQ(postgres_.applied.size(), 1u);
  EXPECT_EQ(postgres_.opened[0].url.password, "hush");
  write([&](store::Connection& db) {
    return store::delete_destination(db, "acme", "dst_2", kArrival);
  });
  const AttemptResult gone = attempt_own("bulk.completed", tail);
  EXPECT_FALSE(gone.success);
  EXPECT_FALSE(gone.retryable);
}

}  // namespace
}  // namespace verihook::destinations
