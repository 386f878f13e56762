#include "store/destinations.h"

#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class DestinationsTest : public RepositoryTest {};

model::Destination full_destination() {
  model::Destination destination = make_destination("a", "wh_1");
  destination.kind = model::DestinationKind::kNats;
  destination.secrets = {{.sealed = std::string("\0\xfe", 2), .expires_at = std::nullopt},
                         {.sealed = "old", .expires_at = at_s(99), .public_key = "whpk_p"}};
  destination.events = {"bulk.*", "webhook.test"};
  destination.sources = {"provider", "öther"};
  destination.job_id = "job_9";
  destination.state = model::DestinationState::kDisabled;
  destination.state_reason = "410";
  destination.options.max_in_flight = 3;
  destination.options.rate_per_second = 2.5;
  destination.options.ordered = true;
  destination.options.retry_schedule = model::default_endpoint_schedule();
  destination.options.headers = {{"X-A", "1"}, {"X-B", "\"2\""}};
  destination.options.signature_header = "X-Sig";
  destination.options.signature_prefix = "sha256=";
  destination.options.metadata_filter = R"({"list":"ä"})";
  destination.settings = R"({"stream":"s"})";
  destination.updated_at = at_s(5);
  return destination;
}

void expect_same(const model::Destination& found, const model::Destination& wanted) {
  EXPECT_EQ(found.tenant_id, wanted.tenant_id);
  EXPECT_EQ(found.id, wanted.id);
  EXPECT_EQ(found.name, wanted.name);
  EXPECT_EQ(found.kind, wanted.kind);
  EXPECT_EQ(found.url, wanted.url);
  ASSERT_EQ(found.secrets.size(), wanted.secrets.size());
  for (std::size_t i = 0; i < found.secrets.size(); ++i) {
    EXPECT_EQ(found.secrets[i].sealed, wanted.secrets[i].sealed);
    EXPECT_EQ(found.secrets[i].expires_at, wanted.secrets[i].expires_at);
    EXPECT_EQ(found.secrets[i].public_key, wanted.secrets[i].public_key);
  }
  EXPECT_EQ(found.events, wanted.events);
  EXPECT_EQ(found.sources, wanted.sources);
  EXPECT_EQ(found.job_id, wanted.job_id);
  EXPECT_EQ(found.state, wanted.state);
  EXPECT_EQ(found.state_reason, wanted.state_reason);
  EXPECT_EQ(found.options.max_in_flight, wanted.options.max_in_flight);
  EXPECT_EQ(found.options.rate_per_second, wanted.options.rate_per_second);
  EXPECT_EQ(found.options.ordered, wanted.options.ordered);
  EXPECT_EQ(found.options.retry_schedule, wanted.options.retry_schedule);
  EXPECT_EQ(found.options.headers, wanted.options.headers);
  EXPECT_EQ(found.options.signature_header, wanted.options.signature_header);
  EXPECT_EQ(found.options.signature_prefix, wanted.options.signature_prefix);
  EXPECT_EQ(found.options.metadata_filter, wanted.options.metadata_filter);
  EXPECT_EQ(found.settings, wanted.settings);
  EXPECT_EQ(found.created_at, wanted.created_at);
  EXPECT_EQ(found.updated_at, wanted.updated_at);
}

TEST_F(DestinationsTest, AnEmptyScheduleIsKeptAndIsNotTheDefault) {
  model::Destination destination = make_destination("a", "wh_1");
  destination.options.retry_schedule.clear();
  ASSERT_TRUE(insert_destination(db(), destination));
  EXPECT_TRUE(find_destination(db(), "a", "wh_1")->options.retry_schedule.empty());
}

TEST_F(DestinationsTest, OneIsFoundByItsIdAlone) {
  ASSERT_TRUE(insert_destination(db(), full_destination()));
  const auto found = find_destination_of_any_tenant(db(), "wh_1");
  ASSERT_TRUE(found && *found);
  expect_same(**found, full_destination());
  EXPECT_FALSE(find_destination_of_any_tenant(db(), "wh_2")->has_value());
}

TEST_F(DestinationsTest, ADestinationReadsBackWithEveryField) {
  const auto destination = full_destination();
  ASSERT_TRUE(insert_destination(db(), destination));
  EXPECT_EQ(code_of(insert_destination(db(), destination)), Errc::kConflict);
  const auto found = find_destination(db(), "a", "wh_1");
  ASSERT_TRUE(found);
  expect_same(*found, destination);
}

TEST_F(DestinationsTest, AnUpdateWritesEveryField) {
  auto destination = make_destination("a", "wh_1");
  ASSERT_TRUE(insert_destination(db(), destination));
  destination = full_destination();
  ASSERT_TRUE(update_destination(db(), destination));
  expect_same(*find_destination(db(), "a", "wh_1"), destination);
}

TEST_F(DestinationsTest, AnotherTenantSeesAndChangesNothing) {
  ASSERT_TRUE(insert_destination(db(), make_destination("a", "wh_1")));
  EXPECT_EQ(code_of(find_destination(db(), "b", "wh_1")), Errc::kNotFound);
  EXPECT_EQ(code_of(update_destination(db(), make_destination("b", "wh_1"))), Errc::kNotFound);
  EXPECT_EQ(code_of(delete_destination(db(), "b", "wh_1", at_s(1))), Errc::kNotFound);
  EXPECT_TRUE(list_destinations(db(), "b", "wh", "", 10)->empty());
  EXPECT_TRUE((*destinations_of_tenant(db(), "b"))->empty());
  ASSERT_TRUE(delete_destination(db(), "a", "wh_1", at_s(1)));
  EXPECT_EQ(code_of(find_destination(db(), "a", "wh_1")), Errc::kNotFound);
}

