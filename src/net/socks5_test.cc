#include "net/socks5.h"

#include <deque>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::net {
namespace {

using Action = Socks5Handshake::Action;
using Kind = Socks5Handshake::Action::Kind;
using ::testing::HasSubstr;
using namespace std::string_literals;

const std::string kGreeting = "\x05\x01\x00"s;
const std::string kGreetingWithUser = "\x05\x02\x00\x02"s;
const std::string kNoPassword = "\x05\x00"s;
const std::string kWantsPassword = "\x05\x02"s;
const std::string kWelcome = "\x01\x00"s;
const std::string kConnectV4 = "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x19"s;  // 192.0.2.1:25
const std::string kConnectedV4 = "\x05\x00\x00\x01\x0a\x00\x00\x01\x12\x34"s;

SocksProxy proxy_with(std::string user = "", std::string password = "") {
  return {*Endpoint::parse("10.0.0.1:1080"), std::move(user), std::move(password)};
}

// Plays a proxy that answers each request with the next of `replies`, `piece` bytes at a time, and
// notes what it was sent. Ends with kDone or kFailed, or kReceive when the replies are used up.
struct Play {
  explicit Play(const SocksProxy& proxy, std::string_view target = "192.0.2.1:25")
      : handshake(proxy, *Endpoint::parse(target)) {}

  Action run(std::deque<std::string> replies, std::size_t piece = 512) {
    std::string incoming;
    Action action = handshake.resume("");
    for (;;) {
      if (action.kind == Kind::kSend) {
        sent.push_back(action.bytes);
        if (!replies.empty()) {
          incoming += replies.front();
          replies.pop_front();
        }
        action = handshake.resume("");
      } else if (action.kind == Kind::kReceive && !incoming.empty()) {
        const auto count = std::min({piece, incoming.size(), action.receive_bytes_max});
        action = handshake.resume(incoming.substr(0, count));
        incoming.erase(0, count);
      } else {
        unread = incoming;
        return action;
      }
    }
  }

  Socks5Handshake handshake;
  std::vector<std::string> sent;
  std::string unread;
};

TEST(Socks5, ConnectsWithoutAuthentication) {
  Play play(proxy_with());
  EXPECT_EQ(play.run({kNoPassword, kConnectedV4}).kind, Kind::kDone);
  EXPECT_EQ(play.sent, (std::vector{kGreeting, kConnectV4}));
}

TEST(Socks5, SendsTheUserAndThePasswordWhenTheProxyWantsThem) {
  Play play(proxy_with("me", "pass"));
  EXPECT_EQ(play.run({kWantsPassword, kWelcome, kConnectedV4}).kind, Kind::kDone);
  EXPECT_EQ(play.sent, (std::vector{kGreetingWithUser, "\x01\x02me\x04pass"s, kConnectV4}));
}

TEST(Socks5, KeepsThePasswordToItselfWhenTheProxyWantsNone) {
  Play play(proxy_with("me", "pass"));
  EXPECT_EQ(play.run({kNoPassword, kConnectedV4}).kind, Kind::kDone);
  EXPECT_EQ(play.sent.size(), 2u);
}

TEST(Socks5, ConnectsToIpv6Addresses) {
  Play play(proxy_with(), "[2001:db8::1]:2525");
  const std::string bound = "\x05\x00\x00\x04"s + std::string(18, '\0');
  EXPECT_EQ(play.run({kNoPassword, bound}).kind, Kind::kDone);
  EXPECT_EQ(play.sent.back(),
            "\x05\x01\x00\x04\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01\x09\xdd"s);
}

TEST(Socks5, TakesAReplyThatNamesTheProxy) {
  Play play(proxy_with());
  const std::string bound = "\x05\x00\x00\x03\x05proxy\x00\x19"s;
  EXPECT_EQ(play.run({kNoPassword, bound}).kind, Kind::kDone);
  EXPECT_EQ(play.unread, "");
}

TEST(Socks5, TakesRepliesThatAreSplitAnywhere) {
  for (std::size_t piece = 1; piece <= 12; ++piece) {
    Play play(proxy_with("me", "pass"));
    const Action end = play.run({kWantsPassword, kWelcome, kConnectedV4}, piece);
    EXPECT_EQ(end.kind, Kind::kDone) << piece;
    EXPECT_EQ(play.sent.size(), 3u) << piece;
  }
}

TEST(Socks5, LeavesWhatTheTargetSaysUnread) {
  Play play(proxy_with());
  EXPECT_EQ(play.run({kNoPassword, kConnectedV4 + "220 mx.example\r\n"}).kind, Kind::kDone);
  EXPECT_EQ(play.unread, "220 mx.example\r\n");
}

TEST(Socks5, WaitsForTheRestOfEveryCutReply) {
  const std::string whole = kNoPassword + kConnectedV4;
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Play play(proxy_with());
    const std::size_t first = std::min(cut, kNoPassword.size());
    const Action end = play.run({whole.substr(0, first), whole.substr(first, cut - first)});
    EXPECT_EQ(end.kind, Kind::kReceive) << cut;
  }
}

