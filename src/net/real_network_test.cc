#include "net/real_network.h"

#include <chrono>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"
#include "tests/support/test_certificates.h"

namespace verihook::net {
namespace {

using namespace std::chrono_literals;
using testing::run_task;
using testing::ScriptedServer;
using testing::ServerConnection;

class RealNetworkTest : public ::testing::Test {
 protected:
  static TrustStore trust(const std::string& file) { return TrustStore::load(file).value(); }

  Deadline soon(Milliseconds delay = 10s) const { return Deadline::after(clock_, delay); }

  Result<std::unique_ptr<Stream>> connect(Endpoint target, ConnectOptions options = {}) {
    return run_task(io_, network_.connect(target, options, soon()));
  }
  Result<std::string> read(Stream& stream, Milliseconds delay = 10s) {
    std::string buffer(4096, '\0');
    const auto count = run_task(io_, stream.read_some(buffer, soon(delay)));
    if (!count) return std::unexpected(count.error());
    buffer.resize(*count);
    return buffer;
  }
  Errc read_error(Stream& stream, Milliseconds delay = 10s) {
    const auto text = read(stream, delay);
    return text ? Errc::kInternal : text.error().code;
  }
  Result<void> start_tls(Stream& stream, std::string name, TlsVerification verification) {
    return run_task(io_, stream.start_tls(std::move(name), verification, soon()));
  }

