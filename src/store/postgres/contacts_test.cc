#include "store/postgres/contacts.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "async/timers.h"
#include "tests/support/run_task.h"

namespace verihook::store::postgres {
namespace {

using verihook::testing::run_task;

class Names final : public net::HostLookup {
 public:
  Task<Result<std::vector<net::IpAddress>>> lookup(std::string host, Deadline) override {
    asked.push_back(host);
    if (host == "broken.example") co_return fail(Errc::kDns, "no");
    if (host == "none.example") co_return std::vector<net::IpAddress>{};
    co_return std::vector{net::IpAddress::parse("127.0.0.1").value()};
  }
  std::vector<std::string> asked;
};

// Errors of a server that is not there, or is silent; tests/integration has the real one.
class PostgresContactsTest : public ::testing::Test {
 protected:
  Result<std::int64_t> apply(const std::string& url, const net::AddressFilter& filter,
                             Milliseconds connect_timeout_ms = Milliseconds{5'000}) {
    PostgresContacts postgres(clock_, names_, filter,
                              {.threads = 2, .connect_timeout_ms = connect_timeout_ms});
    PostgresContactsSpec spec;
    spec.url = PostgresUrl::parse(url).value();
    const auto table = postgres.open(spec);
    return run_task(io_, table->apply(
                             "job_1", WallTime{}, [](const auto&) -> Result<void> { return {}; },
                             Deadline::after(clock_, Milliseconds{20'000})));
  }
  static Errc code_of(const Result<std::int64_t>& result) { return result.error().code; }

  SystemClock clock_;
  asio::io_context io_{1};
  Names names_;
  net::AddressFilter strict_;
  net::AddressFilter open_{{net::Cidr::parse("127.0.0.0/8").value()}};
};

TEST_F(PostgresContactsTest, GoesNowhereThatTheFilterRefuses) {
  for (const char* url :
       {"postgres://u@127.0.0.1:1/d", "postgres://u@[::1]:1/d", "postgres://u@10.1.2.3/d",
        "postgres://u@inside.example/d", "postgres://u@192.0.2.1,inside.example/d"}) {
    const auto refused = apply(url, strict_);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(code_of(refused), Errc::kForbiddenAddress) << url;
    EXPECT_TRUE(refused.error().message.contains("network.allow"));
  }
}

TEST_F(PostgresContactsTest, AHostThatIsNotFoundMayBeFoundLater) {
  EXPECT_EQ(code_of(apply("postgres://u@broken.example/d", open_)), Errc::kDns);
  EXPECT_EQ(code_of(apply("postgres://u@none.example/d", open_)), Errc::kUnreachable);
}

TEST_F(PostgresContactsTest, NobodyListeningIsARefusedConnection) {
  asio::ip::tcp::acceptor bound(io_, {asio::ip::address_v4::loopback(), 0}, false);
  const std::string port = std::to_string(bound.local_endpoint().port());
  bound.close();
  EXPECT_EQ(code_of(apply("postgres://u@broken.example,db.example:" + port + "/d", open_)),
            Errc::kConnectionRefused);
}

TEST_F(PostgresContactsTest, ASilentServerCostsItsTimeOutAndACancelledCallerNothing) {
  const asio::ip::tcp::acceptor silent(io_, {asio::ip::address_v4::loopback(), 0});
  const std::string url =
      "postgres://u@127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/d";
  EXPECT_EQ(code_of(apply(url, open_, Milliseconds{1})), Errc::kTimeout);

  PostgresContacts postgres(clock_, names_, open_,
                            {.threads = 1, .connect_timeout_ms = std::chrono::hours{1}});
  PostgresContactsSpec spec;
  spec.url = PostgresUrl::parse(url).value();
  const auto table = postgres.open(spec);
  RealTimers timers(clock_);
  TaskGroup group(io_.get_executor(), "test");
  std::optional<Result<std::int64_t>> answer;
  group.spawn("apply", [](store::ContactsTable& to, auto& into) -> Task<void> {
    into = co_await to.apply(
        "job_1", WallTime{}, [](const auto&) -> Result<void> { return {}; }, Deadline::never());
  }(*table, answer));
  io_.restart();
  io_.poll();
  group.cancel();
  io_.run();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(code_of(*answer), Errc::kCancelled);
}

}  // namespace
}  // namespace verihook::store::postgres
