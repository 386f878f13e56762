// Where CurlClient connects to, and whom it believes: address filter, pinning and TLS.
#include "tests/support/curl_client_fixture.h"

namespace verihook::http {
namespace {

using namespace std::chrono_literals;

void answer_all(testing::ServerConnection& c) {
  while (!c.read_request().empty()) c.send(ok_response("x"));
}

class ClosedFilterTest : public CurlClientTest {
 protected:
  Result<ClientResponse> send_strictly(ClientRequest request) {
    return testing::run_task(io_, strict_client_.send(std::move(request)));
  }

  const net::AddressFilter closed_;
  CurlClient strict_client_{io_.get_executor(), timers_, lookup_, closed_, roots_};
};

TEST_F(ClosedFilterTest, NeverConnectsToForbiddenAddresses) {
  Server v4(answer_all);
  Server v6(answer_all, nullptr, true);
  lookup_.set("loop.test", {{"127.0.0.1"}});
  lookup_.set("loop6.test", {{"::1"}});
  lookup_.set("mixed.test", {{"8.8.8.8", "127.0.0.1"}});
  lookup_.set("mixed6.test", {{"2606:4700:4700::1111", "::1"}});
  lookup_.set("mapped.test", {{"::ffff:127.0.0.1"}});
  for (const std::string host :
       {"loop.test", "loop6.test", "mixed.test", "mixed6.test", "mapped.test", "127.0.0.1",
        "127.0.0.2", "0.0.0.0", "[::1]", "[::]"}) {
    for (const Server* server : {&v4, &v6}) {
      const auto response =
          send_strictly(request("http://" + host + ":" + std::to_string(server->port()) + "/"));
      ASSERT_FALSE(response) << host;
      EXPECT_EQ(response.error().code, Errc::kForbiddenAddress) << host;
      EXPECT_FALSE(response.error().message.contains("127.")) << host;
    }
  }
  EXPECT_EQ(v4.connections() + v6.connections(), 0u);
}

TEST_F(CurlClientTest, JudgesEveryAnswerOfARebindingName) {
  Server open(answer_all);
  Server hidden([](Connection& c) { answer_all(c); });
  const net::AddressFilter only_two({*net::Cidr::parse("127.0.0.2")});
  CurlClient client(io_.get_executor(), timers_, lookup_, only_two, roots_);
  // First an allowed address (where nobody listens), then the one that is not.
  lookup_.set("rebind.test", {{"127.0.0.2"}, {"127.0.0.1"}});
  const auto post = request("http://rebind.test:" + std::to_string(hidden.port()) + "/");
  const auto first = testing::run_task(io_, client.send(post));
  EXPECT_EQ(first.error().code, Errc::kConnectionRefused);
  const auto second = testing::run_task(io_, client.send(post));
  EXPECT_EQ(second.error().code, Errc::kForbiddenAddress);
  EXPECT_EQ(hidden.connections(), 0u);
}

TEST_F(CurlClientTest, DoesNotUseAKeptConnectionToAnotherAddress) {
  Server server(answer_all);
  lookup_.set("moves.test", {{"127.0.0.1"}, {"127.0.0.3"}, {"127.0.0.1"}});
  const auto post = request("http://moves.test:" + std::to_string(server.port()) + "/");
  EXPECT_TRUE(send(post));
  // The name moved to where nobody listens; the old connection must not serve it.
  EXPECT_EQ(send_error(post), Errc::kConnectionRefused);
  EXPECT_TRUE(send(post));
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(lookup_.lookups(), 3u);
}

TEST_F(CurlClientTest, DoesNotShareConnectionsBetweenHostNames) {
  Server server(answer_all);
  lookup_.set("other.test", {{"127.0.0.1"}});
  const std::string port = std::to_string(server.port());
  EXPECT_TRUE(send(request("http://hook.test:" + port + "/")));
  EXPECT_TRUE(send(request("http://other.test:" + port + "/")));
  EXPECT_TRUE(send(request("http://127.0.0.1:" + port + "/")));
  EXPECT_EQ(server.connections(), 3u);
}

TEST_F(CurlClientTest, TriesTheNextAddressWhenOneDoesNotAnswer) {
  Server server(answer_all);
  lookup_.set("two.test", {{"127.0.0.9", "::1", "127.0.0.1"}});
  const auto response = send(request("http://two.test:" + std::to_string(server.port()) + "/"));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->remote_ip, "127.0.0.1");
}

TEST_F(CurlClientTest, TalksOverIpv6) {
  Server server(answer_all, nullptr, true);
  lookup_.set("six.test", {{"::1"}});
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(send(request("http://[::1]:" + port + "/"))->remote_ip, "::1");
  EXPECT_EQ(send(request("http://six.test:" + port + "/"))->remote_ip, "::1");
}

TEST_F(CurlClientTest, SaysWhenANameHasNoAddressOrCannotBeLookedUp) {
  lookup_.set("none.test", {{}});
  EXPECT_EQ(send_error(request("https://none.test/")), Errc::kDns);
  EXPECT_EQ(send_error(request("https://unknown.test/")), Errc::kDns);
}

TEST_F(CurlClientTest, JudgesCertificates) {
  struct Row {
    const char* what;
    testing::CertificateWish wish;
    const char* host;
    bool accepted;
  };
  const Row rows[] = {
      {"good", {.names = {"DNS:hook.test"}}, "hook.test", true},
      {"wild card", {.names = {"DNS:*.hook.test"}}, "a.hook.test", true},
      {"address", {.names = {"IP:127.0.0.1"}}, "127.0.0.1", true},
      {"wrong host", {.names = {"DNS:other.test"}}, "hook.test", false},
      {"wild card over two labels", {.names = {"DNS:*.test"}}, "a.hook.test", false},
      {"address as a name", {.names = {"DNS:127.0.0.1"}}, "127.0.0.1", false},
      {"wrong address", {.names = {"IP:127.0.0.2"}}, "127.0.0.1", false},
      {"common name only", {.names = {}, .common_name = "hook.test"}, "hook.test", false},
      {"expired", {.names = {"DNS:hook.test"}, .ends_in_s = -60}, "hook.test", false},
      {"not yet valid", {.names = {"DNS:hook.test"}, .starts_in_s = 3600}, "hook.test", false},
      {"self-signed", {.names = {"DNS:hook.test"}, .self_signed = true}, "hook.test", false},
  };
  lookup_.set("a.hook.test", {{"127.0.0.1"}});
  for (const Row& row : rows) {
    Server server(answer_all, authority_.issue(row.wish).server_context());
    const auto response = send(
        request(std::string("https://") + row.host + ":" + std::to_string(server.port()) + "/"));
    EXPECT_EQ(response.has_value(), row.accepted)
        << row.what << ": " << (response ? "" : response.error().message);
    if (response) {
      EXPECT_GT(response->timing.tls_ms, 0) << row.what;
    } else {
      EXPECT_EQ(response.error().code, Errc::kTls) << row.what;
    }
  }
}

TEST_F(CurlClientTest, TrustsOnlyTheRootsItWasGiven) {
  const testing::TestAuthority stranger;
  Server unknown(answer_all, stranger.issue({.names = {"DNS:hook.test"}}).server_context());
  const auto post = request("https://hook.test:" + std::to_string(unknown.port()) + "/");
  EXPECT_EQ(send_error(post), Errc::kTls);
  const auto with_stranger = net::TrustStore::load(stranger.root().write_pem("stranger.pem"));
  CurlClient client(io_.get_executor(), timers_, lookup_, filter_, *with_stranger);
  EXPECT_TRUE(testing::run_task(io_, client.send(post)));
}

TEST_F(CurlClientTest, AcceptsASelfSignedCertificateThatTheOperatorTrusts) {
  const auto leaf = authority_.issue({.names = {"DNS:hook.test"}, .self_signed = true});
  Server server(answer_all, leaf.server_context());
  const auto roots = net::TrustStore::load(leaf.write_pem("self_signed.pem"));
  CurlClient client(io_.get_executor(), timers_, lookup_, filter_, *roots);
  const auto post = request("https://hook.test:" + std::to_string(server.port()) + "/");
  EXPECT_TRUE(testing::run_task(io_, client.send(post)));
}

TEST_F(CurlClientTest, RefusesOldTlsAndNoTls) {
  const auto context = authority_.issue({.names = {"DNS:hook.test"}}).server_context();
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  Server old(answer_all, context);
  EXPECT_EQ(send_error(request("https://hook.test:" + std::to_string(old.port()) + "/")),
            Errc::kTls);
  Server plain([](Connection& c) { c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  EXPECT_EQ(send_error(request("https://hook.test:" + std::to_string(plain.port()) + "/")),
            Errc::kTls);
}

TEST_F(CurlClientTest, AHandshakeThatNeverAnswersEnds) {
  Server server([](Connection& c) { c.wait_for_close(); });
  auto post = request("https://hook.test:" + std::to_string(server.port()) + "/");
  post.connect_timeout_ms = 100ms;
  EXPECT_EQ(send_error(post), Errc::kTimeout);
}

TEST_F(CurlClientTest, ShowsItsCertificateToWhoeverAsksAndOnlyWithThatRequest) {
  const auto context = authority_.issue({.names = {"DNS:hook.test"}}).server_context();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority_.root().certificate.get());
  Server server(answer_all, context);
  const std::string url = "https://hook.test:" + std::to_string(server.port()) + "/";
  const auto ours = authority_.issue({.names = {"DNS:us.test"}});
  auto named = request(url);
  named.client_certificate = ours.pem();
  named.client_key = ours.key_pem();
  EXPECT_FALSE(send(request(url)));
  for (int i = 0; i < 2; ++i) {
    const auto response = send(named);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200u);
  }
  // The kept connection is another's.
  EXPECT_FALSE(send(request(url)));
  const auto stranger = testing::TestAuthority().issue({.names = {"DNS:us.test"}});
  named.client_certificate = stranger.pem();
  named.client_key = stranger.key_pem();
  EXPECT_FALSE(send(named));
}

}  // namespace
}  // namespace verihook::http