  asio::io_context io_{1};
  SystemClock clock_;
  RealTimers timers_{clock_};
  testing::TestAuthority authority_;
  AddressFilter filter_{{*Cidr::parse("127.0.0.0/8"), *Cidr::parse("::1")}};
  RealNetwork network_{io_.get_executor(), timers_, filter_,
                       trust(authority_.root().write_pem("net_root.pem"))};
};

TEST_F(RealNetworkTest, TalksOverTcp) {
  for (const bool v6 : {false, true}) {
    ScriptedServer server([](ServerConnection& c) { c.send("you said " + c.read_until("\n")); },
                          nullptr, v6);
    auto stream = connect(server.endpoint());
    ASSERT_TRUE(stream) << stream.error().message;
    EXPECT_EQ((*stream)->peer(), server.endpoint());
    EXPECT_TRUE(run_task(io_, (*stream)->write_all("hello\n", soon())));
    EXPECT_EQ(read(**stream), "you said hello\n");
    EXPECT_EQ(read_error(**stream), Errc::kConnectionLost);
  }
}

TEST_F(RealNetworkTest, RefusesFilteredTargetsWithoutConnecting) {
  ScriptedServer server([](ServerConnection&) {});
  const AddressFilter closed;
  RealNetwork network(io_.get_executor(), timers_, closed, trust(""));
  const auto stream = run_task(io_, network.connect(server.endpoint(), {}, soon()));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Errc::kForbiddenAddress);
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(RealNetworkTest, SaysThatNobodyListens) {
  Endpoint gone;
  {
    ScriptedServer server([](ServerConnection&) {});
    gone = server.endpoint();
  }
  EXPECT_EQ(connect(gone).error().code, Errc::kConnectionRefused);
}

TEST_F(RealNetworkTest, BindsTheSourceAddress) {
  ScriptedServer server([](ServerConnection& c) { c.wait_for_close(); });
  EXPECT_TRUE(connect(server.endpoint(), {.source = *IpAddress::parse("127.0.0.2")}));
  EXPECT_EQ(connect(server.endpoint(), {.source = *IpAddress::parse("192.0.2.1")}).error().code,
            Errc::kUnreachable);
  EXPECT_EQ(connect(server.endpoint(), {.source = *IpAddress::parse("::1")}).error().code,
            Errc::kUnreachable);
}

TEST_F(RealNetworkTest, AReadGoesOnAfterItsTimeout) {
  ScriptedServer server([](ServerConnection& c) {
    c.read_until("go\n");
    c.send("here\n");
    c.wait_for_close();
  });
  auto stream = connect(server.endpoint());
  ASSERT_TRUE(stream);
  EXPECT_EQ(read_error(**stream, 20ms), Errc::kTimeout);
  EXPECT_EQ(read_error(**stream, 0ms), Errc::kTimeout);
  ASSERT_TRUE(run_task(io_, (*stream)->write_all("go\n", soon())));
  EXPECT_EQ(read(**stream), "here\n");
}

TEST_F(RealNetworkTest, AWriteToAPeerThatNeverReadsEnds) {
  ScriptedServer deaf([](ServerConnection& c) {
    while (c.send("x")) c.pause(5ms);
  });
  auto stream = connect(deaf.endpoint());
  ASSERT_TRUE(stream);
  const std::string much(64 * 1024 * 1024, 'x');
  const auto written = run_task(io_, (*stream)->write_all(much, soon(200ms)));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::kTimeout);
}

TEST_F(RealNetworkTest, ACancelledReadSaysSo) {
  ScriptedServer server([](ServerConnection& c) { c.wait_for_close(); });
  auto stream = connect(server.endpoint());
  ASSERT_TRUE(stream);
  asio::cancellation_signal signal;
  std::optional<Errc> code;
  char byte = 0;
  const auto body = [&]() -> Task<void> {
    const auto count = co_await (*stream)->read_some({&byte, 1}, Deadline::never());
    if (!count) code = count.error().code;
  };
  asio::co_spawn(io_, body(),
                 asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
  io_.restart();
  io_.poll();
  signal.emit(asio::cancellation_type::terminal);
  io_.run();
  EXPECT_EQ(code, Errc::kCancelled);
}

TEST_F(RealNetworkTest, SpeaksTlsAfterPlainText) {
  const auto leaf = authority_.issue({.names = {"DNS:mx.example.test"}});
  const auto context = leaf.server_context();
  ScriptedServer server([&](ServerConnection& c) {
    c.send("plain\n");
    c.read_until("STARTTLS\n");
    c.send("go on\n");
    if (c.accept_tls(context.get())) c.send("secret " + c.read_until("\n"));
  });
  auto stream = connect(server.endpoint());
  ASSERT_TRUE(stream);
  EXPECT_EQ(read(**stream), "plain\n");
  ASSERT_TRUE(run_task(io_, (*stream)->write_all("STARTTLS\n", soon())));
  EXPECT_EQ(read(**stream), "go on\n");
  const auto tls = start_tls(**stream, "mx.example.test", TlsVerification::kStrict);
  ASSERT_TRUE(tls) << tls.error().message;
  EXPECT_EQ(read_error(**stream, 20ms), Errc::kTimeout);
  ASSERT_TRUE(run_task(io_, (*stream)->write_all("word\n", soon())));
  EXPECT_EQ(read(**stream), "secret word\n");
  EXPECT_EQ(read_error(**stream), Errc::kConnectionLost);
}

TEST_F(RealNetworkTest, SendsMoreOverTlsThanTheConnectionHolds) {
  const auto context = authority_.issue({.names = {"DNS:a.test"}}).server_context();
  constexpr std::size_t kBytes = 24 << 20;
  ScriptedServer server(
      [](ServerConnection& c) {
        const std::string received = c.read_bytes(kBytes);
        const bool whole = received == std::string(kBytes, 'v');
        c.send(whole ? "whole" : "broken");
      },
      context);
  auto stream = connect(server.endpoint());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(start_tls(**stream, "a.test", TlsVerification::kStrict));
  const std::string much(kBytes, 'v');
  ASSERT_TRUE(run_task(io_, (*stream)->write_all(much, soon(30s))));
  EXPECT_EQ(read(**stream), "whole");
}

TEST_F(RealNetworkTest, WhoVanishesDuringTlsIsALostConnection) {
  const auto context = authority_.issue({.names = {"DNS:a.test"}}).server_context();
  // Its descriptor is closed without a word of TLS.
  ScriptedServer server([](ServerConnection& c) { c.read_until("go"); }, context);
  auto reader = connect(server.endpoint());
  ASSERT_TRUE(reader);
  ASSERT_TRUE(start_tls(**reader, "a.test", TlsVerification::kStrict));
  ASSERT_TRUE(run_task(io_, (*reader)->write_all("go", soon())));
  EXPECT_EQ(read_error(**reader), Errc::kConnectionLost);

  auto writer = connect(server.endpoint());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(start_tls(**writer, "a.test", TlsVerification::kStrict));
  const std::string much(1 << 20, 'v');
  Result<void> written = run_task(io_, (*writer)->write_all("go", soon()));
  while (written) written = run_task(io_, (*writer)->write_all(much, soon(30s)));
  EXPECT_EQ(written.error().code, Errc::kConnectionLost);
}

TEST_F(RealNetworkTest, JudgesCertificatesOnlyWhenStrict) {
  struct Row {
    const char* what;
    testing::CertificateWish wish;
    const char* server_name;
    bool strict_accepts;
  };
  const Row rows[] = {
      {"good", {.names = {"DNS:mx.example.test"}}, "mx.example.test", true},
      {"wild card", {.names = {"DNS:*.example.test"}}, "mx.example.test", true},
      {"address", {.names = {"IP:127.0.0.1"}}, "127.0.0.1", true},
      {"wrong host", {.names = {"DNS:other.test"}}, "mx.example.test", false},
      {"partial wild card", {.names = {"DNS:m*.example.test"}}, "mx.example.test", false},
      {"wrong address", {.names = {"IP:127.0.0.2"}}, "127.0.0.1", false},
      {"no name", {.names = {}}, "Test leaf", false},
      {"expired", {.names = {"DNS:a.test"}, .ends_in_s = -60}, "a.test", false},
      {"not yet", {.names = {"DNS:a.test"}, .starts_in_s = 3600}, "a.test", false},
      {"self-signed", {.names = {"DNS:a.test"}, .self_signed = true}, "a.test", false},
  };
  for (const Row& row : rows) {
    const auto context = authority_.issue(row.wish).server_context();
    ScriptedServer server([](ServerConnection& c) { c.wait_for_close(); }, context);
    auto strict = connect(server.endpoint());
    ASSERT_TRUE(strict);
    const auto verdict = start_tls(**strict, row.server_name, TlsVerification::kStrict);
    EXPECT_EQ(verdict.has_value(), row.strict_accepts) << row.what;
    if (!verdict) EXPECT_EQ(verdict.error().code, Errc::kTls) << row.what;
    auto lenient = connect(server.endpoint());
    ASSERT_TRUE(lenient);
    EXPECT_TRUE(start_tls(**lenient, row.server_name, TlsVerification::kOpportunistic)) << row.what;
  }
}

TEST_F(RealNetworkTest, StrictTlsRefusesOldVersions) {
  const auto context = authority_.issue({.names = {"DNS:a.test"}}).server_context();
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  ScriptedServer server([](ServerConnection& c) { c.wait_for_close(); }, context);
  auto strict = connect(server.endpoint());
  ASSERT_TRUE(strict);
  EXPECT_EQ(start_tls(**strict, "a.test", TlsVerification::kStrict).error().code, Errc::kTls);
  auto lenient = connect(server.endpoint());
  ASSERT_TRUE(lenient);
  EXPECT_TRUE(start_tls(**lenient, "a.test", TlsVerification::kOpportunistic));
}

TEST_F(RealNetworkTest, AHandshakeThatNeverAnswersEnds) {
  ScriptedServer server([](ServerConnection& c) { c.wait_for_close(); });
  auto stream = connect(server.endpoint());
  ASSERT_TRUE(stream);
  const auto tls =
      run_task(io_, (*stream)->start_tls("a.test", TlsVerification::kOpportunistic, soon(30ms)));
  EXPECT_EQ(tls.error().code, Errc::kTimeout);
}

TEST(TrustStore, RefusesAFileThatHoldsNoCertificates) {
  EXPECT_EQ(TrustStore::load("/nonexistent.pem").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(TrustStore::load("/dev/null").error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(TrustStore::load(""));
}

}  // namespace
}  // namespace verihook::net
