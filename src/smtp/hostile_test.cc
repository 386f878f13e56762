// Conversations with servers that mean ill, under virtual time: whatever comes and whenever it
// stops, a conversation ends in time, keeps no memory, and calls nobody invalid without a whole
// refusal.

#include <algorithm>
#include <malloc.h>
#include <set>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "smtp/asked_all.h"
#include "smtp/classify.h"
#include "smtp/client.h"
#include "tests/support/simulated_network.h"
#include "tests/support/virtual_time.h"

// Of the address sanitizer, whose allocator mallinfo2 does not see.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace verihook::smtp {
namespace {

using testing::SimulatedFaults;
using testing::SimulatedNetwork;
using testing::SimulatedPeer;
using testing::VirtualTime;
using namespace std::chrono_literals;

constexpr net::Endpoint kEndpoint{{false, {192, 0, 2, 25}}, 25};

std::size_t allocated_bytes() {
  if (__sanitizer_get_current_allocated_bytes != nullptr) {
    return __sanitizer_get_current_allocated_bytes();
  }
  return mallinfo2().uordblks;
}

// One conversation with whoever listens at kEndpoint, and what came of it.
class HostileTest : public ::testing::Test {
 protected:
  HostileTest() {
    options_.session.helo = "probe.example";
    options_.session.mail_from = "v@probe.example";
  }
  ~HostileTest() override {
    group_.spawn("stop", network_.stop());
    time_.run();
  }

  struct Asked {
    std::vector<RecipientOutcome> outcomes;
    Milliseconds took{0};
    bool done = false;
  };
  Task<void> talk(std::vector<std::string> recipients, Asked& asked) {
    const auto start = time_.clock().monotonic_now();
    Conversation conversation(network_, time_.clock(),
                              std::make_shared<ConversationOptions>(options_),
                              {kEndpoint, "mx.a.test"});
    co_await conversation.connect(Deadline::never());
    asked.outcomes = co_await ask_all(conversation, std::move(recipients));
    co_await conversation.quit();
    asked.took = std::chrono::duration_cast<Milliseconds>(time_.clock().monotonic_now() - start);
    asked.done = true;
  }
  Asked ask(std::vector<std::string> recipients) {
    Asked asked;
    group_.spawn("talk", talk(std::move(recipients), asked));
    time_.run();
    return asked;
  }

  // What connecting, asking and taking leave may take together.
  Milliseconds longest(std::size_t recipients) const {
    const auto count = static_cast<Milliseconds::rep>(recipients);
    return 2 * options_.call_timeout + count * options_.timeout_per_recipient +
           3 * options_.quit_timeout;
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SimulatedNetwork network_{io_.get_executor(), time_};
  ConversationOptions options_;
  TaskGroup group_{io_.get_executor(), "test"};
};

ReplyClass class_of(const RecipientOutcome& item) { return classify(item.outcome).reply_class; }

// ---- Random scripts.

// What a hostile server says. No fragment begins or completes a refusal of a recipient (55x), so
// that any "invalid" is made up. Others may come together to anything.
constexpr std::string_view kFragments[] = {
    "220 mx.a.test ESMTP\r\n",
    "220-mx.a.test\r\n",
    "220",
    "250 ok\r\n",
    "250-mx.a.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n",
    "250-mx.a.test\r\n250 LIMITS RCPTMAX=18446744073709551616\r\n",
    "250-",
    "250\r\n",
    "251 2.1.5 forwards\n",
    "252 2.5.2 who knows\r\n",
    "354 go on\r\n",
    "299 999.999.999 odd\r\n",
    "421 4.3.2 bye\r\n",
    "450 5.1.1 user unknown\r\n",
    "451-4.7.1 greylisted\r\n451 4.7.1 try again in 99999999999999999999 minutes\r\n",
    "452 4.5.3 too many recipients\r\n",
    "454 4.7.0 TLS not available\r\n",
    "503 5.5.1 sequence\r\n",
    "500 5.5.2 what\r\n",
    "600 what is this\r\n",
    "99999 5.1.1 user unknown\r\n",
    "-250 ok\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "\r\n",
    "\n\n\n",
    "\r\r\r",
    std::string_view("\0\0\0\0", 4),
    "\xff\xfe\x80\r\n",
    "\x16\x03\x01\x02\x00\x01",
};

class HostileServer {
 public:
  HostileServer(std::uint64_t seed, Timers& timers) : random_(seed), timers_(timers) {
    politeness_ = random_.unit();
    allowed_bytes_ = 1u << random_.below(20);
  }