TEST_F(DestinationsTest, ListsGoByPrefixOldestFirst) {
  for (const char* id : {"wh_2", "dst_1", "wh_1", "wh_3", "whx_1"}) {
    ASSERT_TRUE(insert_destination(db(), make_destination("a", id)));
  }
  const auto ids = [](const auto& found) {
    std::string text;
    for (const auto& one : *found) text += one.id + " ";
    return text;
  };
  EXPECT_EQ(ids(list_destinations(db(), "a", "wh", "", 2)), "wh_1 wh_2 ");
  EXPECT_EQ(ids(list_destinations(db(), "a", "wh", "wh_2", 2)), "wh_3 ");
  EXPECT_EQ(ids(list_destinations(db(), "a", "dst", "", 9)), "dst_1 ");
}

TEST_F(DestinationsTest, AnEventIsForThoseOfItsJobAndThoseOfNone) {
  for (const auto& [id, job_id] : {std::pair{"wh_1", ""}, {"wh_2", "job_1"}, {"wh_3", "job_2"}}) {
    auto destination = make_destination("a", id);
    destination.job_id = job_id;
    ASSERT_TRUE(insert_destination(db(), destination));
  }
  const auto of_tenant = *destinations_of_tenant(db(), "a");
  ASSERT_EQ(of_tenant->size(), 1u);
  EXPECT_EQ(of_tenant->front()->id, "wh_1");
  const auto of_job = *destinations_of_job(db(), "a", "job_1");
  ASSERT_EQ(of_job.size(), 1u);
  EXPECT_EQ(of_job.front().id, "wh_2");
  EXPECT_NE(
      plan_of("SELECT id FROM destinations WHERE tenant_id = $1 AND job_id = $2 ORDER BY id", 2)
          .find("destinations_job"),
      std::string::npos);
}

model::Source full_source() {
  model::Source source;
  source.tenant_id = "a";
  source.id = "src_1";
  source.name = "provider";
  source.verifier = R"({"kind":"hmac"})";
  source.secrets = {{.sealed = "s1", .expires_at = at_s(3)}};
  source.ip_allowlist = {"203.0.113.0/24", "2001:db8::/32"};
  source.timestamp_tolerance_s = 60;
  source.body_bytes_max = 4096;
  source.dedup_key = "delivery_id";
  source.mode = model::SourceMode::kShadow;
  source.settings = R"({"hosts":["x"]})";
  source.created_at = at_s(1);
  source.updated_at = at_s(2);
  return source;
}

void expect_same(const model::Source& found, const model::Source& wanted) {
  EXPECT_EQ(found.tenant_id, wanted.tenant_id);
  EXPECT_EQ(found.id, wanted.id);
  EXPECT_EQ(found.name, wanted.name);
  EXPECT_EQ(found.verifier, wanted.verifier);
  ASSERT_EQ(found.secrets.size(), wanted.secrets.size());
  for (std::size_t i = 0; i < found.secrets.size(); ++i) {
    EXPECT_EQ(found.secrets[i].sealed, wanted.secrets[i].sealed);
    EXPECT_EQ(found.secrets[i].expires_at, wanted.secrets[i].expires_at);
  }
  EXPECT_EQ(found.ip_allowlist, wanted.ip_allowlist);
  EXPECT_EQ(found.timestamp_tolerance_s, wanted.timestamp_tolerance_s);
  EXPECT_EQ(found.body_bytes_max, wanted.body_bytes_max);
  EXPECT_EQ(found.dedup_key, wanted.dedup_key);
  EXPECT_EQ(found.mode, wanted.mode);
  EXPECT_EQ(found.settings, wanted.settings);
  EXPECT_EQ(found.created_at, wanted.created_at);
  EXPECT_EQ(found.updated_at, wanted.updated_at);
}

TEST_F(DestinationsTest, ASourceReadsBackAndIsUpdatedWithEveryField) {
  model::Source source;
  source.tenant_id = "a";
  source.id = "src_1";
  source.name = "first";
  source.created_at = at_s(1);
  ASSERT_TRUE(insert_source(db(), source));
  expect_same(*find_source(db(), "a", "src_1"), source);
  ASSERT_TRUE(update_source(db(), full_source()));
  expect_same(*find_source(db(), "a", "src_1"), full_source());
  expect_same(*find_source_by_name(db(), "provider"), full_source());
  expect_same(list_sources(db(), "a", "", 5)->front(), full_source());
}

TEST_F(DestinationsTest, ASourcesNameIsItsOwnInTheWholeProgram) {
  ASSERT_TRUE(insert_source(db(), full_source()));
  auto other = full_source();
  other.tenant_id = "b";
  other.id = "src_2";
  EXPECT_EQ(code_of(insert_source(db(), other)), Errc::kConflict);
  other.name = "second";
  ASSERT_TRUE(insert_source(db(), other));
  other.name = "provider";
  EXPECT_EQ(code_of(update_source(db(), other)), Errc::kConflict);
}

TEST_F(DestinationsTest, AnotherTenantsSourceDoesNotExist) {
  ASSERT_TRUE(insert_source(db(), full_source()));
  EXPECT_EQ(code_of(find_source(db(), "b", "src_1")), Errc::kNotFound);
  EXPECT_EQ(code_of(delete_source(db(), "b", "src_1")), Errc::kNotFound);
  EXPECT_TRUE(list_sources(db(), "b", "", 5)->empty());
  EXPECT_TRUE(list_sources(db(), "a", "src_1", 5)->empty());
  ASSERT_TRUE(delete_source(db(), "a", "src_1"));
  EXPECT_EQ(code_of(find_source_by_name(db(), "provider")), Errc::kNotFound);
}

}  // namespace
}  // namespace verihook::store
