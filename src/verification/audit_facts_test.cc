#include "verification/audit_facts.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "tests/support/simulated_network.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"

namespace verihook::verification {
namespace {

using ::testing::ElementsAre;
using testing::SimulatedNetwork;
using testing::SimulatedPeer;
using testing::SimulatedResolver;
using testing::VirtualTime;

net::IpAddress ip(std::string_view text) { return net::IpAddress::parse(text).value(); }

// The world as a well-kept host sees it. Addresses of documentation count as public here.
class AuditFactsTest : public ::testing::Test {
 protected:
  AuditFactsTest() {
    resolver_.set_mx("big.example", {{10, "mx.big.example"}});
    resolver_.set_addresses("mx.big.example", {"198.51.100.1", "2001:db8:b::1"});
    resolver_.set_mx("other.example", {{10, "mx.other.example"}});
    resolver_.set_addresses("mx.other.example", {"198.51.100.2"});
    resolver_.set_names("203.0.113.5", {"mx1.us.example"});
    resolver_.set_addresses("mx1.us.example", {"203.0.113.5"});
    resolver_.set_mx("us.example", {{10, "mx1.us.example"}});
    resolver_.set_texts("us.example", {"v=spf1 mx -all"});
    greet("198.51.100.1:25");
    greet("[2001:db8:b::1]:25");
    options_.probe_domains = {"big.example", "other.example"};
    use_sources({"default"});
  }

  void greet(std::string_view endpoint) {
    network_.listen(*net::Endpoint::parse(endpoint), [](SimulatedPeer& peer) -> Task<void> {
      peer.write("220 mx.big.example\r\n");
      for (;;) {
        const auto line = co_await peer.read_line();
        if (!line) co_return;
        peer.write(*line == "QUIT" ? "221 bye\r\n" : "250 mx.big.example\r\n");
      }
    });
  }

  void use_sources(std::initializer_list<std::string_view> texts) {
    std::vector<EgressSource> sources;
    for (const auto text : texts) sources.push_back(EgressSource::parse(text).value());
    options_.sources = complete_sources(std::move(sources), "mx1.us.example", "v@us.example");
  }

