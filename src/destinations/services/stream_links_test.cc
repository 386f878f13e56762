#include "destinations/services/stream_links.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "destinations/services/redis_protocol.h"
#include "tests/support/run_task.h"
#include "tests/support/simulated_network.h"
#include "tests/support/virtual_time.h"

namespace verihook::destinations {
namespace {

using namespace std::chrono_literals;
using testing::SimulatedPeer;

class OneHost final : public net::HostLookup {
 public:
  Task<Result<std::vector<net::IpAddress>>> lookup(std::string host, Deadline) override {
    if (host != "redis.test") co_return std::vector<net::IpAddress>();
    co_return addresses;
  }
  std::vector<net::IpAddress> addresses = {*net::IpAddress::parse("192.0.2.1")};
};

class StreamLinksTest : public ::testing::Test {
 protected:
  using Said = std::optional<Result<std::string>>;

  StreamLinksTest() {
    address_.host = "redis.test";
    address_.port = 6379;
  }
  ~StreamLinksTest() override {
    asio::co_spawn(io_, links_.stop(), asio::detached);
    asio::co_spawn(io_, network_.stop(), asio::detached);
    time_.run();
  }

  // The answer stands there once it has come.
  std::shared_ptr<Said> publish(std::string payload, Milliseconds timeout = 15s) {
    auto said = std::make_shared<Said>();
    StreamMessage message;
    message.target = "events";
    message.payload = std::move(payload);
    asio::co_spawn(io_,
                   links_.publish("dst_1", address_, std::move(message),
                                  Deadline::after(time_.clock(), timeout)),
                   [said](std::exception_ptr error, Result<std::string> result) {
                     if (error) std::rethrow_exception(error);
                     *said = std::move(result);
                   });
    return said;
  }
  Errc error_of(const std::shared_ptr<Said>& said) {
    return *said && !**said ? (*said)->error().code : Errc::kInternal;
  }
  void listen(testing::PeerScript script, testing::SimulatedFaults faults = {}) {
    network_.listen(endpoint_, std::move(script), faults);
  }