  std::size_t connections() const { return connections_; }
  std::size_t peak_bytes() const { return peak_bytes_; }

  Task<void> serve(SimulatedPeer& peer) {
    ++connections_;
    if (random_.chance(politeness_)) say(peer, "220 mx.a.test\r\n");
    const std::size_t steps = random_.below(60);
    for (std::size_t i = 0; i < steps && !gone_; ++i) {
      if (random_.chance(politeness_)) {
        co_await obey(peer);
      } else {
        co_await misbehave(peer);
      }
    }
    if (random_.chance(0.5)) co_return;
    // From here on silence, with ears.
    while (co_await peer.read_line()) {
    }
  }

 private:
  bool say(SimulatedPeer& peer, std::string_view bytes) {
    peak_bytes_ = std::max(peak_bytes_, allocated_bytes());
    gone_ = !peer.write(bytes);
    return !gone_;
  }
  std::string_view fragment() { return kFragments[random_.below(std::size(kFragments))]; }

  Task<void> obey(SimulatedPeer& peer) {
    const auto line = co_await peer.read_line(Deadline::after(timers_.clock(), 30s));
    if (!line) co_return;
    if (line->starts_with("EHLO")) {
      say(peer, "250-mx.a.test\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n");
    } else if (*line == "STARTTLS") {
      say(peer, "220 go\r\n");
      if (random_.chance(0.3)) say(peer, fragment());
      if (random_.chance(0.5)) {
        gone_ = !co_await peer.accept_tls({{"mx.a.test"}, false});
      } else {
        co_await peer.refuse_tls();
      }
    } else {
      say(peer, random_.chance(0.7) ? "250 ok\r\n" : fragment());
    }
  }

