#include "store/contacts.h"

#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class ContactsTest : public RepositoryTest {
 protected:
  void import(const std::string& tenant, std::vector<std::string> emails) {
    ASSERT_TRUE(import_contacts(db(), tenant, emails));
  }
};

using Emails = std::vector<std::string>;
using Updates = std::vector<model::ContactUpdate>;

const Updates kUpdates = {
    {.email = "ANN@example.com", .email_verified = true, .email_invalid_reason = "left over"},
    {.email = "bob@example.com", .email_verified = false, .email_invalid_reason = "no_mx"},
    {.email = "stranger@example.com", .email_verified = true, .email_invalid_reason = ""}};

TEST_F(ContactsTest, ImportAddsWhatIsMissingWhateverTheCase) {
  EXPECT_EQ(import_contacts(db(), "a", Emails{"Ann@Example.com", "bob@example.com"}), 2);
  EXPECT_EQ(import_contacts(db(), "a", Emails{"ann@example.com", "cy@example.com"}), 1);
  EXPECT_EQ(import_contacts(db(), "b", Emails{"ann@example.com"}), 1);
  const auto contacts = list_contacts(db(), "a", "", 10);
  ASSERT_EQ(contacts->size(), 3u);
  const model::Contact& ann = contacts->front();
  EXPECT_EQ(ann.tenant_id, "a");
  EXPECT_EQ(ann.email, "Ann@Example.com");
  EXPECT_EQ(ann.email_verified, std::nullopt);
  EXPECT_EQ(ann.verification_date, std::nullopt);
  EXPECT_EQ(ann.verification_job_id, "");
  EXPECT_EQ(ann.email_invalid_reason, "");
  EXPECT_EQ(list_contacts(db(), "a", "ANN@example.com", 1)->front().email, "bob@example.com");
}

TEST_F(ContactsTest, ApplyingTwiceChangesNothing) {
  import("a", {"ann@example.com", "bob@example.com", "cy@example.com"});
  import("b", {"ann@example.com"});
  EXPECT_EQ(apply_verification(db(), "a", "job_1", at_s(5), kUpdates), 2);
  EXPECT_EQ(apply_verification(db(), "a", "job_1", at_s(6), kUpdates), 0);
  const auto contacts = *list_contacts(db(), "a", "", 10);
  ASSERT_EQ(contacts.size(), 3u);
  EXPECT_EQ(contacts[0].email_verified, true);
  EXPECT_EQ(contacts[0].verification_date, at_s(5));
  EXPECT_EQ(contacts[0].verification_job_id, "job_1");
  EXPECT_EQ(contacts[0].email_invalid_reason, "");
  EXPECT_EQ(contacts[1].email_verified, false);
  EXPECT_EQ(contacts[1].email_invalid_reason, "no_mx");
  EXPECT_EQ(contacts[2].email_verified, std::nullopt);
  EXPECT_EQ(list_contacts(db(), "b", "", 10)->front().email_verified, std::nullopt);
}

TEST_F(ContactsTest, ALaterValidResultClearsTheReason) {
  import("a", {"bob@example.com"});
  ASSERT_EQ(apply_verification(db(), "a", "job_1", at_s(5), kUpdates), 1);
  const Updates now_valid = {
      {.email = "bob@example.com", .email_verified = true, .email_invalid_reason = ""}};
  EXPECT_EQ(apply_verification(db(), "a", "job_2", at_s(9), now_valid), 1);
  const auto bob = list_contacts(db(), "a", "", 1)->front();
  EXPECT_EQ(bob.email_verified, true);
  EXPECT_EQ(bob.email_invalid_reason, "");
  EXPECT_EQ(bob.verification_job_id, "job_2");
}

