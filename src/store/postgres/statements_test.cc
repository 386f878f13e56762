#include "store/postgres/statements.h"

#include <gtest/gtest.h>

#include "store/postgres/session.h"

namespace verihook::store::postgres {
namespace {

TEST(PostgresStatements, QuoteEveryNameSoThatNoneBreaksOut) {
  EXPECT_EQ(quoted_identifier("plain"), "\"plain\"");
  EXPECT_EQ(quoted_identifier("a\"; DROP TABLE b; --"), "\"a\"\"; DROP TABLE b; --\"");
  PostgresContactsSpec spec;
  spec.schema = "S\"s";
  spec.table = "t.able";
  EXPECT_EQ(table_name(spec), "\"S\"\"s\".\"t.able\"");
  spec.schema.clear();
  EXPECT_EQ(table_name(spec), "\"t.able\"");
  spec.email = "e\"";
  for (const std::string& sql : {apply_statement(spec, {}), mark_statement(spec, {})}) {
    EXPECT_TRUE(sql.contains("t.\"e\"\"\" = u.e::text")) << sql;
  }
}

TEST(PostgresStatements, CompareAsTheColumnDoesOrIgnoreCase) {
  PostgresContactsSpec spec;
  ColumnTypes types;
  types.email = "public.citext";
  EXPECT_TRUE(apply_statement(spec, types).contains("t.\"email\" = u.e::public.citext"));
  spec.ignore_case = true;
  EXPECT_TRUE(apply_statement(spec, types).contains("lower(t.\"email\"::text) = lower(u.e)"));
}

TEST(PostgresStatements, SelectByAgeAndJobThroughParameters) {
  using enum ContactSelection::Which;
  const auto sql = [](ContactSelection::Which which, std::vector<std::string>& params) {
    return cursor_statement(
        {}, {}, {.which = which, .verified_before = WallTime{}, .job_id = "j'1"}, params);
  };
  std::vector<std::string> params;
  EXPECT_FALSE(sql(kAll, params).contains('$'));
  EXPECT_FALSE(sql(kNever, params).contains('$'));
  EXPECT_TRUE(params.empty());
  EXPECT_TRUE(sql(kOlder, params).contains("< $1::timestamptz"));
  EXPECT_EQ(params, std::vector<std::string>{"1970-01-01T00:00:00.000Z"});
  EXPECT_TRUE(sql(kDue, params).contains("IS NULL OR "));
  EXPECT_FALSE(sql(kOfJob, params).contains("j'1"));
  EXPECT_EQ(params, std::vector<std::string>{"j'1"});
}

TEST(PostgresStatements, WriteArraysThatHoldAnything) {
  const std::vector<std::string> elements = {"plain", "", "NULL", "a,b", "{}", "q\"q", "b\\b"};
  EXPECT_EQ(array_of(elements), "{\"plain\",\"\",\"NULL\",\"a,b\",\"{}\",\"q\\\"q\",\"b\\\\b\"}");
  EXPECT_EQ(array_of({}), "{}");
}

}  // namespace
}  // namespace verihook::store::postgres
