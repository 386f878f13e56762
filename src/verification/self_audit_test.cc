#include "verification/self_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using ::testing::HasSubstr;

net::IpAddress ip(std::string_view text) { return net::IpAddress::parse(text).value(); }

// A host at which nothing is wrong; each test spoils one thing.
AuditFacts good() {
  AuditFacts facts;
  facts.resolver = {.domain = "example.com",
                    .failure = std::nullopt,
                    .domain_exists = true,
                    .latency = Milliseconds{12},
                    .random_name = "qwertz.com",
                    .random_failure = std::nullopt};
  SourceFacts source;
  source.source = "default";
  source.helo = "mx1.example.com";
  source.sender_domain = "example.com";
  source.address = ip("203.0.113.5");
  source.visible = true;
  source.names = {{"mx1.example.com", true}};
  source.helo_addresses = {ip("203.0.113.5")};
  source.sender_route = dns::MailRoute::kHosts;
  source.spf = SpfResult::kPass;
  source.spf_why = "mx of example.com";
  source.block_lists = {{"zen.example", {}, std::nullopt}};
  source.probes = {{"example.org", "mx.example.org", std::nullopt}};
  facts.sources = {source};
  HostFacts host;
  host.wall = WallTime{std::chrono::sys_days{std::chrono::year{2026} / 2 / 3}};
  host.store_folder = "/data";
  host.free_bytes = std::uint64_t{20} << 30;
  host.flush_time = Milliseconds{2};
  host.master_key_file = "/data/master.key";
  host.descriptors_max = 65'536;
  host.descriptors_wanted = 3'000;
  facts.host = host;
  return facts;
}

AuditCheck check(const AuditFacts& facts, std::string_view name) {
  for (const AuditCheck& one : judge_audit(facts).checks) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << "there is no check " << name;
  return {};
}

smtp::Outcome refused(Errc code, std::string message) {
  smtp::Outcome outcome;
  outcome.kind = smtp::OutcomeKind::kFailed;
  outcome.stage = smtp::Stage::kConnect;
  outcome.error = Error{code, std::move(message)};
  return outcome;
}

smtp::Outcome replied(int code, std::string text) {
  smtp::Outcome outcome;
  outcome.kind = smtp::OutcomeKind::kReplied;
  outcome.stage = smtp::Stage::kBanner;
  outcome.reply = smtp::Reply{code, std::nullopt, {std::move(text)}};
  return outcome;
}

TEST(SelfAudit, IsContentWithAHostAtWhichNothingIsWrong) {
  const AuditReport report = judge_audit(good());
  EXPECT_TRUE(report.can_verify());
  EXPECT_EQ(report.checks.size(), 12u);
  for (const AuditCheck& one : report.checks) {
    EXPECT_EQ(one.status, CheckStatus::kOk) << one.name << ": " << one.seen;
    EXPECT_NE(one.seen, "") << one.name;
    EXPECT_EQ(one.advice, "") << one.name;
  }
}

// What is spoilt, which check notices, how badly, and what it says.
struct Spoilt {
  const char* name;
  CheckStatus status;
  const char* seen;
  void (*spoil)(AuditFacts&);
};

class SpoiltHost : public ::testing::TestWithParam<Spoilt> {};

TEST_P(SpoiltHost, IsNoticedWithAdvice) {
  AuditFacts facts = good();
  GetParam().spoil(facts);
  const AuditCheck found = check(facts, GetParam().name);
  EXPECT_EQ(found.status, GetParam().status) << found.seen;
  EXPECT_THAT(found.seen, HasSubstr(GetParam().seen));
  EXPECT_EQ(found.advice.empty(), GetParam().status == CheckStatus::kOk);
  EXPECT_EQ(judge_audit(facts).can_verify(), GetParam().status != CheckStatus::kFail);
}

constexpr auto kOk = CheckStatus::kOk;
constexpr auto kWarn = CheckStatus::kWarn;
constexpr auto kFail = CheckStatus::kFail;