  AuditFacts gather() {
    AuditFacts facts;
    const auto body = [](AuditOptions options, AuditSurroundings with,
                         AuditFacts& out) -> Task<void> {
      out = co_await gather_audit_facts(std::move(options), std::move(with));
    };
    group_.spawn(
        "gather",
        body(options_, {resolver_, network_, filter_, time_.clock(), random_, local_}, facts));
    time_.run();
    return facts;
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SimulatedResolver resolver_{time_};
  SimulatedNetwork network_{io_.get_executor(), time_};
  net::AddressFilter filter_{
      {*net::Cidr::parse("203.0.113.0/24"), *net::Cidr::parse("2001:db8::/32")}};
  SeededRandom random_{7};
  std::function<Result<net::IpAddress>(const net::IpAddress&)> local_ =
      [](const net::IpAddress& target) -> Result<net::IpAddress> {
    if (target.v6) return fail(Errc::kUnreachable, "no IPv6 here");
    return ip("203.0.113.5");
  };
  AuditOptions options_;
  TaskGroup group_{io_.get_executor(), "test"};
};

TEST_F(AuditFactsTest, FindsThatAllIsWell) {
  const AuditFacts facts = gather();
  const AuditReport report = judge_audit(facts);
  EXPECT_TRUE(report.can_verify());
  for (const AuditCheck& check : report.checks) {
    EXPECT_EQ(check.status, CheckStatus::kOk) << check.name << ": " << check.seen;
  }
  ASSERT_EQ(facts.sources.size(), 1u);
  EXPECT_EQ(facts.sources[0].address, ip("203.0.113.5"));
  EXPECT_EQ(facts.sources[0].spf, SpfResult::kPass);
  // One provider that greets us is enough.
  EXPECT_EQ(network_.attempts().size(), 1u);
}

TEST_F(AuditFactsTest, AsksNoBlockListUnlessToldTo) {
  gather();
  const auto before = resolver_.questions();
  for (const auto& question : before) EXPECT_EQ(question.find("5.113.0.203"), question.npos);
  options_.block_lists = {"zen.example", "quiet.example"};
  resolver_.set_addresses("5.113.0.203.zen.example", {"127.0.0.4"});
  const AuditFacts facts = gather();
  ASSERT_EQ(facts.sources[0].block_lists.size(), 2u);
  EXPECT_THAT(facts.sources[0].block_lists[0].codes, ElementsAre(ip("127.0.0.4")));
  EXPECT_TRUE(facts.sources[0].block_lists[1].codes.empty());
}

TEST_F(AuditFactsTest, TriesTheNextProviderWhenOneDoesNotAnswer) {
  network_.refuse(*net::Endpoint::parse("198.51.100.1:25"));
  greet("198.51.100.2:25");
  const AuditFacts facts = gather();
  ASSERT_EQ(facts.sources[0].probes.size(), 2u);
  EXPECT_EQ(facts.sources[0].probes[0].refusal->error->code, Errc::kConnectionRefused);
  EXPECT_FALSE(facts.sources[0].probes[1].refusal);
}

TEST_F(AuditFactsTest, FindsThatPort25IsBlocked) {
  for (const auto* endpoint : {"198.51.100.1:25", "198.51.100.2:25"}) {
    network_.listen(*net::Endpoint::parse(endpoint),
                    [](SimulatedPeer&) -> Task<void> { co_return; }, {.never_answer = true});
  }
  const MonotonicTime began = time_.clock().monotonic_now();
  const AuditFacts facts = gather();
  EXPECT_FALSE(judge_audit(facts).can_verify());
  EXPECT_EQ(facts.sources[0].probes[0].refusal->error->code, Errc::kTimeout);
  EXPECT_LE(time_.clock().monotonic_now() - began, 2 * options_.connect_timeout_ms);
}

TEST_F(AuditFactsTest, NoticesAResolverThatInventsAnswers) {
  // Whatever the random name is: the seed is always the same, so the first run tells it.
  const std::string name = gather().resolver.random_name;
  EXPECT_TRUE(name.ends_with(".example"));
  EXPECT_EQ(name.size(), std::string_view(".example").size() + 20);
  random_ = SeededRandom{7};
  resolver_.set_addresses(name, {"203.0.113.99"});
  EXPECT_TRUE(gather().resolver.random_exists);
}

TEST_F(AuditFactsTest, NoticesAResolverThatIsGone) {
  for (const auto* domain : {"big.example", "other.example"}) {
    resolver_.set_failure(domain, {Errc::kTimeout, "no answer"});
  }
  const AuditFacts facts = gather();
  EXPECT_EQ(facts.resolver.failure->code, Errc::kTimeout);
  EXPECT_FALSE(judge_audit(facts).host_can_verify);
}

TEST_F(AuditFactsTest, LooksAtBothFamiliesOfTheSystemsChoice) {
  local_ = [](const net::IpAddress& target) -> Result<net::IpAddress> {
    return target.v6 ? ip("2001:db8::5") : ip("203.0.113.5");
  };
  const AuditFacts facts = gather();
  ASSERT_EQ(facts.sources.size(), 2u);
  EXPECT_EQ(facts.sources[1].address, ip("2001:db8::5"));
  EXPECT_TRUE(facts.sources[1].names.empty());
  EXPECT_EQ(network_.attempts_to(*net::Endpoint::parse("[2001:db8:b::1]:25")), 1u);
  const AuditReport report = judge_audit(facts);
  EXPECT_TRUE(report.can_verify());
  EXPECT_EQ(report.sources_that_can, 1u);
}

TEST_F(AuditFactsTest, PassesOverIpv6ThatNobodyElseCanSee) {
  local_ = [](const net::IpAddress& target) -> Result<net::IpAddress> {
    return target.v6 ? ip("fd00::5") : ip("10.0.0.5");
  };
  const AuditFacts facts = gather();
  ASSERT_EQ(facts.sources.size(), 1u);
  EXPECT_EQ(facts.sources[0].address, ip("10.0.0.5"));
  EXPECT_FALSE(facts.sources[0].visible);
}

TEST_F(AuditFactsTest, TakesThePublicAddressOfASourceForItsOwn) {
  use_sources({"default public=203.0.113.5", "10.0.0.5 public=203.0.113.5",
               "socks5://10.0.0.1:1080 public=203.0.113.5", "socks5://10.0.0.1:1080 name=b"});
  const AuditFacts facts = gather();
  ASSERT_EQ(facts.sources.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(facts.sources[i].address, ip("203.0.113.5")) << i;
    EXPECT_EQ(facts.sources[i].names.size(), 1u) << i;
  }
  EXPECT_FALSE(facts.sources[3].address);
  EXPECT_TRUE(facts.sources[3].proxied);
  EXPECT_EQ(facts.sources[3].probes.size(), 1u);
}

TEST_F(AuditFactsTest, ANameThatLeadsElsewhereIsNotConfirmed) {
  resolver_.set_names("203.0.113.5", {"gmail.example", "mx1.us.example"});
  const auto names = gather().sources[0].names;
  ASSERT_EQ(names.size(), 2u);
  EXPECT_FALSE(names[0].confirmed);
  EXPECT_TRUE(names[1].confirmed);
}

TEST_F(AuditFactsTest, EndsWhenItIsCancelled) {
  network_.listen(*net::Endpoint::parse("198.51.100.1:25"),
                  [](SimulatedPeer&) -> Task<void> { co_return; }, {.never_answer = true});
  TaskGroup impatient(io_.get_executor(), "impatient");
  const auto body = [](AuditOptions options, AuditSurroundings with) -> Task<void> {
    co_await gather_audit_facts(std::move(options), std::move(with));
  };
  impatient.spawn("gather",
                  body(options_, {resolver_, network_, filter_, time_.clock(), random_, local_}));
  time_.advance(Milliseconds{1'000});
  EXPECT_EQ(impatient.size(), 1u);
  impatient.cancel();
  time_.advance(Milliseconds{0});
  EXPECT_EQ(impatient.size(), 0u);
}

}  // namespace
}  // namespace verihook::verification
