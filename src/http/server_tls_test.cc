// The server over TLS: what it speaks, and that a new certificate is taken without a restart.
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/log.h"
#include "http/server_test_support.h"
#include "http/tls_context.h"
#include "tests/support/temp_folder.h"

namespace verihook::http::testing {
namespace {

const std::string kGet = "GET /ignore HTTP/1.1\r\nHost: example.test\r\n\r\n";

// A directory with a certificate and its key, both made here.
class Certificate {
 public:
  explicit Certificate(long serial) { write(serial); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  TlsFiles files() const { return {directory_ / "certificate.pem", directory_ / "key.pem"}; }

  // Replaces both files by new ones, the way certificate tools do: written aside, then renamed.
  void write(long serial) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("example.test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    write_file("key.pem", [&](std::FILE* file) {
      PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    write_file("certificate.pem", [&](std::FILE* file) { PEM_write_X509(file, certificate); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  void write_garbage() {
    write_file("certificate.pem", [](std::FILE* file) { std::fwrite("nonsense", 1, 8, file); });
  }

 private:
  void write_file(const std::string& name, const std::function<void(std::FILE*)>& fill) {
    const auto aside = directory_ / (name + ".new");
    std::FILE* file = std::fopen(aside.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fill(file);
    std::fclose(file);
    std::filesystem::rename(aside, directory_ / name);
  }

  verihook::testing::TempFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
};

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port)
      : socket_(port), context_(SSL_CTX_new(TLS_client_method())) {}
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  SSL_CTX* context() { return context_; }
  bool handshake() {
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_.descriptor());
    return SSL_connect(ssl_) == 1;
  }
  SSL* ssl() { return ssl_; }
  long serial() {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    const long serial = ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
    X509_free(certificate);
    return serial;
  }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  RawResponse read_response() {
    while (true) {
      auto responses = parse_responses(received_);
      if (!responses.empty() && responses[0].complete) {
        received_.clear();
        return responses[0];
      }
      if (!read_more()) return {};
    }
  }
  // How the connection ends, after reading whatever comes.
  int read_to_end() {
    while (read_more()) {
    }
    return last_error_;
  }

 private:
  bool read_more() {
    char buffer[16 * 1024];
    const int got = SSL_read(ssl_, buffer, sizeof buffer);
    if (got <= 0) {
      last_error_ = SSL_get_error(ssl_, got);
      return false;
    }
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  RawClient socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  std::string received_;
  int last_error_ = 0;
};

TEST(ServerTls, ServesRequestsAndKeepsTheConnection) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files());
  TlsClient client(server.port());
  ASSERT_TRUE(client.handshake());
  EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.3");
  ASSERT_TRUE(client.send(kGet));
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.body, "{}");
  EXPECT_EQ(response.field("Strict-Transport-Security"), "max-age=63072000");
  const std::string body(100'000, 'x');
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
  ASSERT_TRUE(client.send(body));
  EXPECT_EQ(client.read_response().body, body);
}

// The proxy's header and the client's first words in one piece, as proxies send them.
TEST(ServerTls, TakesAProxyHeaderBeforeTheHandshake) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files(), {net::Cidr::parse("127.0.0.1/32").value()});
  RawClient socket(server.port());
  std::string waiting("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, in, out);
  SSL_set_connect_state(ssl);
  bool done = false;
  for (int step = 0; step < 20 && !done; ++step) {
    done = SSL_do_handshake(ssl) == 1;
    std::array<char, 4096> buffer;
    for (int count; (count = BIO_read(out, buffer.data(), buffer.size())) > 0;) {
      waiting.append(buffer.data(), static_cast<std::size_t>(count));
    }
    ASSERT_TRUE(socket.send(std::exchange(waiting, {})));
    if (done) break;
    const auto received = ::recv(socket.descriptor(), buffer.data(), buffer.size(), 0);
    ASSERT_GT(received, 0);
    BIO_write(in, buffer.data(), static_cast<int>(received));
  }
  EXPECT_TRUE(done);
  SSL_free(ssl);
  SSL_CTX_free(context);
}

TEST(ServerTls, EndsAConnectionWithCloseNotify) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files());
  TlsClient client(server.port());
  ASSERT_TRUE(client.handshake());
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_to_end(), SSL_ERROR_ZERO_RETURN);
}