INSTANTIATE_TEST_SUITE_P(
    Resolver, SpoiltHost,
    ::testing::Values(
        Spoilt{"resolver", kFail, "REFUSED",
               [](AuditFacts& f) { f.resolver.failure = Error{Errc::kDns, "REFUSED"}; }},
        Spoilt{"resolver", kFail, "qwertz.com",
               [](AuditFacts& f) { f.resolver.random_exists = true; }},
        Spoilt{"resolver", kWarn, "SERVFAIL",
               [](AuditFacts& f) { f.resolver.random_failure = Error{Errc::kDns, "SERVFAIL"}; }},
        Spoilt{"resolver", kWarn, "does not exist",
               [](AuditFacts& f) { f.resolver.domain_exists = false; }},
        Spoilt{"resolver", kWarn, "1500 ms",
               [](AuditFacts& f) { f.resolver.latency = Milliseconds{1'500}; }}));

INSTANTIATE_TEST_SUITE_P(
    Host, SpoiltHost,
    ::testing::Values(
        Spoilt{"clock", kFail, "1970", [](AuditFacts& f) { f.host->wall = WallTime{}; }},
        Spoilt{"clock", kWarn, "5000 ms",
               [](AuditFacts& f) { f.host->clock_jump = Milliseconds{5'000}; }},
        Spoilt{"store", kFail, "denied",
               [](AuditFacts& f) { f.host->store_failure = Error{Errc::kForbidden, "denied"}; }},
        Spoilt{"store", kFail, "9 MiB", [](AuditFacts& f) { f.host->free_bytes = 9 << 20; }},
        Spoilt{"store", kWarn, "500 MiB", [](AuditFacts& f) { f.host->free_bytes = 500 << 20; }},
        Spoilt{"store", kWarn, "200 ms",
               [](AuditFacts& f) { f.host->flush_time = Milliseconds{200}; }},
        Spoilt{
            "master key", kFail, "chmod",
            [](AuditFacts& f) { f.host->master_key_failure = Error{Errc::kForbidden, "chmod"}; }},
        Spoilt{"master key", kOk, "first start",
               [](AuditFacts& f) { f.host->master_key_failure = Error{Errc::kNotFound, ""}; }},
        Spoilt{"open files", kWarn, "1024 files",
               [](AuditFacts& f) { f.host->descriptors_max = 1'024; }}));

INSTANTIATE_TEST_SUITE_P(Address, SpoiltHost,
                         ::testing::Values(Spoilt{"address", kFail, "no route",
                                                  [](AuditFacts& f) {
                                                    f.sources[0].address.reset();
                                                    f.sources[0].visible = false;
                                                  }},
                                           Spoilt{"address", kWarn, "proxy",
                                                  [](AuditFacts& f) {
                                                    f.sources[0].address.reset();
                                                    f.sources[0].visible = false;
                                                    f.sources[0].proxied = true;
                                                  }},
                                           Spoilt{"address", kWarn, "NAT", [](AuditFacts& f) {
                                                    f.sources[0].address = ip("10.0.0.4");
                                                    f.sources[0].visible = false;
                                                  }}));

INSTANTIATE_TEST_SUITE_P(
    Port25, SpoiltHost,
    ::testing::Values(
        Spoilt{"port 25", kFail, "mx.example.org: timed out",
               [](AuditFacts& f) {
                 f.sources[0].probes[0].refusal = refused(Errc::kTimeout, "timed out");
               }},
        Spoilt{"port 25", kFail, "mx.example.org said 554 go away",
               [](AuditFacts& f) { f.sources[0].probes[0].refusal = replied(554, "go away"); }},
        Spoilt{"port 25", kFail, "wants a user",
               [](AuditFacts& f) {
                 f.sources[0].probes[0].refusal = refused(Errc::kUnauthorized, "wants a user");
               }},
        Spoilt{"port 25", kFail, "example.org: SERVFAIL",
               [](AuditFacts& f) {
                 f.sources[0].probes = {{"example.org", "", refused(Errc::kDns, "SERVFAIL")}};
               }},
        Spoilt{"port 25", kFail, "family", [](AuditFacts& f) { f.sources[0].probes.clear(); }},
        Spoilt{"port 25", kWarn, "greeted by mx.b.test (mx.a.test said 421 busy)",
               [](AuditFacts& f) {
                 f.sources[0].probes = {{"a.test", "mx.a.test", replied(421, "busy")},
                                        {"b.test", "mx.b.test", std::nullopt}};
               }}));

INSTANTIATE_TEST_SUITE_P(
    Names, SpoiltHost,
    ::testing::Values(
        Spoilt{"PTR", kFail, "no PTR", [](AuditFacts& f) { f.sources[0].names.clear(); }},
        Spoilt{"PTR", kFail, "does not lead back",
               [](AuditFacts& f) { f.sources[0].names = {{"pool-5.example.net", false}}; }},
        Spoilt{
            "PTR", kWarn, "timed out",
            [](AuditFacts& f) { f.sources[0].names_failure = Error{Errc::kTimeout, "timed out"}; }},
        Spoilt{"HELO", kFail, "localhost is not a full",
               [](AuditFacts& f) { f.sources[0].helo = "localhost"; }},
        Spoilt{"HELO", kFail, "mailer is not a full",
               [](AuditFacts& f) { f.sources[0].helo = "mailer"; }},
        Spoilt{"HELO", kWarn, "has no address",
               [](AuditFacts& f) { f.sources[0].helo_addresses.clear(); }},
        Spoilt{"HELO", kWarn, "is 198.51.100.1, not this",
               [](AuditFacts& f) {
                 f.sources[0].helo_addresses = {ip("2001:db8::1"), ip("198.51.100.1")};
               }},
        Spoilt{"HELO", kWarn, "PTR record says pool.example.net",
               [](AuditFacts& f) { f.sources[0].names = {{"pool.example.net", true}}; }},
        Spoilt{"HELO", kWarn, "timed out", [](AuditFacts& f) {
                 f.sources[0].helo_failure = Error{Errc::kTimeout, "timed out"};
               }}));

INSTANTIATE_TEST_SUITE_P(
    Sender, SpoiltHost,
    ::testing::Values(
        Spoilt{"sender", kWarn, "no MX",
               [](AuditFacts& f) { f.sources[0].sender_route = dns::MailRoute::kImplicit; }},
        Spoilt{"sender", kFail, "null MX",
               [](AuditFacts& f) { f.sources[0].sender_route = dns::MailRoute::kNullMx; }},
        Spoilt{"sender", kFail, "neither",
               [](AuditFacts& f) { f.sources[0].sender_route = dns::MailRoute::kNoMail; }},
        Spoilt{"sender", kFail, "does not exist",
               [](AuditFacts& f) { f.sources[0].sender_route = dns::MailRoute::kNoDomain; }},
        Spoilt{"sender", kWarn, "looked up",
               [](AuditFacts& f) { f.sources[0].sender_route = dns::MailRoute::kDnsError; }},
        Spoilt{"SPF", kFail, "fail: ", [](AuditFacts& f) { f.sources[0].spf = SpfResult::kFail; }},
        Spoilt{"SPF", kWarn, "softfail",
               [](AuditFacts& f) { f.sources[0].spf = SpfResult::kSoftFail; }},
        Spoilt{"SPF", kWarn, "none", [](AuditFacts& f) { f.sources[0].spf = SpfResult::kNone; }},
        Spoilt{"SPF", kWarn, "temperror",
               [](AuditFacts& f) { f.sources[0].spf = SpfResult::kTempError; }},
        Spoilt{"SPF", kWarn, "permerror",
               [](AuditFacts& f) { f.sources[0].spf = SpfResult::kPermError; }}));

INSTANTIATE_TEST_SUITE_P(
    BlockLists, SpoiltHost,
    ::testing::Values(
        Spoilt{"block lists", kFail, "zen.example (127.0.0.4)",
               [](AuditFacts& f) { f.sources[0].block_lists[0].codes = {ip("127.0.0.4")}; }},
        Spoilt{"block lists", kWarn, "no answer from zen.example",
               [](AuditFacts& f) { f.sources[0].block_lists[0].codes = {ip("127.255.255.254")}; }},
        Spoilt{"block lists", kWarn, "no answer from zen.example", [](AuditFacts& f) {
                 f.sources[0].block_lists[0].failure = Error{Errc::kTimeout, "timed out"};
               }}));

TEST(SelfAudit, SaysNothingOfWhatCannotBeJudgedBehindNat) {
  AuditFacts facts = good();
  facts.sources[0].address = ip("10.0.0.4");
  facts.sources[0].visible = false;
  facts.sources[0].block_lists.clear();
  const AuditReport report = judge_audit(facts);
  for (const AuditCheck& one : report.checks) {
    EXPECT_NE(one.name, "PTR");
    EXPECT_NE(one.name, "SPF");
    EXPECT_NE(one.name, "block lists");
  }
  EXPECT_TRUE(report.can_verify());
}

TEST(SelfAudit, OneSourceWithoutAFailureIsEnough) {
  AuditFacts facts = good();
  facts.sources.push_back(facts.sources[0]);
  facts.sources[1].source = "203.0.113.6";
  facts.sources[1].address = ip("203.0.113.6");
  facts.sources[1].names.clear();
  const AuditReport report = judge_audit(facts);
  EXPECT_TRUE(report.can_verify());
  EXPECT_EQ(report.sources, 2u);
  EXPECT_EQ(report.sources_that_can, 1u);
  facts.sources[0].names.clear();
  EXPECT_FALSE(judge_audit(facts).can_verify());
}

TEST(SelfAudit, NamesTheSourceAndItsAddress) {
  EXPECT_EQ(check(good(), "PTR").source, "default (203.0.113.5)");
  AuditFacts facts = good();
  facts.sources[0].source = "203.0.113.5";
  EXPECT_EQ(check(facts, "PTR").source, "203.0.113.5");
  EXPECT_EQ(check(facts, "resolver").source, "");
}

TEST(SelfAudit, WritesTheRecordThatIsMissing) {
  AuditFacts facts = good();
  facts.sources[0].spf = SpfResult::kNone;
  EXPECT_THAT(check(facts, "SPF").advice, HasSubstr("v=spf1 ip4:203.0.113.5 -all"));
  facts.sources[0].address = ip("2001:db8::5");
  EXPECT_THAT(check(facts, "SPF").advice, HasSubstr("v=spf1 ip6:2001:db8::5 -all"));
}

}  // namespace
}  // namespace verihook::verification
