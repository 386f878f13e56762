#include "dns/reply_parser.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/random.h"
#include "dns/test_messages.h"

namespace verihook::dns {
namespace {

using testing::Bytes;
using testing::kRecursiveReply;
using testing::kReplyNxDomain;
using testing::kReplyServFail;
using testing::kReplyTruncated;
using testing::MessageWriter;
using namespace std::chrono_literals;

MessageWriter mx_reply(std::uint16_t flags = kRecursiveReply) {
  return MessageWriter(7, flags, "example.org", RecordType::kMx);
}

Errc mx_error(const Bytes& bytes) {
  const auto answer = parse_mx_reply(bytes, "example.org");
  EXPECT_FALSE(answer.has_value());
  return answer ? Errc::kInternal : answer.error().code;
}

TEST(ReplyParser, GivesMxRecordsByPreferenceInLowerCase) {
  auto reply = mx_reply();
  reply.mx("example.org", 20, "MX2.Example.ORG", 600).mx("EXAMPLE.org", 10, "mx1.example.org", 120);
  const auto answer = parse_mx_reply(reply.bytes(), "Example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records,
            (std::vector<MxRecord>{{10, "mx1.example.org"}, {20, "mx2.example.org"}}));
  EXPECT_EQ(answer->ttl, 120s);
  EXPECT_EQ(answer->status, NameStatus::kExists);
}

TEST(ReplyParser, KeepsTheRootOfANullMxAsAnEmptyHost) {
  auto reply = mx_reply();
  reply.mx("example.org", 0, "");
  EXPECT_EQ(parse_mx_reply(reply.bytes(), "example.org")->records,
            (std::vector<MxRecord>{{0, ""}}));
}

TEST(ReplyParser, FollowsCompressionPointersBackwards) {
  auto reply = mx_reply();
  // Owner: pointer to the question. Host: "mx" and a pointer to the same.
  reply.raw({0xc0, 12, 0, 15, 0, 1, 0, 0, 1, 0, 0, 7, 0, 5, 2, 'm', 'x', 0xc0, 12}).count(6);
  const auto answer = parse_mx_reply(reply.bytes(), "example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, (std::vector<MxRecord>{{5, "mx.example.org"}}));
}

TEST(ReplyParser, RefusesPointersThatLeadForwardOrToThemselves) {
  for (const std::uint8_t target : {29, 30, 40, 0, 11}) {
    auto reply = mx_reply();
    reply.raw({0xc0, target, 0, 15, 0, 1, 0, 0, 1, 0, 0, 3, 0, 5, 0}).count(6);
    EXPECT_EQ(mx_error(reply.bytes()), Errc::kDns) << int{target};
  }
}

TEST(ReplyParser, RefusesLongPointerChains) {
  auto reply = mx_reply();
  Bytes chain{0xc0, 12};
  std::size_t previous = reply.bytes().size() + 11;
  for (int i = 0; i < 40; ++i) {
    chain.push_back(static_cast<std::uint8_t>(0xc0 | previous >> 8));
    chain.push_back(static_cast<std::uint8_t>(previous));
    previous += 2;
  }
  // A record of an unknown type carries the chain; the next record's owner is its last link.
  Bytes carrier{0, 0, 99, 0, 1, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(chain.size())};
  reply.raw(carrier).raw(chain).count(6);
  reply.raw({static_cast<std::uint8_t>(0xc0 | previous >> 8), static_cast<std::uint8_t>(previous),
             0, 15, 0, 1, 0, 0, 0, 1, 0, 3, 0, 1, 0});
  reply.count(6);
  EXPECT_EQ(mx_error(reply.bytes()), Errc::kDns);
}

TEST(ReplyParser, RefusesNamesBeyond255BytesAndUnknownLabelTypes) {
  auto reply = mx_reply();
  Bytes owner;
  for (int i = 0; i < 5; ++i) {
    owner.push_back(63);
    owner.insert(owner.end(), 63, 'a');
  }
  owner.insert(owner.end(), {0, 0, 15, 0, 1, 0, 0, 0, 1, 0, 3, 0, 1, 0});
  reply.raw(owner).count(6);
  EXPECT_EQ(mx_error(reply.bytes()), Errc::kDns);
  for (const std::uint8_t length : {0x40, 0x80}) {
    auto odd = mx_reply();
    odd.raw({length, 'a', 0, 0, 15, 0, 1, 0, 0, 0, 1, 0, 3, 0, 1, 0}).count(6);
    EXPECT_EQ(mx_error(odd.bytes()), Errc::kDns);
  }
}

TEST(ReplyParser, WritesBytesThatNoHostNameHasAsEscapes) {
  auto reply = mx_reply();
  reply.raw({0, 0, 15}).count(6);  // cut: only to show that it is refused
  EXPECT_EQ(mx_error(reply.bytes()), Errc::kDns);
  auto dotted = mx_reply();
  dotted.answer("example.org", RecordType::kMx, 60, {0, 1, 3, 'a', '.', 'b', 1, 0, 0});
  EXPECT_EQ(parse_mx_reply(dotted.bytes(), "example.org")->records[0].host, "a\\046b.\\000");
}

TEST(ReplyParser, TellsNoSuchNameFromNoSuchRecord) {
  auto nothing = mx_reply();
  nothing.soa("example.org", 7200, 900);
  const auto no_data = parse_mx_reply(nothing.bytes(), "example.org");
  ASSERT_TRUE(no_data.has_value());
  EXPECT_EQ(no_data->status, NameStatus::kExists);
  EXPECT_TRUE(no_data->records.empty());
  EXPECT_EQ(no_data->ttl, 900s);

  auto missing = mx_reply(kReplyNxDomain);
  missing.soa("org", 30, 900);
  const auto no_name = parse_mx_reply(missing.bytes(), "example.org");
  ASSERT_TRUE(no_name.has_value());
  EXPECT_EQ(no_name->status, NameStatus::kDoesNotExist);
  EXPECT_EQ(no_name->ttl, 30s);
}

TEST(ReplyParser, KeepsNegativeAnswersForAnHourAtMostAndNotWithoutAnSoa) {
  auto with_soa = mx_reply(kReplyNxDomain);
  with_soa.soa("org", 1'000'000, 1'000'000);
  EXPECT_EQ(parse_mx_reply(with_soa.bytes(), "example.org")->ttl, 3600s);
  EXPECT_EQ(parse_mx_reply(mx_reply(kReplyNxDomain).bytes(), "example.org")->ttl, 0s);
}

TEST(ReplyParser, ClampsTtlsToADayAndTheTopBitToZero) {
  for (const auto& [wire, expected] :
       {std::pair{0u, 0s}, {86'401u, 86'400s}, {0x7fffffffu, 86'400s}, {0x80000000u, 0s}}) {
    auto reply = mx_reply();
    reply.mx("example.org", 1, "mx.example.org", wire);
    EXPECT_EQ(parse_mx_reply(reply.bytes(), "example.org")->ttl, expected) << wire;
  }
}

TEST(ReplyParser, TreatsServerFailuresAndTruncationAsErrors) {
  for (const std::uint16_t flags :
       {kReplyServFail, std::uint16_t{0x8185}, std::uint16_t{0x8181}, std::uint16_t{0x8184},
        std::uint16_t{0x818f}, kReplyTruncated}) {
    EXPECT_EQ(mx_error(mx_reply(flags).bytes()), Errc::kDns) << flags;
  }
}

TEST(ReplyParser, TreatsAReferralAsAnErrorAndNotAsNoData) {
  auto referral = mx_reply(0x8000);
  referral.ns("org", "ns.example.net");
  EXPECT_EQ(mx_error(referral.bytes()), Errc::kDns);
  auto authoritative = mx_reply(0x8400);
  authoritative.ns("example.org", "ns.example.org").soa("example.org", 60, 60);
  EXPECT_TRUE(parse_mx_reply(authoritative.bytes(), "example.org").has_value());
}

TEST(ReplyParser, RefusesWhatAnswersAnotherQuestion) {
  const auto expect_error = [](const MessageWriter& reply) {
    EXPECT_EQ(mx_error(reply.bytes()), Errc::kDns);
  };
  expect_error(MessageWriter(7, kRecursiveReply, "example.com", RecordType::kMx));
  expect_error(MessageWriter(7, kRecursiveReply, "example.org", RecordType::kA));
  expect_error(MessageWriter(7, 0x0100, "example.org", RecordType::kMx));
  Bytes two_questions = mx_reply().bytes();
  two_questions[5] = 2;
  EXPECT_EQ(mx_error(two_questions), Errc::kDns);
}

TEST(ReplyParser, IgnoresRecordsOfOtherOwnersAndClasses) {
  auto reply = mx_reply();
  reply.mx("other.org", 1, "mx.other.org").mx("example.org", 10, "mx.example.org");
  reply.raw({0xc0, 12, 0, 15, 0, 3, 0, 0, 0, 9, 0, 3, 0, 0, 0}).count(6);  // class CH
  EXPECT_EQ(parse_mx_reply(reply.bytes(), "example.org")->records,
            (std::vector<MxRecord>{{10, "mx.example.org"}}));
}

TEST(ReplyParser, WalksAliasesInWhateverOrderTheyCome) {
  auto reply = mx_reply();
  reply.mx("c.net", 10, "mx.c.net", 500).cname("b.net", "c.net", 40).cname("example.org", "B.net");
  const auto answer = parse_mx_reply(reply.bytes(), "example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, (std::vector<MxRecord>{{10, "mx.c.net"}}));
  EXPECT_EQ(answer->ttl, 40s);
}

TEST(ReplyParser, EndsAliasLoopsAndLongChainsWithAnError) {
  auto loop = mx_reply();
  loop.cname("example.org", "b.net").cname("b.net", "example.org");
  EXPECT_EQ(mx_error(loop.bytes()), Errc::kDns);
  const auto chain = [](int hops) {
    auto reply = mx_reply();
    std::string owner = "example.org";
    for (int i = 0; i < hops; ++i) {
      const std::string target = "n" + std::to_string(i) + ".net";
      reply.cname(owner, target);
      owner = target;
    }
    reply.mx(owner, 1, "mx.net");
    return parse_mx_reply(reply.bytes(), "example.org");
  };
  EXPECT_TRUE(chain(8).has_value());
  EXPECT_FALSE(chain(9).has_value());
}

TEST(ReplyParser, AnAliasToAMissingNameDoesNotExist) {
  auto reply = mx_reply(kReplyNxDomain);
  reply.cname("example.org", "gone.net").soa("net", 60, 60);
  EXPECT_EQ(parse_mx_reply(reply.bytes(), "example.org")->status, NameStatus::kDoesNotExist);
}

TEST(ReplyParser, KeepsTheTwentyMxRecordsOfLowestPreference) {
  auto reply = mx_reply();
  for (int i = 999; i >= 0; --i) {
    reply.mx("example.org", static_cast<std::uint16_t>(i), "mx" + std::to_string(i) + ".net");
  }
  const auto answer = parse_mx_reply(reply.bytes(), "example.org");
  ASSERT_EQ(answer->records.size(), kMxRecordsMax);
  EXPECT_EQ(answer->records.front(), (MxRecord{0, "mx0.net"}));
  EXPECT_EQ(answer->records.back(), (MxRecord{19, "mx19.net"}));
}

TEST(ReplyParser, GivesAddressesOfEitherFamilyUpToSixteen) {
  MessageWriter v4(1, kRecursiveReply, "mx.example.org", RecordType::kA);
  for (int i = 0; i < 100; ++i) v4.address("mx.example.org", "192.0.2." + std::to_string(i));
  const auto addresses = parse_address_reply(v4.bytes(), "mx.example.org", RecordType::kA);
  ASSERT_EQ(addresses->records.size(), kAddressesPerTypeMax);
  EXPECT_EQ(addresses->records[1].to_string(), "192.0.2.1");

  MessageWriter v6(1, kRecursiveReply, "mx.example.org", RecordType::kAaaa);
  v6.address("mx.example.org", "2001:db8::7");
  EXPECT_EQ(
      parse_address_reply(v6.bytes(), "mx.example.org", RecordType::kAaaa)->records[0].to_string(),
      "2001:db8::7");
}

TEST(ReplyParser, RefusesAddressesOfAWrongSizeAndNamesThatOverrunTheirRecord) {
  MessageWriter short_address(1, kRecursiveReply, "a.net", RecordType::kA);
  short_address.answer("a.net", RecordType::kA, 60, {192, 0, 2});
  EXPECT_FALSE(parse_address_reply(short_address.bytes(), "a.net", RecordType::kA));
  auto overrun = mx_reply();
  overrun.answer("example.org", RecordType::kMx, 60, {0, 1, 5, 'a'});
  EXPECT_EQ(mx_error(overrun.bytes()), Errc::kDns);
  auto no_host = mx_reply();
  no_host.answer("example.org", RecordType::kMx, 60, {0, 1});
  EXPECT_EQ(mx_error(no_host.bytes()), Errc::kDns);
  auto junk_behind = mx_reply();
  junk_behind.answer("example.org", RecordType::kMx, 60, {0, 1, 1, 'a', 0, 'x'});
  EXPECT_EQ(mx_error(junk_behind.bytes()), Errc::kDns);
}

TEST(ReplyParser, RefusesEveryTruncationOfAGoodReply) {
  auto reply = mx_reply();
  reply.cname("example.org", "b.net").mx("b.net", 10, "mx.b.net").soa("b.net", 60, 60);
  const Bytes& whole = reply.bytes();
  ASSERT_TRUE(parse_mx_reply(whole, "example.org").has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(mx_error(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))), Errc::kDns)
        << size;
  }
}

TEST(ReplyParser, AcceptsJunkBehindTheLastRecord) {
  auto reply = mx_reply();
  reply.mx("example.org", 10, "mx.example.org").raw({1, 2, 3, 4, 5});
  EXPECT_TRUE(parse_mx_reply(reply.bytes(), "example.org").has_value());
}

TEST(ReplyParser, EndsCountsThatLieWithTheMessage) {
  auto reply = mx_reply();
  reply.mx("example.org", 10, "mx.example.org");
  Bytes bytes = reply.bytes();
  bytes[6] = bytes[7] = 0xff;
  EXPECT_EQ(mx_error(bytes), Errc::kDns);
}

TEST(ReplyParser, SurvivesRandomDamage) {
  auto reply = mx_reply();
  reply.cname("example.org", "b.net").mx("b.net", 10, "mx.b.net").soa("b.net", 60, 60);
  reply.raw({0xc0, 12, 0, 15, 0, 1, 0, 0, 1, 0, 0, 7, 0, 5, 2, 'm', 'x', 0xc0, 12}).count(6);
  SeededRandom random(20260115);
  for (int round = 0; round < 50'000; ++round) {
    Bytes bytes = reply.bytes();
    for (std::uint64_t hits = 1 + random.below(6); hits > 0; --hits) {
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
    }
    if (random.chance(0.2)) bytes.resize(random.below(bytes.size()));
    const auto mx = parse_mx_reply(bytes, "example.org");
    if (mx) {
      EXPECT_LE(mx->records.size(), kMxRecordsMax);
      EXPECT_LE(mx->ttl, kTtlMax_s);
    } else {
      EXPECT_EQ(mx.error().code, Errc::kDns);
    }
    bytes.resize(std::max<std::size_t>(bytes.size(), 30));
    bytes[26] = 1;  // the type asked for
    (void)parse_address_reply(bytes, "example.org", RecordType::kA);
  }
}

TEST(AskableNames, HaveLabelsThatTheDnsCanCarry) {
  for (const char* good : {"a", "example.org", "xn--bcher-kva.test", "_dmarc.x", "a-b.c"}) {
    EXPECT_TRUE(is_askable_name(good)) << good;
  }
  const std::string label(64, 'a');
  std::string long_name;
  for (int i = 0; i < 130; ++i) long_name += "a.";
  for (const std::string& bad :
       {std::string(), std::string("a..b"), std::string(".a"), std::string("a."), label + ".org",
        long_name + "org", std::string("a b"), std::string("a\\b"), std::string("a\nb"),
        std::string("b\xc3\xbc.test"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_askable_name(bad)) << bad;
  }
}

TEST(ReplyParser, JoinsTheStringsOfATextRecordWithoutASpace) {
  MessageWriter reply(7, kRecursiveReply, "example.org", RecordType::kTxt);
  reply.txt("example.org", {"v=spf1 ip4:192.0", ".2.0/24 -all"}).txt("example.org", {""}, 60);
  const auto answer = parse_text_reply(reply.bytes(), "example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, (std::vector<std::string>{"v=spf1 ip4:192.0.2.0/24 -all", ""}));
  EXPECT_EQ(answer->ttl, 60s);
}

TEST(ReplyParser, RefusesATextThatRunsPastItsRecord) {
  for (const Bytes& data : {Bytes{5, 'a', 'b'}, Bytes{1}, Bytes{1, 'a', 255}}) {
    MessageWriter reply(7, kRecursiveReply, "example.org", RecordType::kTxt);
    reply.answer("example.org", RecordType::kTxt, 300, data);
    const auto answer = parse_text_reply(reply.bytes(), "example.org");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Errc::kDns);
  }
}

TEST(ReplyParser, RefusesATextBeyondItsLimit) {
  MessageWriter reply(7, kRecursiveReply, "example.org", RecordType::kTxt);
  reply.txt("example.org",
            std::vector<std::string>(kTextBytesMax / 200 + 1, std::string(200, 'x')));
  EXPECT_FALSE(parse_text_reply(reply.bytes(), "example.org").has_value());
}

TEST(ReplyParser, TakesAtMostSoManyTextRecords) {
  MessageWriter reply(7, kRecursiveReply, "example.org", RecordType::kTxt);
  for (std::size_t i = 0; i < kTextsMax + 5; ++i) reply.txt("example.org", {"x"});
  EXPECT_EQ(parse_text_reply(reply.bytes(), "example.org")->records.size(), kTextsMax);
}

TEST(ReplyParser, GivesTheNamesOfAnAddressInLowerCase) {
  const std::string asked = "5.113.0.203.in-addr.arpa";
  MessageWriter reply(7, kRecursiveReply, asked, RecordType::kPtr);
  // Delegations smaller than a /24 are made with aliases (RFC 2317).
  const std::string there = "5.0-15.113.0.203.in-addr.arpa";
  reply.cname(asked, there).ptr(there, "MX1.Example.com", 60).ptr(there, "mx2.example.com");
  const auto answer = parse_name_reply(reply.bytes(), asked);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, (std::vector<std::string>{"mx1.example.com", "mx2.example.com"}));
  EXPECT_EQ(answer->ttl, 60s);
}

TEST(ReplyParser, SaysThatAnAddressHasNoName) {
  const std::string asked = "5.113.0.203.in-addr.arpa";
  MessageWriter reply(7, kReplyNxDomain, asked, RecordType::kPtr);
  reply.soa("113.0.203.in-addr.arpa", 300, 300);
  const auto answer = parse_name_reply(reply.bytes(), asked);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, NameStatus::kDoesNotExist);
}

}  // namespace
}  // namespace verihook::dns
