#include "destinations/contacts_destination.h"

#include <filesystem>

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

class ContactsDestinationTest : public ::testing::Test {
 protected:
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
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "verihook-contacts";
  ContactsDestination contacts_{
      database_,
      http_,
      time_.clock(),
      box_,
      &submitter_,
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

TEST(RemoteJob, CountsWholeQuarters) {
  EXPECT_EQ(quarter_of(0, 0), 0);
  EXPECT_EQ(quarter_of(24, 100), 0);
  EXPECT_EQ(quarter_of(25, 100), 1);
  EXPECT_EQ(quarter_of(99, 100), 3);
  EXPECT_EQ(quarter_of(100, 100), 4);
  EXPECT_EQ(quarter_of(200, 100), 4);
  EXPECT_EQ(quarter_of(INT64_MAX - 1, INT64_MAX), 3);
}

TEST(ProviderSettings, SealTheKeyToItsPlaceAndKeepItOverChanges) {
  SeededRandom random(3);
  const crypto::SecretBox box(crypto::AesKey(std::array<std::byte, crypto::kAesKeyBytes>{}),
                              random);
  const auto seal = [&](std::string_view text, std::string_view previous) {
    const auto given = webhooks::parse_strict_json(text).value();
    return seal_provider_settings(given.get_object(), previous, box, "t|src_1");
  };
  const std::string stored = seal(R"({"api_key":"k","other":1})", "{}").value();
  EXPECT_EQ(stored.find("\"k\""), std::string::npos);
  EXPECT_NE(stored.find("\"other\":1"), std::string::npos);
  EXPECT_EQ(open_provider_settings(stored, box, "t|src_1")->api_key, "k");
  EXPECT_FALSE(open_provider_settings(stored, box, "t|src_2"));
  const std::string changed = seal(R"({"allowed_hosts":["A.example"]})", stored).value();
  EXPECT_EQ(open_provider_settings(changed, box, "t|src_1")->api_key, "k");
  EXPECT_EQ(
      open_provider_settings(seal(R"({"api_key":null})", stored).value(), box, "t|src_1")->api_key,
      "");
  EXPECT_TRUE(public_provider_settings(stored)->at("has_api_key").as_bool());
  EXPECT_FALSE(public_provider_settings(stored)->contains("api_key_sealed"));
  for (const std::string_view bad :
       {R"({"api_key":""})", R"({"api_key":"a b"})", R"({"api_key":1})", R"({"allowed_hosts":1})",
        R"({"allowed_hosts":["http://x.example"]})", R"({"allowed_hosts":["x.example/a"]})",
        R"({"allowed_hosts":[""]})", R"({"submit_url":"nonsense"})",
        R"({"results_url":"https://x.example/"})"}) {
    EXPECT_FALSE(seal(bad, "{}")) << bad;
  }
}

TEST(ProviderSettings, EncodeTheJobInTheUrl) {
  EXPECT_EQ(expand_job_id("https://x/{job_id}/r", "job_1"), "https://x/job_1/r");
  EXPECT_EQ(expand_job_id("https://x/{job_id}", "../a?b"), "https://x/%2e%2e%2fa%3fb");
}

}  // namespace
}  // namespace verihook::destinations