  // Answers each XADD with its number; `answers_max` of them, then says nothing more.
  testing::PeerScript counting_server(int answers_max = 1'000'000) {
    return [this, answers_max](SimulatedPeer& peer) -> Task<void> {
      int answered = 0;
      for (;;) {
        const auto line = co_await peer.read_line();
        if (!line) co_return;
        if (*line != "XADD") continue;
        if (answered++ < answers_max) {
          peer.write("$3\r\n" + std::to_string(100 + ++entries_) + "\r\n");
        }
      }
    };
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  testing::SimulatedNetwork network_{io_.get_executor(), time_};
  OneHost lookup_;
  net::AddressFilter filter_{{*net::Cidr::parse("192.0.2.0/24")}};
  Dialer dialer_{lookup_, network_, filter_, time_.clock()};
  StreamLinks links_{io_.get_executor(), time_, dialer_, [](const ServiceAddress& address) {
                       return std::make_unique<RedisProtocol>(address);
                     }};
  ServiceAddress address_;
  net::Endpoint endpoint_ = *net::Endpoint::parse("192.0.2.1:6379");
  int entries_ = 0;
};

TEST_F(StreamLinksTest, SendsWhatCameInMeanwhileInOneExchangeOverOneConnection) {
  listen(counting_server(), {.latency = 10ms});
  std::vector<std::shared_ptr<Said>> all;
  const MonotonicTime before = time_.clock().monotonic_now();
  for (int i = 0; i < 100; ++i) all.push_back(publish("{}"));
  time_.run(100ms);
  for (const auto& said : all) ASSERT_TRUE(*said && **said);
  EXPECT_EQ(**all[0], "101");
  EXPECT_EQ(**all[99], "200");
  EXPECT_EQ(network_.attempts().size(), 1u);
  // Two exchanges: the first message alone, then all that had come in.
  EXPECT_LE(time_.clock().monotonic_now() - before, 100ms);
}

TEST_F(StreamLinksTest, ClosesAConnectionThatNobodyUses) {
  listen(counting_server());
  publish("{}");
  time_.advance(1s);
  EXPECT_EQ(links_.open_connections(), 1u);
  time_.advance(25s);
  EXPECT_EQ(links_.open_connections(), 0u);
  const auto later = publish("{}");
  time_.advance(1s);
  EXPECT_TRUE(*later && **later);
  EXPECT_EQ(network_.attempts().size(), 2u);
}

TEST_F(StreamLinksTest, AServerThatSaysNothingIsGivenUpAtTheDeadline) {
  listen(counting_server(1));
  const auto first = publish("{}", 5s);
  const auto second = publish("{}", 5s);
  time_.advance(4'999ms);
  EXPECT_TRUE(*first && **first);
  EXPECT_FALSE(*second);
  time_.advance(10ms);
  EXPECT_EQ(error_of(second), Errc::kTimeout);
  EXPECT_EQ(links_.open_connections(), 0u);
}

TEST_F(StreamLinksTest, BytesThatTrickleInDoNotExtendTheDeadline) {
  listen([this](SimulatedPeer& peer) -> Task<void> {
    peer.write("$1000\r\n");
    while (peer.write("x")) co_await sleep_for(time_, 1s);
  });
  const auto said = publish("{}", 5s);
  time_.advance(5'001ms);
  EXPECT_EQ(error_of(said), Errc::kTimeout);
}

TEST_F(StreamLinksTest, AConnectionThatNeverOpensEndsAtTheDeadline) {
  listen(counting_server(), {.never_answer = true});
  const auto said = publish("{}", 3s);
  time_.advance(3'001ms);
  EXPECT_EQ(error_of(said), Errc::kTimeout);
}

TEST_F(StreamLinksTest, AServerKilledInTheMiddleFailsWhatItDidNotAnswer) {
  // Enough bytes for one answer.
  listen(counting_server(), {.reset_after_bytes = 9});
  const auto first = publish("{}");
  const auto second = publish("{}");
  time_.advance(1s);
  EXPECT_TRUE(*first && **first);
  EXPECT_EQ(error_of(second), Errc::kConnectionLost);
  listen(counting_server());
  const auto third = publish("{}");
  time_.advance(1s);
  EXPECT_TRUE(*third && **third);
}

TEST_F(StreamLinksTest, AConnectionThatTheServerClosedUnusedCostsNoAttempt) {
  const auto one_answer = [this](SimulatedPeer& peer) -> Task<void> {
    while (const auto line = co_await peer.read_line()) {
      if (*line != "XADD") continue;
      peer.write("$3\r\n" + std::to_string(100 + ++entries_) + "\r\n");
      break;
    }
    co_await sleep_for(time_, 1s);
  };
  listen(one_answer);
  publish("{}");
  time_.advance(5s);
  const auto later = publish("{}");
  time_.advance(5s);
  ASSERT_TRUE(*later && **later);
  EXPECT_EQ(**later, "102");
  EXPECT_EQ(network_.attempts().size(), 2u);
  // A server that is gone is not asked for ever.
  listen([](SimulatedPeer& peer) -> Task<void> { co_await peer.read_line(); });
  const auto lost = publish("{}");
  time_.advance(5s);
  EXPECT_EQ(error_of(lost), Errc::kConnectionLost);
  EXPECT_EQ(network_.attempts().size(), 3u);
}

TEST_F(StreamLinksTest, NobodyListening) {
  const auto said = publish("{}");
  time_.advance(1s);
  EXPECT_EQ(error_of(said), Errc::kConnectionRefused);
}

TEST_F(StreamLinksTest, ANameWithOneForbiddenAddressIsRefusedWhole) {
  listen(counting_server());
  lookup_.addresses.push_back(*net::IpAddress::parse("10.0.0.1"));
  const auto said = publish("{}");
  time_.advance(1s);
  EXPECT_EQ(error_of(said), Errc::kForbiddenAddress);
  EXPECT_TRUE(network_.attempts().empty());
}

TEST_F(StreamLinksTest, ANameWithoutAddressIsADnsFailure) {
  address_.host = "other.test";
  const auto said = publish("{}");
  time_.advance(1s);
  EXPECT_EQ(error_of(said), Errc::kDns);
}

TEST_F(StreamLinksTest, GoesOnToTheNextAddressOfAName) {
  listen(counting_server());
  lookup_.addresses.insert(lookup_.addresses.begin(), *net::IpAddress::parse("192.0.2.9"));
  const auto said = publish("{}");
  time_.advance(1s);
  EXPECT_TRUE(*said && **said);
}

TEST_F(StreamLinksTest, AnotherAddressOfTheDestinationGetsAConnectionOfItsOwn) {
  listen(counting_server());
  publish("{}");
  time_.advance(1s);
  address_.path = "3";
  const auto moved = publish("{}");
  time_.advance(1s);
  EXPECT_FALSE(*moved) << "this server does not know how to choose a database";
  EXPECT_EQ(network_.attempts().size(), 2u);
}

TEST_F(StreamLinksTest, SignsInBehindTls) {
  address_.tls = true;
  address_.password = "secret";
  std::vector<std::string> heard;
  listen([&heard](SimulatedPeer& peer) -> Task<void> {
    if (!co_await peer.accept_tls({.names = {"redis.test"}})) co_return;
    for (;;) {
      const auto line = co_await peer.read_line();
      if (!line) co_return;
      heard.push_back(*line);
      if (*line == "secret") peer.write("+OK\r\n");
      if (*line == "XADD") peer.write("$3\r\n1-1\r\n");
    }
  });
  const auto said = publish("{}");
  time_.advance(1s);
  EXPECT_TRUE(*said && **said);
  ASSERT_GT(heard.size(), 2u);
  EXPECT_EQ(heard[2], "AUTH");
}

TEST_F(StreamLinksTest, AStrangersCertificateEndsItBeforeThePasswordIsSaid) {
  address_.tls = true;
  address_.password = "secret";
  bool heard = false;
  listen([&heard](SimulatedPeer& peer) -> Task<void> {
    heard = co_await peer.accept_tls({.names = {"other.test"}});
  });
  const auto said = publish("{}");
  time_.advance(1s);
  EXPECT_EQ(error_of(said), Errc::kTls);
  EXPECT_FALSE(heard);
}

}  // namespace
}  // namespace verihook::destinations
