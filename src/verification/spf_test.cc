#include "verification/spf.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"

namespace verihook::verification {
namespace {

using ::testing::HasSubstr;
using testing::SimulatedResolver;
using testing::VirtualTime;

// The domain of RFC 7208's appendix A, asked about the given address.
class SpfTest : public ::testing::Test {
 protected:
  SpfTest() {
    resolver_.set_addresses("example.com", {"192.0.2.10", "192.0.2.11"});
    resolver_.set_mx("example.com", {{10, "mail-a.example.com"}, {20, "mail-b.example.com"}});
    resolver_.set_addresses("mail-a.example.com", {"192.0.2.129", "2001:db8::129"});
    resolver_.set_addresses("mail-b.example.com", {"192.0.2.130"});
    resolver_.set_addresses("amy.example.com", {"192.0.2.65"});
    resolver_.set_names("192.0.2.65", {"amy.example.com"});
    resolver_.set_names("192.0.2.140", {"mail-c.example.org"});
    resolver_.set_names("10.0.0.4", {"bob.example.com"});  // claims what is not its own
    resolver_.set_addresses("bob.example.com", {"192.0.2.66"});
  }

  SpfAnswer judge(std::string_view address, const std::string& sender = "strong-bad@example.com") {
    SpfAnswer answer;
    const auto ask = [](dns::Resolver& resolver, SpfIdentity identity,
                        SpfAnswer& out) -> Task<void> {
      out = co_await check_spf(resolver, std::move(identity), Deadline::never());
    };
    group_.spawn("spf",
                 ask(resolver_, {*net::IpAddress::parse(address), sender, "helo.test"}, answer));
    time_.run();
    return answer;
  }
  SpfResult result(std::string_view address, const std::string& record) {
    resolver_.set_texts("example.com", {"something else", record});
    return judge(address).result;
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SimulatedResolver resolver_{time_};
  TaskGroup group_{io_.get_executor(), "test"};
};

TEST_F(SpfTest, GivesTheAnswersOfTheAppendix) {
  EXPECT_EQ(result("203.0.113.1", "v=spf1 +all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.10", "v=spf1 a -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.65", "v=spf1 a -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.10", "v=spf1 a:example.org -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.129", "v=spf1 mx -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.130", "v=spf1 mx -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.140", "v=spf1 mx -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.131", "v=spf1 mx/30 mx:example.org/30 -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.65", "v=spf1 ptr -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.140", "v=spf1 ptr -all"), SpfResult::kFail);
  EXPECT_EQ(result("10.0.0.4", "v=spf1 ptr -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.65", "v=spf1 ip4:192.0.2.128/28 -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.129", "v=spf1 ip4:192.0.2.128/28 -all"), SpfResult::kPass);
}

TEST_F(SpfTest, KnowsBothFamilies) {
  EXPECT_EQ(result("2001:db8::129", "v=spf1 mx -all"), SpfResult::kPass);
  EXPECT_EQ(result("2001:db8::1ff", "v=spf1 mx//121 -all"), SpfResult::kFail);
  EXPECT_EQ(result("2001:db8::1ff", "v=spf1 mx/24//64 -all"), SpfResult::kPass);
  EXPECT_EQ(result("2001:db8::1", "v=spf1 ip6:2001:db8::/32 -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.1", "v=spf1 ip6:2001:db8::/32 -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.1", "v=spf1 ip4:192.0.2.77/24 -all"), SpfResult::kPass);
}

TEST_F(SpfTest, KnowsEveryQualifier) {
  EXPECT_EQ(result("203.0.113.1", "v=spf1 -all"), SpfResult::kFail);
  EXPECT_EQ(result("203.0.113.1", "v=spf1 ~all"), SpfResult::kSoftFail);
  EXPECT_EQ(result("203.0.113.1", "v=spf1 ?all"), SpfResult::kNeutral);
  EXPECT_EQ(result("203.0.113.1", "v=spf1 all"), SpfResult::kPass);
  EXPECT_EQ(result("203.0.113.1", "v=spf1"), SpfResult::kNeutral);
  EXPECT_EQ(result("203.0.113.1", "V=SPF1 ALL"), SpfResult::kPass);
}

TEST_F(SpfTest, FollowsIncludesAndRedirects) {
  resolver_.set_texts("_spf.provider.test", {"v=spf1 ip4:203.0.113.0/24 -all"});
  const std::string include = "v=spf1 include:_spf.provider.test ~all";
  EXPECT_EQ(result("203.0.113.9", include), SpfResult::kPass);
  EXPECT_EQ(result("198.51.100.9", include), SpfResult::kSoftFail);
  EXPECT_EQ(result("198.51.100.9", "v=spf1 redirect=_spf.provider.test"), SpfResult::kFail);
  EXPECT_EQ(result("198.51.100.9", "v=spf1 include:nowhere.test ~all"), SpfResult::kPermError);
  EXPECT_EQ(result("198.51.100.9", "v=spf1 redirect=nowhere.test"), SpfResult::kPermError);
}

TEST_F(SpfTest, ExpandsMacrosInNames) {
  resolver_.set_addresses("10.2.0.192._spf.example.com", {"127.0.0.2"});
  resolver_.set_addresses("strong-bad.helo.test", {"127.0.0.2"});
  EXPECT_EQ(result("192.0.2.10", "v=spf1 exists:%{ir}._spf.%{d} -all"), SpfResult::kPass);
  EXPECT_EQ(result("192.0.2.12", "v=spf1 exists:%{ir}._spf.%{d} -all"), SpfResult::kFail);
  EXPECT_EQ(result("192.0.2.12", "v=spf1 exists:%{l}.%{h} -all"), SpfResult::kPass);
}

TEST_F(SpfTest, AnswersNoneWithoutARecord) {
  EXPECT_EQ(judge("192.0.2.1").result, SpfResult::kNone);
  EXPECT_EQ(judge("192.0.2.1", "a@nowhere.test").result, SpfResult::kNone);
  EXPECT_EQ(judge("192.0.2.1", "a@not..askable").result, SpfResult::kNone);
  resolver_.set_texts("example.com", {"v=spf10 -all", "spf1 -all"});
  EXPECT_EQ(judge("192.0.2.1").result, SpfResult::kNone);
}

TEST_F(SpfTest, TellsBrokenDnsFromABrokenRecord) {
  resolver_.set_failure("example.com", {Errc::kTimeout, "no answer"});
  EXPECT_EQ(judge("192.0.2.1").result, SpfResult::kTempError);
  resolver_.set_failure("gone.test", {Errc::kDns, "SERVFAIL"});
  resolver_.remove("example.com");
  EXPECT_EQ(result("192.0.2.1", "v=spf1 a:gone.test -all"), SpfResult::kTempError);
  EXPECT_EQ(result("192.0.2.1", "v=spf1 include:gone.test -all"), SpfResult::kTempError);
  for (const auto* broken :
       {"v=spf1 ip4:192.0.2 -all", "v=spf1 ip4:2001:db8::1", "v=spf1 ip6:192.0.2.1",
        "v=spf1 ip4:192.0.2.0/33", "v=spf1 ip4", "v=spf1 a/33", "v=spf1 a//129", "v=spf1 include",
        "v=spf1 include:", "v=spf1 exists", "v=spf1 whatever", "v=spf1 all:x", "v=spf1 a:%{z}",
        "v=spf1 a:%x", "v=spf1 a:%{d", "v=spf1 a:%{d0}", "v=spf1 redirect=a.test redirect=b.test",
        "v=spf1 redirect=", "v=spf1 -"}) {
    EXPECT_EQ(result("203.0.113.1", broken), SpfResult::kPermError) << broken;
  }
  resolver_.set_texts("example.com", {"v=spf1 -all", "v=spf1 +all"});
  EXPECT_EQ(judge("192.0.2.1").result, SpfResult::kPermError);
}

TEST_F(SpfTest, PassesOverModifiersItDoesNotKnow) {
  EXPECT_EQ(result("192.0.2.1", "v=spf1 exp=why.test ra=postmaster x.y=%{d} +all"),
            SpfResult::kPass);
}

TEST_F(SpfTest, StopsAfterTenLookups) {
  std::string terms = "v=spf1";
  for (int i = 0; i < 10; ++i) terms += " a:mail-b.example.com";
  EXPECT_EQ(result("203.0.113.1", terms + " -all"), SpfResult::kFail);
  EXPECT_EQ(result("203.0.113.1", terms + " a:mail-b.example.com -all"), SpfResult::kPermError);
  // A record that includes itself ends, too.
  EXPECT_EQ(result("203.0.113.1", "v=spf1 include:example.com -all"), SpfResult::kPermError);
}

TEST_F(SpfTest, StopsAfterTwoNamesThatDoNotExist) {
  EXPECT_EQ(result("203.0.113.1", "v=spf1 a:x.test a:y.test -all"), SpfResult::kFail);
  EXPECT_EQ(result("203.0.113.1", "v=spf1 a:x.test a:y.test a:z.test -all"), SpfResult::kPermError);
}

TEST_F(SpfTest, StopsAtTheEleventhMailHost) {
  std::vector<dns::MxRecord> hosts;
  for (int i = 0; i < 11; ++i) hosts.push_back({10, "mx" + std::to_string(i) + ".test"});
  resolver_.set_mx("many.test", hosts);
  EXPECT_EQ(result("203.0.113.1", "v=spf1 mx:many.test -all"), SpfResult::kPermError);
}

TEST_F(SpfTest, SaysWhichTermDecided) {
  resolver_.set_texts("example.com", {"v=spf1 ip4:192.0.2.0/24 -all"});
  EXPECT_EQ(judge("192.0.2.1").why, "ip4:192.0.2.0/24 of example.com");
  EXPECT_EQ(judge("203.0.113.1").why, "-all of example.com");
  resolver_.set_texts("example.com", {"v=spf1 ipv4:192.0.2.0/24 -all"});
  EXPECT_THAT(judge("192.0.2.1").why, HasSubstr("\"ipv4:192.0.2.0/24\" is not a mechanism"));
}

std::string expanded(std::string_view text, std::string_view address = "192.0.2.3") {
  const SpfIdentity identity{*net::IpAddress::parse(address), "strong-bad@email.example.com",
                             "mx.example.org"};
  const auto out = expand_spf_macros(text, identity, "email.example.com");
  return out ? *out : "error: " + out.error().message;
}

TEST(SpfMacros, AreThoseOfTheRfc) {
  EXPECT_EQ(expanded("%{s}"), "strong-bad@email.example.com");
  EXPECT_EQ(expanded("%{o}"), "email.example.com");
  EXPECT_EQ(expanded("%{d4}"), "email.example.com");
  EXPECT_EQ(expanded("%{d2}"), "example.com");
  EXPECT_EQ(expanded("%{d1}"), "com");
  EXPECT_EQ(expanded("%{dr}"), "com.example.email");
  EXPECT_EQ(expanded("%{d2r}"), "example.email");
  EXPECT_EQ(expanded("%{l}"), "strong-bad");
  EXPECT_EQ(expanded("%{l-}"), "strong.bad");
  EXPECT_EQ(expanded("%{lr-}"), "bad.strong");
  EXPECT_EQ(expanded("%{l1r-}"), "strong");
  EXPECT_EQ(expanded("%{ir}.%{v}._spf.%{d2}"), "3.2.0.192.in-addr._spf.example.com");
  EXPECT_EQ(expanded("%{lr-}.lp._spf.%{d2}"), "bad.strong.lp._spf.example.com");
  EXPECT_EQ(expanded("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
  EXPECT_EQ(expanded("a%%b%_c%-d"), "a%b c%20d");
}

TEST(SpfMacros, LoseLabelsFromTheLeftWhenTooLong) {
  const std::string label(60, 'x');
  const std::string out = expanded(label + "." + label + "." + label + "." + label + ".%{d}");
  EXPECT_EQ(out, label + "." + label + "." + label + ".email.example.com");
}

}  // namespace
}  // namespace verihook::verification