  Task<void> misbehave(SimulatedPeer& peer) {
    switch (random_.below(7)) {
      case 0:
        co_await sleep_for(timers_, Milliseconds{random_.below(60'000)});
        break;
      case 1: {  // the same again and again
        const std::string_view words = fragment();
        for (std::size_t sent = 0; sent < allowed_bytes_ && say(peer, words);) {
          sent += words.size();
          co_await sleep_for(timers_, Milliseconds{random_.below(50)});
        }
        break;
      }
      case 2:  // one line without end
        for (std::size_t sent = 0; sent < allowed_bytes_; sent += 1000) {
          if (!say(peer, std::string(1000, 'x'))) break;
          co_await sleep_for(timers_, 1ms);
        }
        break;
      case 3:
        if (random_.chance(0.2)) peer.reset();
        break;
      case 4:
        if (random_.chance(0.2)) peer.close();
        break;
      default:
        say(peer, fragment());
        break;
    }
  }

  SeededRandom random_;
  Timers& timers_;
  double politeness_ = 0;
  std::size_t allowed_bytes_ = 0;
  std::size_t connections_ = 0;
  std::size_t peak_bytes_ = 0;
  bool gone_ = false;
};

TEST_F(HostileTest, AThousandHostileScriptsEndInTimeAndInvalidateNobody) {
  const std::vector<std::string> recipients = {"a@a.test", "b@a.test", "c@a.test", "d@a.test",
                                               "e@a.test"};
  std::set<ReplyClass> seen;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    HostileServer server(seed, time_);
    const SimulatedFaults faults{.latency = Milliseconds{seed % 700}, .split_reads = seed % 2 == 0};
    network_.listen(kEndpoint, [&](SimulatedPeer& peer) { return server.serve(peer); }, faults);
    const Asked asked = ask(recipients);
    ASSERT_TRUE(asked.done);
    EXPECT_LE(asked.took, longest(recipients.size()));
    EXPECT_GE(server.connections(), 1u);
    EXPECT_LE(server.connections(), 2u);
    ASSERT_EQ(asked.outcomes.size(), recipients.size());
    for (const auto& item : asked.outcomes) {
      EXPECT_FALSE(is_invalid(class_of(item))) << classify(item.outcome).rule;
      seen.insert(class_of(item));
    }
  }
  // The scripts reached every part of the conversation.
  for (const ReplyClass reached :
       {ReplyClass::kAccepted, ReplyClass::kTimeout, ReplyClass::kConnectionLost,
        ReplyClass::kProtocolError, ReplyClass::kThrottled, ReplyClass::kGreylisted,
        ReplyClass::kCannotVerify, ReplyClass::kNotAttempted}) {
    EXPECT_TRUE(seen.contains(reached)) << reason_of(reached);
  }
}

TEST_F(HostileTest, MemoryStaysFlatWhateverTheServerSends) {
  constexpr std::size_t kBytesPerConversationMax = 512 * 1024;
  constexpr std::size_t kBytesKeptMax = 64 * 1024;
  std::size_t before = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    if (seed == 100) before = allocated_bytes();  // what is made once has been made
    HostileServer server(seed, time_);
    network_.listen(kEndpoint, [&](SimulatedPeer& peer) { return server.serve(peer); });
    const std::size_t at_rest = allocated_bytes();
    ASSERT_TRUE(ask({"a@a.test", "b@a.test"}).done);
    EXPECT_LT(server.peak_bytes(), at_rest + kBytesPerConversationMax) << "seed " << seed;
    network_.refuse(kEndpoint);
  }
  EXPECT_LT(allocated_bytes(), before + kBytesKeptMax);
}

// A server that goes on for as long as one listens: what it could send in all is without end.
TEST_F(HostileTest, FloodsOfEveryKindAreCutShort) {
  constexpr std::size_t kBytesTakenMax = 256 * 1024;
  for (const std::string_view words :
       {"220-more\r\n", "220 again\r\n", "xxxxxxxxxxxxxxxx", "\r\n", "250-a\r\n", "2", "220-"}) {
    for (const std::string_view begin : {"", "220 mx\r\n", "220 mx\r\n250 mx\r\n"}) {
      SCOPED_TRACE(fmt::format("{} behind {}", words, begin));
      std::size_t sent = 0;
      network_.listen(kEndpoint, [&](SimulatedPeer& peer) -> Task<void> {
        peer.write(begin);
        while (peer.write(words)) {
          sent += words.size();
          co_await sleep_for(time_, 1ms);
        }
      });
      const Asked asked = ask({"a@a.test"});
      ASSERT_TRUE(asked.done);
      EXPECT_LT(sent, kBytesTakenMax);
      EXPECT_LE(asked.took, longest(1));
      EXPECT_FALSE(is_invalid(class_of(asked.outcomes.at(0))));
    }
  }
}

// ---- Scripts cut at every byte.

struct CutScript {
  std::string_view name;
  std::string_view banner = "220 mx.a.test ESMTP\r\n";
  std::string_view ehlo = "250-mx.a.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
  std::string_view helo = "250 mx.a.test\r\n";
  std::string_view mail = "250 2.1.0 ok\r\n";
  std::string_view accepted = "250 2.1.5 ok\r\n";
  std::string_view refused = "550 5.1.1 user unknown\r\n";
  std::string_view last{};  // said in the place of the third recipient's reply, then close
  bool tls = false;
  std::size_t recipients_max = 100;  // of a transaction
};

constexpr CutScript kCutScripts[] = {
    {.name = "plain"},
    {.name = "without pipelining", .ehlo = "250 mx.a.test\r\n"},
    {.name = "replies of several lines",
     .banner = "220-550 5.1.1 is what we say\r\n220-mx.a.test\r\n220 go\r\n",
     .mail = "250-2.1.0 550\r\n250 ok\r\n",
     .accepted = "250-2.1.5 550 5.1.1 no\r\n250 2.1.5 yes\r\n",
     .refused = "550-5.1.1 250 ok\r\n550-5.1.1 it is not\r\n550 5.1.1 user unknown\r\n"},
    {.name = "bare line feeds", .banner = "220 mx\n", .refused = "550 5.1.1 user unknown\n"},
    {.name = "HELO only", .ehlo = "502 5.5.1 not implemented\r\n"},
    {.name = "TLS", .ehlo = "250-mx.a.test\r\n250 STARTTLS\r\n", .tls = true},
    {.name = "one recipient at a time", .recipients_max = 1},
    {.name = "disabled", .refused = "550 5.2.1 account disabled\r\n"},
    {.name = "a code alone", .refused = "551\r\n"},
    {.name = "leaving in the middle", .last = "421 4.7.0 closing\r\n"},
    {.name = "greylisted", .accepted = "451 4.7.1 greylisted\r\n"},
    {.name = "refused at MAIL", .mail = "550 5.1.8 sender unknown\r\n"},
    {.name = "blocked at the banner", .banner = "554 5.7.1 blocked\r\n"},
};

// Plays one script and remembers, for whom it refused, how many bytes that took.
class CutServer {
 public:
  explicit CutServer(const CutScript& script) : script_(script) {}

