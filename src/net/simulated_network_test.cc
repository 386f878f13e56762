// The simulated twin of RealNetwork is tested here, beside the interface that both keep.
#include "tests/support/simulated_network.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/virtual_time.h"

namespace verihook::net {
namespace {

using namespace std::chrono_literals;
using testing::SimulatedNetwork;
using testing::SimulatedPeer;

class SimulatedNetworkTest : public ::testing::Test {
 protected:
  // A client that reads everything until an error; the result is the text and the error's name.
  Task<void> read_all(Milliseconds limit) {
    const Deadline deadline = Deadline::after(time_.clock(), limit);
    auto stream = co_await network_.connect(server_, {}, deadline);
    if (!stream) {
      seen_ = "connect " + std::string(to_string(stream.error().code));
      co_return;
    }
    for (;;) {
      std::array<char, 64> buffer;
      const auto count = co_await (*stream)->read_some(buffer, deadline);
      if (!count) {
        seen_ += std::string(to_string(count.error().code));
        co_return;
      }
      ++reads_;
      seen_.append(buffer.data(), *count);
    }
  }
  Task<void> start_tls(TlsVerification verification) {
    auto stream = co_await network_.connect(server_, {}, Deadline::never());
    const auto tls =
        co_await (*stream)->start_tls("mx.test", verification, Deadline::after(time_.clock(), 5s));
    seen_ = tls ? "encrypted" : std::string(to_string(tls.error().code));
  }
  std::string run(Task<void> client) {
    seen_.clear();
    asio::co_spawn(io_, std::move(client), asio::detached);
    time_.run(1h);
    return seen_;
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  SimulatedNetwork network_{io_.get_executor(), time_, 7};
  const Endpoint server_ = *Endpoint::parse("192.0.2.1:25");
  std::string seen_;
  int reads_ = 0;
};

Task<void> greet(SimulatedPeer& peer) {
  peer.write("220 hello, whoever you are\r\n");
  co_return;
}

TEST_F(SimulatedNetworkTest, RefusesWhatNobodyRegistered) {
  EXPECT_EQ(run(read_all(10s)), "connect connection_refused");
  EXPECT_EQ(network_.attempts_to(server_), 1u);
}

TEST_F(SimulatedNetworkTest, DeliversAfterItsLatencyThenTheEnd) {
  network_.listen(server_, greet, {.connect_latency = 1s, .latency = 100ms});
  const auto start = time_.clock().monotonic_now();
  EXPECT_EQ(run(read_all(10s)), "220 hello, whoever you are\r\nconnection_lost");
  EXPECT_EQ(time_.clock().monotonic_now() - start, 1300ms);
  EXPECT_EQ(network_.open(), 0u);
}

TEST_F(SimulatedNetworkTest, HangsUntilTheDeadline) {
  network_.listen(server_, greet, {.never_answer = true});
  EXPECT_EQ(run(read_all(10s)), "connect timeout");
  network_.listen(server_,
                  [](SimulatedPeer& peer) -> Task<void> { (void)co_await peer.read_line(); });
  EXPECT_EQ(run(read_all(10s)), "timeout");
}

TEST_F(SimulatedNetworkTest, CutsAfterSoManyBytes) {
  network_.listen(server_, greet, {.reset_after_bytes = 3});
  EXPECT_EQ(run(read_all(10s)), "220connection_lost");
  network_.listen(server_, greet, {.close_after_bytes = 0});
  EXPECT_EQ(run(read_all(10s)), "connection_lost");
}

TEST_F(SimulatedNetworkTest, SplitsReadsTheSameWayForTheSameSeed) {
  network_.listen(server_, greet, {.split_reads = true});
  EXPECT_EQ(run(read_all(10s)), "220 hello, whoever you are\r\nconnection_lost");
  EXPECT_GT(reads_, 1);
  const int first = std::exchange(reads_, 0);
  SimulatedNetwork again(io_.get_executor(), time_, 7);
  again.listen(server_, greet, {.split_reads = true});
  auto read_again = [&]() -> Task<void> {
    auto stream = co_await again.connect(server_, {}, Deadline::never());
    std::array<char, 64> buffer;
    while ((co_await (*stream)->read_some(buffer, Deadline::never()))) ++reads_;
  };
  run(read_again());
  EXPECT_EQ(reads_, first);
}

TEST_F(SimulatedNetworkTest, ScriptsConverse) {
  network_.listen(server_, [](SimulatedPeer& peer) -> Task<void> {
    const auto line = co_await peer.read_line();
    peer.write("#" + std::to_string(peer.number) + " " + *line);
    const auto end = co_await peer.read_line();
    EXPECT_EQ(end.error().code, Errc::kConnectionLost);
  });
  auto talk = [&]() -> Task<void> {
    auto stream = co_await network_.connect(server_, {}, Deadline::never());
    EXPECT_TRUE(co_await (*stream)->write_all("HE", Deadline::never()));
    EXPECT_TRUE(co_await (*stream)->write_all("LO\r\n", Deadline::never()));
    std::array<char, 64> buffer;
    const auto count = co_await (*stream)->read_some(buffer, Deadline::never());
    seen_ = std::string(buffer.data(), *count);
  };
  EXPECT_EQ(run(talk()), "#1 HELO");
  EXPECT_EQ(run(talk()), "#2 HELO");
}

TEST_F(SimulatedNetworkTest, JudgesSimulatedCertificates) {
  testing::SimulatedCertificate certificate{.names = {"other.test"}};
  network_.listen(server_, [&](SimulatedPeer& peer) -> Task<void> {
    const bool good = co_await peer.accept_tls(certificate);
    EXPECT_EQ(peer.server_name(), "mx.test");
    if (good) (void)co_await peer.read_line();
  });
  EXPECT_EQ(run(start_tls(TlsVerification::kOpportunistic)), "encrypted");
  EXPECT_EQ(run(start_tls(TlsVerification::kStrict)), "tls");
  certificate.names = {"mx.test"};
  EXPECT_EQ(run(start_tls(TlsVerification::kStrict)), "encrypted");
  certificate.trusted = false;
  EXPECT_EQ(run(start_tls(TlsVerification::kStrict)), "tls");
}

TEST_F(SimulatedNetworkTest, FailsHandshakesThatGoWrong) {
  network_.listen(server_, [](SimulatedPeer& peer) -> Task<void> {
    peer.write("250 injected\r\n");
    EXPECT_FALSE(co_await peer.accept_tls({.names = {"mx.test"}}));
  });
  EXPECT_EQ(run(start_tls(TlsVerification::kOpportunistic)), "tls");
  network_.listen(server_, [](SimulatedPeer& peer) -> Task<void> { co_await peer.refuse_tls(); });
  EXPECT_EQ(run(start_tls(TlsVerification::kOpportunistic)), "tls");
  network_.listen(server_, [](SimulatedPeer& peer) -> Task<void> {
    while ((co_await peer.read_line())) {
    }
  });
  EXPECT_EQ(run(start_tls(TlsVerification::kOpportunistic)), "timeout");
}

TEST_F(SimulatedNetworkTest, StopsScriptsThatWait) {
  network_.listen(server_, [](SimulatedPeer& peer) -> Task<void> {
    peer.write("hello");
    (void)co_await peer.read_line();
  });
  auto visit = [&]() -> Task<void> {
    auto stream = co_await network_.connect(server_, {}, Deadline::never());
    co_await sleep_for(time_, 1s);
    EXPECT_EQ(network_.open(), 1u);
    co_await network_.stop();
    seen_ = "stopped";
  };
  EXPECT_EQ(run(visit()), "stopped");
  EXPECT_EQ(network_.open_max(), 1u);
}

}  // namespace
}  // namespace verihook::net
