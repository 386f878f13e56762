#include "store/postgres/failure.h"

#include <gtest/gtest.h>

namespace verihook::store::postgres {
namespace {

TEST(PostgresFailure, TellsWhatCanPassFromWhatMustBeMended) {
  const std::pair<const char*, Errc> table[] = {{"08006", Errc::kConnectionLost},
                                                {"40001", Errc::kBusy},
                                                {"40P01", Errc::kBusy},
                                                {"53300", Errc::kBusy},
                                                {"55P03", Errc::kBusy},
                                                {"57014", Errc::kTimeout},
                                                {"57P01", Errc::kConnectionLost},
                                                {"57P03", Errc::kBusy},
                                                {"25006", Errc::kBusy},
                                                {"28P01", Errc::kUnauthorized},
                                                {"3D000", Errc::kNotFound},
                                                {"42501", Errc::kForbidden},
                                                {"42P01", Errc::kNotFound},
                                                {"42703", Errc::kNotFound},
                                                {"42846", Errc::kInvalidArgument},
                                                {"22001", Errc::kInvalidArgument},
                                                {"23502", Errc::kInvalidArgument},
                                                {"P0001", Errc::kInvalidArgument},
                                                {"", Errc::kConnectionLost}};
  for (const auto& [state, code] : table) EXPECT_EQ(failure_of(state, "x").code, code) << state;
}

TEST(PostgresFailure, RepeatsTheServerOnlyWhereNoAddressCanStand) {
  EXPECT_TRUE(failure_of("42P01", "relation \"c\" does not exist").message.contains("\"c\""));
  EXPECT_FALSE(failure_of("22P02", "invalid input: \"ann@x.example\"").message.contains("ann@"));
  EXPECT_FALSE(failure_of("P0001", "no ann@x.example here").message.contains("ann@"));
  EXPECT_FALSE(failure_of("23514", "row (ann@x.example)").message.contains("ann@"));
}

TEST(PostgresFailure, FindsTheStateInTheWordsOfLibpq) {
  EXPECT_EQ(sqlstate_in("connection to server at \"h\" (1.2.3.4), port 1 failed: FATAL:  28P01: "
                        "password authentication failed for user \"u\"\nLOCATION:  auth.c"),
            "28P01");
  EXPECT_EQ(sqlstate_in("connection to server at \"h\", port 1 failed: Connection refused"), "");
  EXPECT_EQ(sqlstate_in("FATAL:  no"), "");
}

}  // namespace
}  // namespace verihook::store::postgres
