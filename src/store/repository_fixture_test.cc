#include "store/repository_fixture.h"

#include "store/schema.h"
#include "store/sqlite/sqlite_driver.h"

namespace verihook::store {

RepositoryTest::RepositoryTest()
    : driver_(std::make_unique<sqlite::SqliteDriver>(
          "", sqlite::SqliteOptions{.in_memory = true, .vfs = {}})) {
  auto writer = driver_->open_writer();
  EXPECT_TRUE(writer) << writer.error().message;
  connection_ = *std::move(writer);
  const auto migrated = migrate(*driver_, *connection_);
  EXPECT_TRUE(migrated) << migrated.error().message;
}

RepositoryTest::~RepositoryTest() = default;

std::string RepositoryTest::plan_of(std::string_view sql, std::size_t params) {
  const std::vector<Param> values(params, Param(""));
  std::string plan;
  const auto asked = db().query("EXPLAIN QUERY PLAN " + std::string(sql),
                                std::span<const Param>(values), [&](const Row& row) {
                                  plan += row.string(3) + "\n";
                                  return true;
                                });
  EXPECT_TRUE(asked) << asked.error().message;
  return plan;
}

model::Summary full_summary(std::int64_t base) {
  return {.total = base,
          .valid = base + 1,
          .invalid = base + 2,
          .risky = base + 3,
          .unknown = base + 4,
          .disposable = base + 5,
          .catch_all = base + 6,
          .role = base + 7,
          .free = base + 8,
          .duplicates = base + 9};
}

model::Job make_job(const std::string& tenant, const std::string& id, model::JobState state) {
  model::Job job;
  job.tenant_id = tenant;
  job.id = id;
  job.state = state;
  job.name = "spring list";
  job.options = {.smtp = false,
                 .syntax = model::Syntax::kWebForm,
                 .disposable_as = model::DisposableAs::kFlag,
                 .role_as = model::RoleAs::kRisky,
                 .catch_all_as = model::CatchAllAs::kUnknown,
                 .greylist = model::Greylist::kSkip,
                 .cache = false,
                 .deadline_s = 3600,
                 .retention_days = 30};
  job.metadata = R"({"list":"ä"})";
  job.total_count = 1000;
  job.created_at = at_s(1);
  return job;
}

model::Chunk make_chunk(const model::Job& job, std::int64_t number, std::int64_t rows) {
  model::Chunk chunk;
  chunk.tenant_id = job.tenant_id;
  chunk.job_id = job.id;
  chunk.number = number;
  chunk.row_count = rows;
  return chunk;
}

model::Event make_event(const std::string& tenant, const std::string& id) {
  model::Event event;
  event.tenant_id = tenant;
  event.id = id;
  event.type = "bulk.progress";
  event.job_id = "job_1";
  event.body = std::string("{\"a\":1}\0\xff", 9);
  event.created_at = at_s(2);
  return event;
}

model::Delivery make_delivery(const model::Event& event, const std::string& id,
                              const std::string& destination_id) {
  model::Delivery delivery;
  delivery.tenant_id = event.tenant_id;
  delivery.id = id;
  delivery.event_id = event.id;
  delivery.destination_id = destination_id;
  delivery.job_id = event.job_id;
  delivery.next_attempt_at = at_s(10);
  delivery.created_at = at_s(3);
  return delivery;
}

model::Destination make_destination(const std::string& tenant, const std::string& id) {
  model::Destination destination;
  destination.tenant_id = tenant;
  destination.id = id;
  destination.name = "crm";
  destination.url = "https://crm.example/hook";
  destination.created_at = at_s(4);
  destination.updated_at = at_s(4);
  return destination;
}

namespace {

TEST_F(RepositoryTest, EveryTableHasItsKeyBeginWithTheTenantOrIsOfTheWholeProgram) {
  std::vector<std::string> others;
  const auto asked = db().query(
      "SELECT m.name, (SELECT p.name FROM pragma_table_info(m.name) p WHERE p.pk = 1)"
      " FROM sqlite_schema m WHERE m.type = 'table' ORDER BY m.name",
      {}, [&](const Row& row) {
        if (row.text(1) != "tenant_id") others.push_back(row.string(0));
        return true;
      });
  ASSERT_TRUE(asked);
  EXPECT_EQ(others, (std::vector<std::string>{"dedup_keys", "metadata", "row_counts",
                                              "schema_version", "tenants"}));
}

TEST_F(RepositoryTest, MigratingAgainChangesNothing) {
  ASSERT_TRUE(migrate(*driver_, db()));
  EXPECT_EQ(schema_version(db()), migrations().back().version);
}

TEST_F(RepositoryTest, ADatabaseOfANewerProgramIsRefusedWithASentence) {
  ASSERT_TRUE(db().execute("UPDATE schema_version SET version = 900"));
  const auto migrated = migrate(*driver_, db());
  EXPECT_EQ(code_of(migrated), Errc::kConflict);
  EXPECT_NE(migrated.error().message.find("schema version 900"), std::string::npos);
  EXPECT_NE(migrated.error().message.find("newer program"), std::string::npos);
}

TEST_F(RepositoryTest, AMigrationThatFailsHalfWayLeavesTheOldSchema) {
  const std::vector<Migration> broken = {
      {900, "CREATE TABLE fine (id BIGINT); CREATE TABLE fine (id BIGINT);"}};
  EXPECT_FALSE(migrate(*driver_, db(), broken));
  EXPECT_EQ(schema_version(db()), migrations().back().version);
  EXPECT_FALSE(db().execute("INSERT INTO fine (id) VALUES (1)"));
}

TEST_F(RepositoryTest, ParametersBindByTheirNumberNotByTheirPlace) {
  std::string seen;
  const auto asked = db().query("SELECT $2 || $1 || $2", {"a", "b"}, [&](const Row& row) {
    seen = row.string(0);
    return true;
  });
  ASSERT_TRUE(asked);
  EXPECT_EQ(seen, "bab");
  EXPECT_EQ(code_of(db().execute("SELECT $3", {1, 2})), Errc::kInternal);
}

TEST_F(RepositoryTest, EmptyTextsAndBlobsAreNotNull) {
  bool checked = false;
  const auto asked = db().query(
      "SELECT $1, $2, $3, $4", {std::string_view(), BlobView{}, nullptr, 2.5}, [&](const Row& row) {
        checked = !row.is_null(0) && !row.is_null(1) && row.is_null(2) && row.real(3) == 2.5 &&
                  row.text(2).empty();
        return true;
      });
  ASSERT_TRUE(asked);
  EXPECT_TRUE(checked);
}

TEST_F(RepositoryTest, AQueryMayRunInsideItsOwnCallback) {
  std::int64_t sum = 0;
  const std::string_view sql = "SELECT $1 UNION ALL SELECT $1 + 1";
  const auto asked = db().query(sql, {10}, [&](const Row& outer) {
    return db()
        .query(sql, {outer.integer(0)},
               [&](const Row& inner) {
                 sum += inner.integer(0);
                 return true;
               })
        .has_value();
  });
  ASSERT_TRUE(asked);
  EXPECT_EQ(sum, 10 + 11 + 11 + 12);
}

}  // namespace
}  // namespace verihook::store
