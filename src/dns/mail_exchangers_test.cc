#include "dns/mail_exchangers.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"

namespace verihook::dns {
namespace {

using verihook::testing::SimulatedResolver;
using verihook::testing::VirtualTime;

class MailExchangersTest : public ::testing::Test {
 protected:
  MailExchangers find(const std::string& domain) {
    MailExchangers found;
    const auto ask = [](SimulatedResolver& resolver, std::string name,
                        MailExchangers& out) -> Task<void> {
      out = co_await find_mail_exchangers(resolver, name, Deadline::never());
    };
    group_.spawn("find", ask(resolver_, domain, found));
    time_.run();
    return found;
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SimulatedResolver resolver_{time_};
  TaskGroup group_{io_.get_executor(), "test"};
};

TEST_F(MailExchangersTest, OrdersHostsByPreferenceThenName) {
  resolver_.set_mx("a.org", {{20, "z.a.org"}, {10, "MX2.a.org"}, {10, "mx1.a.org"}});
  const auto found = find("a.org");
  EXPECT_EQ(found.route, MailRoute::kHosts);
  EXPECT_EQ(found.hosts,
            (std::vector<MxRecord>{{10, "mx1.a.org"}, {10, "mx2.a.org"}, {20, "z.a.org"}}));
  EXPECT_EQ(found.records.size(), 3u);
}

TEST_F(MailExchangersTest, TriesEightHostsAtMostAndNoHostTwice) {
  std::vector<MxRecord> records;
  for (int i = 0; i < 20; ++i) {
    records.push_back({static_cast<std::uint16_t>(i), "mx" + std::to_string(i / 2) + ".a.org"});
  }
  resolver_.set_mx("a.org", records);
  const auto found = find("a.org");
  EXPECT_EQ(found.hosts.size(), kMailHostsMax);
  EXPECT_EQ(found.hosts[1], (MxRecord{2, "mx1.a.org"}));
}

TEST_F(MailExchangersTest, FallsBackToTheDomainsOwnAddress) {
  resolver_.set_addresses("a.org", {"192.0.2.1"});
  const auto found = find("a.org");
  EXPECT_EQ(found.route, MailRoute::kImplicit);
  EXPECT_EQ(found.hosts, (std::vector<MxRecord>{{0, "a.org"}}));
  EXPECT_TRUE(found.records.empty());
}

TEST_F(MailExchangersTest, HonoursNullMxEvenWhereAnAddressExists) {
  resolver_.set_mx("a.org", {{0, ""}});
  resolver_.set_addresses("a.org", {"192.0.2.1"});
  const auto found = find("a.org");
  EXPECT_EQ(found.route, MailRoute::kNullMx);
  EXPECT_TRUE(found.hosts.empty());
  EXPECT_EQ(resolver_.questions().size(), 1u);
}

TEST_F(MailExchangersTest, IgnoresTheRootAmongOtherRecords) {
  resolver_.set_mx("a.org", {{0, ""}, {10, "mx.a.org"}});
  const auto found = find("a.org");
  EXPECT_EQ(found.route, MailRoute::kHosts);
  EXPECT_EQ(found.hosts, (std::vector<MxRecord>{{10, "mx.a.org"}}));
}

TEST_F(MailExchangersTest, DropsHostsThatLeadNowhere) {
  resolver_.set_mx("a.org", {{1, "localhost"},
                             {2, "192.0.2.1"},
                             {3, "x.localhost"},
                             {4, "mail"},
                             {5, "a\\046b.org"},
                             {6, "mx.a.org"}});
  EXPECT_EQ(find("a.org").hosts, (std::vector<MxRecord>{{6, "mx.a.org"}}));
  resolver_.set_mx("b.org", {{1, "localhost"}, {2, "127.0.0.1"}});
  const auto found = find("b.org");
  EXPECT_EQ(found.route, MailRoute::kNoMail);
  EXPECT_EQ(found.records.size(), 2u);
}

TEST_F(MailExchangersTest, TellsNoDomainFromNoMailFromDnsFailure) {
  EXPECT_EQ(find("missing.org").route, MailRoute::kNoDomain);
  resolver_.set_mx("empty.org", {});
  EXPECT_EQ(find("empty.org").route, MailRoute::kNoMail);
  resolver_.set_failure("broken.org", {Errc::kTimeout, "no answer"});
  const auto found = find("broken.org");
  EXPECT_EQ(found.route, MailRoute::kDnsError);
  EXPECT_EQ(found.error.code, Errc::kTimeout);
}

// MX answers "no such record" and then the address question fails: nothing is known.
class HalfBrokenResolver final : public Resolver {
 public:
  Task<Result<MxAnswer>> mx(std::string, Deadline) override { co_return MxAnswer{}; }
  Task<Result<AddressAnswer>> addresses(std::string, Deadline) override {
    co_return fail(Errc::kDns, "SERVFAIL");
  }
  Task<Result<TextAnswer>> texts(std::string, Deadline) override { co_return TextAnswer{}; }
  Task<Result<NameAnswer>> names(net::IpAddress, Deadline) override { co_return NameAnswer{}; }
};

TEST_F(MailExchangersTest, AFailureOfTheAddressQuestionIsNotNoMail) {
  HalfBrokenResolver broken;
  MailExchangers found;
  const auto ask = [](Resolver& resolver, MailExchangers& out) -> Task<void> {
    out = co_await find_mail_exchangers(resolver, "a.org", Deadline::never());
  };
  group_.spawn("find", ask(broken, found));
  time_.run();
  EXPECT_EQ(found.route, MailRoute::kDnsError);
}

}  // namespace
}  // namespace verihook::dns