  std::size_t sent_max = 0;
  std::vector<std::pair<std::string, std::size_t>> refusals;  // the line, bytes sent at its end

  Task<void> serve(SimulatedPeer& peer) {
    std::size_t sent = 0;
    std::size_t recipients = 0;
    std::size_t in_transaction = 0;
    bool secure = false;
    const auto say = [&](std::string_view words) {
      sent += words.size();
      sent_max = std::max(sent_max, sent);
      return peer.write(words);
    };
    say(script_.banner);
    while (const auto line = co_await peer.read_line()) {
      if (line->starts_with("EHLO")) {
        say(secure ? "250-mx.a.test\r\n250 PIPELINING\r\n" : script_.ehlo);
      } else if (line->starts_with("HELO")) {
        say(script_.helo);
      } else if (*line == "STARTTLS") {
        say("220 go\r\n");
        secure = co_await peer.accept_tls({{"mx.a.test"}, false});
      } else if (line->starts_with("MAIL")) {
        in_transaction = 0;
        say(script_.mail);
      } else if (line->starts_with("RCPT")) {
        if (++recipients == 3 && !script_.last.empty()) {
          say(script_.last);
          co_return;
        }
        if (++in_transaction > script_.recipients_max) {
          say("452 4.5.3 too many recipients\r\n");
        } else if (line->find("nobody") == std::string::npos) {
          say(script_.accepted);
        } else {
          say(script_.refused);
          refusals.emplace_back(*line, sent);
        }
      } else {
        say("250 2.0.0 ok\r\n");
      }
    }
  }

  // Whether the client can have seen the whole refusal of this recipient.
  bool refused_within(const std::string& recipient, std::size_t bytes) const {
    return std::ranges::any_of(refusals, [&](const auto& refusal) {
      return refusal.second <= bytes && refusal.first.find(recipient) != std::string::npos;
    });
  }

 private:
  const CutScript& script_;
};

class CutTest : public HostileTest, public ::testing::WithParamInterface<CutScript> {};

TEST_P(CutTest, NobodyIsInvalidWithoutTheWholeRefusal) {
  const std::vector<std::string> recipients = {"a@a.test", "nobody1@a.test", "b@a.test",
                                               "nobody2@a.test"};
  std::size_t length = 0;
  std::size_t invalid = 0;
  {
    CutServer whole(GetParam());
    network_.listen(kEndpoint, [&](SimulatedPeer& peer) { return whole.serve(peer); });
    ASSERT_TRUE(ask(recipients).done);
    length = whole.sent_max;
  }
  for (std::size_t cut = 0; cut <= length; ++cut) {
    for (const bool reset : {true, false}) {
      SCOPED_TRACE(fmt::format("{} after {} bytes", reset ? "reset" : "closed", cut));
      CutServer server(GetParam());
      SimulatedFaults faults{.split_reads = cut % 2 == 0};
      (reset ? faults.reset_after_bytes : faults.close_after_bytes) = cut;
      network_.listen(kEndpoint, [&](SimulatedPeer& peer) { return server.serve(peer); }, faults);
      const Asked asked = ask(recipients);
      ASSERT_TRUE(asked.done);
      ASSERT_EQ(asked.outcomes.size(), recipients.size());
      for (const auto& item : asked.outcomes) {
        if (!is_invalid(class_of(item))) continue;
        ++invalid;
        EXPECT_TRUE(server.refused_within(item.recipient, cut)) << item.recipient;
      }
    }
  }
  // The scripts with refusals refuse when nothing is cut.
  CutServer whole(GetParam());
  network_.listen(kEndpoint, [&](SimulatedPeer& peer) { return whole.serve(peer); });
  EXPECT_EQ(invalid > 0, is_invalid(class_of(ask(recipients).outcomes.at(1))));
}

INSTANTIATE_TEST_SUITE_P(EveryScript, CutTest, ::testing::ValuesIn(kCutScripts),
                         [](const auto& parameter) {
                           std::string name(parameter.param.name);
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace verihook::smtp