struct ReplyCase {
  char code;
  Errc meaning;
  std::string text;
};

class Socks5Reply : public ::testing::TestWithParam<ReplyCase> {};

TEST_P(Socks5Reply, SaysWhyThereIsNoConnection) {
  Play play(proxy_with());
  const Action end = play.run({kNoPassword, "\x05"s + GetParam().code + "\x00\x01"s});
  ASSERT_EQ(end.kind, Kind::kFailed);
  EXPECT_EQ(end.error.code, GetParam().meaning);
  EXPECT_THAT(end.error.message, HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    Rfc1928, Socks5Reply,
    ::testing::Values(
        ReplyCase{1, Errc::kUnreachable, "general failure"},
        ReplyCase{2, Errc::kForbidden, "rules"}, ReplyCase{3, Errc::kUnreachable, "network"},
        ReplyCase{4, Errc::kUnreachable, "the other side cannot be reached"},
        ReplyCase{5, Errc::kConnectionRefused, "refused"}, ReplyCase{6, Errc::kTimeout, "in time"},
        ReplyCase{7, Errc::kUnsupported, "does not make connections"},
        ReplyCase{8, Errc::kUnsupported, "family"}, ReplyCase{9, Errc::kUnreachable, "reply 9"},
        ReplyCase{'\xff', Errc::kUnreachable, "reply 255"}));

struct RefusalCase {
  std::string user;
  std::deque<std::string> replies;
  Errc meaning;
  std::string text;
};

TEST(Socks5, TellsTheProxysFailuresFromTheTargets) {
  const RefusalCase cases[] = {
      {"", {"\x04\x00"s}, Errc::kUnsupported, "another protocol"},
      {"", {"HT"s}, Errc::kUnsupported, "10.0.0.1:1080"},
      {"", {"\x05\xff"s}, Errc::kUnauthorized, "wants a user"},
      {"me", {"\x05\xff"s}, Errc::kUnauthorized, "takes no user"},
      {"", {kWantsPassword}, Errc::kUnsupported, "not offered"},
      {"me", {"\x05\x01"s}, Errc::kUnsupported, "not offered"},
      {"me", {kWantsPassword, "\x01\x01"s}, Errc::kUnauthorized, "refuses this user"},
      {"me", {kWantsPassword, "\x05\x00"s}, Errc::kUnsupported, "malformed"},
      {"", {kNoPassword, "\x04\x00\x00\x01"s}, Errc::kUnsupported, "wrong version"},
      {"", {kNoPassword, "\x05\x00\x00\x02"s}, Errc::kUnsupported, "address type"},
      {std::string(256, 'u'), {}, Errc::kUnsupported, "255 bytes"},
  };
  for (const RefusalCase& one : cases) {
    Play play(proxy_with(one.user, "secret"));
    const Action end = play.run(one.replies);
    ASSERT_EQ(end.kind, Kind::kFailed) << one.text;
    EXPECT_EQ(end.error.code, one.meaning) << one.text;
    EXPECT_THAT(end.error.message, HasSubstr(one.text));
    EXPECT_TRUE(is_proxy_failure(end.error.code)) << one.text;
    EXPECT_EQ(play.handshake.resume("x").kind, Kind::kFailed) << "it is over";
  }
}

TEST(Socks5, AnInterruptionIsTheProxysUntilTheTargetIsKnown) {
  const Error lost{Errc::kConnectionLost, "the other side closed the connection"};
  const Error late{Errc::kTimeout, "the other side did not answer in time"};
  Play before(proxy_with());
  before.run({""});
  EXPECT_EQ(before.handshake.interrupted(lost).code, Errc::kNotFound);
  EXPECT_EQ(before.handshake.interrupted(late).code, Errc::kNotFound);
  EXPECT_EQ(before.handshake.interrupted({Errc::kCancelled, ""}).code, Errc::kCancelled);
  Play after(proxy_with());
  after.run({kNoPassword, ""});
  EXPECT_EQ(after.handshake.interrupted(lost).code, Errc::kConnectionLost);
  EXPECT_EQ(after.handshake.interrupted(late).code, Errc::kTimeout);
}

}  // namespace
}  // namespace verihook::net