TEST(ServerTls, LetsAClientThatIsStillSendingReadThe413) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files());
  TlsClient client(server.port());
  ASSERT_TRUE(client.handshake());
  client.send("POST /limit HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  client.send(std::string(500'000, 'x'));
  EXPECT_EQ(client.read_response().status, 413);
}

TEST(ServerTls, RefusesOldVersionsAndWeakCiphers) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files());
  TlsClient old(server.port());
  SSL_CTX_set_security_level(old.context(), 0);
  SSL_CTX_set_min_proto_version(old.context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.context(), TLS1_1_VERSION);
  EXPECT_FALSE(old.handshake());
  TlsClient weak(server.port());
  SSL_CTX_set_max_proto_version(weak.context(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(weak.context(), "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA");
  EXPECT_FALSE(weak.handshake());
  TlsClient good(server.port());
  SSL_CTX_set_max_proto_version(good.context(), TLS1_2_VERSION);
  EXPECT_TRUE(good.handshake());
}

TEST(ServerTls, ChoosesHttp11AndRefusesClientsThatCannotSpeakIt) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files());
  const auto offer = [&](TlsClient& client, std::string_view protocols) {
    SSL_CTX_set_alpn_protos(client.context(),
                            reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    return client.handshake();
  };
  TlsClient both(server.port());
  ASSERT_TRUE(offer(both, "\x02h2\x08http/1.1"));
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(both.ssl(), &chosen, &length);
  EXPECT_EQ(std::string(chosen, chosen + length), "http/1.1");
  TlsClient only_h2(server.port());
  EXPECT_FALSE(offer(only_h2, "\x02h2"));
}

TEST(ServerTls, TellsPlainClientsToUseHttps) {
  const Certificate certificate(1);
  TestServer server({}, certificate.files());
  const auto responses = exchange(server.port(), kGet);
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].status, 400);
  EXPECT_TRUE(responses[0].body.contains("https_required"));
  EXPECT_EQ(server.handled(), 0);
}

TEST(ServerTls, DropsClientsThatDoNotFinishTheHandshake) {
  const Certificate certificate(1);
  TestServer server({.tls_handshake_deadline_ms = Milliseconds{100}}, certificate.files());
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_to_end(), "");
  RawClient halfway(server.port());
  halfway.send("\x16\x03\x01");
  EXPECT_EQ(halfway.read_to_end(), "");
}

TEST(ServerTls, ServesANewCertificateWhenTheFilesChange) {
  Certificate certificate(1);
  TestServer server({}, certificate.files());
  TlsClient before(server.port());
  ASSERT_TRUE(before.handshake());
  EXPECT_EQ(before.serial(), 1);
  certificate.write(2);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (true) {
    TlsClient after(server.port());
    ASSERT_TRUE(after.handshake());
    if (after.serial() == 2) break;
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
  }
  before.send(kGet);
  EXPECT_EQ(before.read_response().status, 200);
}

long serial_of(asio::ssl::context& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.native_handle());
  return ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
}

TEST(ServerTls, LooksAtTheFilesOnceASecond) {
  Certificate certificate(1);
  VirtualClock clock;
  const auto tls = ServerTls::load(certificate.files(), clock);
  ASSERT_TRUE(tls);
  certificate.write(2);
  clock.advance(std::chrono::milliseconds(999));
  EXPECT_EQ(serial_of((*tls)->current()), 1);
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(serial_of((*tls)->current()), 2);
}

TEST(ServerTls, KeepsTheOldCertificateWhileTheNewOneIsBad) {
  Certificate certificate(1);
  VirtualClock clock;
  const auto tls = ServerTls::load(certificate.files(), clock);
  ASSERT_TRUE(tls);
  certificate.write_garbage();
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(serial_of((*tls)->current()), 1);
  std::filesystem::remove(certificate.files().key);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(serial_of((*tls)->current()), 1);
  certificate.write(3);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(serial_of((*tls)->current()), 3);
}

TEST(ServerTls, SaysWhichFileIsBad) {
  Certificate certificate(1);
  const Certificate other(2);
  const SystemClock clock;
  const auto missing = ServerTls::load({"/nonexistent.pem", certificate.files().key}, clock);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kTls);
  EXPECT_TRUE(missing.error().message.contains("/nonexistent.pem"));
  const auto mixed = ServerTls::load({certificate.files().certificate, other.files().key}, clock);
  ASSERT_FALSE(mixed);
  EXPECT_TRUE(mixed.error().message.contains("is not the certificate's"));
}

}  // namespace
}  // namespace verihook::http::testing