TEST_F(ContactsTest, ContactsOfAJobAreThoseThatStillWaitForItsResult) {
  import("a", {"ann@example.com", "bob@example.com", "cy@example.com"});
  // A result of an earlier job is not one of this job.
  ASSERT_EQ(apply_verification(db(), "a", "job_0", at_s(1), kUpdates), 2);
  const Emails all = {"ann@example.com", "bob@example.com", "cy@example.com"};
  EXPECT_EQ(mark_contacts(db(), "a", "job_1", all), 3);
  EXPECT_EQ(mark_contacts(db(), "a", "job_1", all), 0);
  const auto of = [](std::string job_id) {
    return ContactSelection{.which = ContactSelection::Which::kOfJob,
                            .verified_before = {},
                            .job_id = std::move(job_id)};
  };
  EXPECT_EQ(*select_contacts(db(), "a", of("job_1"), "", 10), all);
  ASSERT_EQ(apply_verification(db(), "a", "job_1", at_s(5), kUpdates), 2);
  EXPECT_EQ(*select_contacts(db(), "a", of("job_1"), "", 10), Emails{"cy@example.com"});
  EXPECT_TRUE(select_contacts(db(), "a", of("job_1"), "cy@example.com", 10)->empty());
  EXPECT_TRUE(select_contacts(db(), "b", of("job_1"), "", 10)->empty());
  EXPECT_TRUE(select_contacts(db(), "a", of(""), "", 10)->empty());
}

TEST_F(ContactsTest, SelectsAllNeverVerifiedOlderAndDue) {
  using enum ContactSelection::Which;
  import("a", {"ann@example.com", "bob@example.com", "cy@example.com"});
  import("b", {"dan@example.com"});
  ASSERT_EQ(apply_verification(db(), "a", "job_1", at_s(5), {&kUpdates[0], 1}), 1);
  ASSERT_EQ(apply_verification(db(), "a", "job_2", at_s(9), {&kUpdates[1], 1}), 1);
  const auto select = [&](ContactSelection::Which which, std::int64_t before_s,
                          std::string_view after = "") {
    const ContactSelection selection{
        .which = which, .verified_before = at_s(before_s), .job_id = {}};
    return *select_contacts(db(), "a", selection, after, 10);
  };
  EXPECT_EQ(select(kAll, 0), (Emails{"ann@example.com", "bob@example.com", "cy@example.com"}));
  EXPECT_EQ(select(kAll, 0, "BOB@example.com"), Emails{"cy@example.com"});
  EXPECT_EQ(select(kNever, 0), Emails{"cy@example.com"});
  EXPECT_EQ(select(kOlder, 5), Emails{});
  EXPECT_EQ(select(kOlder, 6), Emails{"ann@example.com"});
  EXPECT_EQ(select(kDue, 6), (Emails{"ann@example.com", "cy@example.com"}));
}

TEST_F(ContactsTest, RemoteJobsReadBackAndAreReplaced) {
  model::RemoteJob job{.tenant_id = "a",
                       .source_name = "provider",
                       .job_id = "j",
                       .status = "processing",
                       .processed_count = 5,
                       .total_count = 10,
                       .summary = R"({"valid":5})",
                       .error_code = "",
                       .error_message = "",
                       .notified_quarter = 2,
                       .updated_at = at_s(5)};
  ASSERT_TRUE(upsert_remote_job(db(), job));
  job.status = "failed";
  job.processed_count = 7;
  job.error_code = "PROCESSING_ERROR";
  job.error_message = "it broke";
  job.updated_at = at_s(6);
  ASSERT_TRUE(upsert_remote_job(db(), job));
  const auto found = find_remote_job(db(), "a", "provider", "j");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant_id, "a");
  EXPECT_EQ(found->source_name, "provider");
  EXPECT_EQ(found->job_id, "j");
  EXPECT_EQ(found->status, "failed");
  EXPECT_EQ(found->processed_count, 7);
  EXPECT_EQ(found->total_count, 10);
  EXPECT_EQ(found->summary, R"({"valid":5})");
  EXPECT_EQ(found->error_code, "PROCESSING_ERROR");
  EXPECT_EQ(found->error_message, "it broke");
  EXPECT_EQ(found->notified_quarter, 2);
  EXPECT_EQ(found->updated_at, at_s(6));
  EXPECT_EQ(code_of(find_remote_job(db(), "b", "provider", "j")), Errc::kNotFound);
  EXPECT_EQ(code_of(find_remote_job(db(), "a", "other", "j")), Errc::kNotFound);
}

}  // namespace
}  // namespace verihook::store
