#include "dns/caching_resolver.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"

namespace verihook::dns {
namespace {

using verihook::testing::SimulatedResolver;
using verihook::testing::VirtualTime;
using namespace std::chrono_literals;

class CachingResolverTest : public ::testing::Test {
 protected:
  ~CachingResolverTest() override {
    stopper_.spawn("stop", cache_.stop());
    time_.run();
  }

  Task<void> ask_mx(std::string domain, Milliseconds patience) {
    auto answer = co_await cache_.mx(domain, Deadline::after(time_.clock(), patience));
    answers_.push_back(std::move(answer));
  }
  // Asks and runs until the answer is there.
  Result<MxAnswer> mx(const std::string& domain) {
    group_.spawn("ask", ask_mx(domain, 60s));
    time_.advance(5s);
    EXPECT_FALSE(answers_.empty());
    auto answer = answers_.back();
    answers_.clear();
    return answer;
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SimulatedResolver upstream_{time_};
  CachingResolver cache_{io_.get_executor(), time_, upstream_, CacheOptions{.entries_max = 8}};
  TaskGroup group_{io_.get_executor(), "askers"};
  TaskGroup stopper_{io_.get_executor(), "stopper"};
  std::vector<Result<MxAnswer>> answers_;
};

TEST_F(CachingResolverTest, AsksOnceUntilTheTtlHasPassed) {
  upstream_.set_mx("example.org", {{10, "mx.example.org"}}, 60s);
  EXPECT_EQ(mx("example.org")->records.size(), 1u);
  EXPECT_EQ(mx("EXAMPLE.org")->records.size(), 1u);
  EXPECT_EQ(upstream_.questions().size(), 1u);
  time_.advance(60s);
  EXPECT_EQ(mx("example.org")->records.size(), 1u);
  EXPECT_EQ(upstream_.questions().size(), 2u);
  EXPECT_EQ(cache_.stats().hits, 1u);
  EXPECT_EQ(cache_.stats().misses, 2u);
}

TEST_F(CachingResolverTest, KeepsTextsAndNamesToo) {
  upstream_.set_texts("example.org", {"v=spf1 -all"});
  upstream_.set_names("203.0.113.5", {"mx.example.org"});
  std::vector<std::string> seen;
  const auto ask = [](CachingResolver& cache, std::vector<std::string>& out) -> Task<void> {
    const auto address = net::IpAddress::parse("203.0.113.5").value();
    const auto texts = co_await cache.texts("example.org", Deadline::never());
    const auto names = co_await cache.names(address, Deadline::never());
    out.push_back(texts->records.at(0) + " " + names->records.at(0));
  };
  for (int i = 0; i < 3; ++i) {
    group_.spawn("ask", ask(cache_, seen));
    time_.advance(1s);
  }
  EXPECT_EQ(seen, std::vector<std::string>(3, "v=spf1 -all mx.example.org"));
  EXPECT_EQ(upstream_.questions(),
            (std::vector<std::string>{"texts example.org", "names 203.0.113.5"}));
}

TEST_F(CachingResolverTest, SharesOneQueryBetweenAllWhoWait) {
  upstream_.set_mx("example.org", {{10, "mx.example.org"}});
  upstream_.set_delay(2s);
  for (int i = 0; i < 1000; ++i) group_.spawn("ask", ask_mx("example.org", 10s));
  time_.advance(3s);
  ASSERT_EQ(answers_.size(), 1000u);
  for (const auto& answer : answers_) EXPECT_EQ(answer->records.size(), 1u);
  EXPECT_EQ(upstream_.questions().size(), 1u);
  EXPECT_EQ(cache_.stats().shared, 999u);
}

TEST_F(CachingResolverTest, AWaiterThatRunsOutOfTimeLeavesTheQueryToTheOthers) {
  upstream_.set_mx("example.org", {{10, "mx.example.org"}});
  upstream_.set_delay(2s);
  group_.spawn("hasty", ask_mx("example.org", 1s));
  group_.spawn("patient", ask_mx("example.org", 10s));
  time_.advance(5s);
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(answers_[0].error().code, Errc::kTimeout);
  EXPECT_EQ(answers_[1]->records.size(), 1u);
  EXPECT_EQ(mx("example.org")->records.size(), 1u);
  EXPECT_EQ(upstream_.questions().size(), 1u);
}

TEST_F(CachingResolverTest, ACancelledWaiterDoesNotCancelTheQuery) {
  upstream_.set_mx("example.org", {{10, "mx.example.org"}});
  upstream_.set_delay(2s);
  TaskGroup impatient(io_.get_executor(), "impatient");
  impatient.spawn("ask", ask_mx("example.org", 10s));
  time_.advance(1s);
  impatient.cancel();
  group_.spawn("patient", ask_mx("example.org", 10s));
  time_.advance(5s);
  EXPECT_EQ(impatient.size(), 0u);
  ASSERT_FALSE(answers_.empty());
  EXPECT_EQ(answers_.back()->records.size(), 1u);
  EXPECT_EQ(upstream_.questions().size(), 1u);
}

TEST_F(CachingResolverTest, KeepsNegativeAnswersAndForgetsFailuresSoon) {
  EXPECT_EQ(mx("missing.org")->status, NameStatus::kDoesNotExist);
  EXPECT_EQ(mx("missing.org")->status, NameStatus::kDoesNotExist);
  EXPECT_EQ(upstream_.questions().size(), 1u);

  upstream_.set_failure("broken.org", {Errc::kDns, "SERVFAIL"});
  group_.spawn("one", ask_mx("broken.org", 60s));
  group_.spawn("two", ask_mx("broken.org", 60s));
  time_.advance(4s);
  group_.spawn("three", ask_mx("broken.org", 60s));
  time_.advance(500ms);
  ASSERT_EQ(answers_.size(), 3u);
  for (const auto& answer : answers_) EXPECT_EQ(answer.error().code, Errc::kDns);
  EXPECT_EQ(upstream_.questions().size(), 2u);
  time_.advance(2s);
  upstream_.set_mx("mended.org", {{1, "mx.mended.org"}});
  EXPECT_FALSE(mx("broken.org").has_value());
  EXPECT_EQ(upstream_.questions().size(), 3u);
}

TEST_F(CachingResolverTest, RaisesZeroTtlsToTheFloorAndLowersLongOnes) {
  upstream_.set_mx("zero.org", {{1, "mx.zero.org"}}, 0s);
  upstream_.set_mx("long.org", {{1, "mx.long.org"}}, 24h * 365);
  mx("zero.org");  // five seconds pass in each question
  mx("zero.org");
  EXPECT_EQ(upstream_.questions().size(), 1u);
  time_.advance(10s);
  mx("zero.org");
  EXPECT_EQ(upstream_.questions().size(), 2u);
  mx("long.org");
  time_.advance(24h);
  mx("long.org");
  EXPECT_EQ(upstream_.questions().size(), 4u);
}

TEST_F(CachingResolverTest, DropsTheEntryUsedLeastRecentlyWhenFull) {
  for (const char* domain : {"a.org", "b.org", "c.org", "d.org"}) mx(domain);
  mx("a.org");
  mx("e.org");  // b goes
  const auto asked = upstream_.questions().size();
  mx("a.org");
  EXPECT_EQ(upstream_.questions().size(), asked);
  mx("b.org");
  EXPECT_EQ(upstream_.questions().size(), asked + 1);
  EXPECT_EQ(cache_.stats().entries, 4u);
  EXPECT_EQ(cache_.stats().evicted, 2u);
}

TEST_F(CachingResolverTest, KeepsMxAndAddressesOfANameApart) {
  upstream_.set_mx("example.org", {{1, "mx.example.org"}});
  upstream_.set_addresses("example.org", {"192.0.2.1", "2001:db8::1"});
  Result<AddressAnswer> addresses = fail(Errc::kInternal, "not asked");
  const auto ask = [](CachingResolver& cache, Result<AddressAnswer>& out) -> Task<void> {
    out = co_await cache.addresses("example.org", Deadline::never());
  };
  group_.spawn("addresses", ask(cache_, addresses));
  EXPECT_EQ(mx("example.org")->records.size(), 1u);
  ASSERT_TRUE(addresses.has_value());
  EXPECT_EQ(addresses->records.size(), 2u);
  EXPECT_EQ(cache_.stats().entries, 2u);
}

TEST_F(CachingResolverTest, StoppingAnswersThoseWhoWait) {
  upstream_.set_delay(1h);
  group_.spawn("ask", ask_mx("example.org", 2h));
  time_.advance(1s);
  stopper_.spawn("stop", cache_.stop());
  time_.advance(1s);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error().code, Errc::kCancelled);
  group_.spawn("late", ask_mx("example.org", 2h));
  time_.advance(1s);
  EXPECT_EQ(answers_.at(1).error().code, Errc::kCancelled);
}

}  // namespace
}  // namespace verihook::dns
