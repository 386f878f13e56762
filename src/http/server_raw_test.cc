// Raw requests, good, odd and hostile, against a real server: what is answered, and how many
// requests reach the handler. A number larger than expected would be request smuggling.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/server_test_support.h"

namespace verihook::http::testing {
namespace {

using namespace std::string_view_literals;

struct RawCase {
  std::string name;
  std::string bytes;
  std::vector<int> statuses;  // empty: closed without a word
  int handled = 0;
};

const std::string kHost = "Host: example.test\r\n";
const std::string kNext = "GET /next HTTP/1.1\r\n" + kHost + "\r\n";

std::string get(std::string_view target, std::string_view fields = kHost) {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view fields, std::string_view body, std::string_view version = "1.1") {
  return "POST /echo HTTP/" + std::string(version) + "\r\n" + kHost + std::string(fields) + "\r\n" +
         std::string(body);
}
// A chunked body with the given bytes, followed by another request that must not be reached.
std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\n", std::string(body)) + kNext;
}
std::string bytes_of(std::string_view text) { return std::string(text); }

void run(const std::vector<RawCase>& cases) {
  TestServer server;
  for (const RawCase& test : cases) {
    SCOPED_TRACE(test.name);
    const int before = server.handled();
    std::vector<int> statuses;
    for (const RawResponse& response : exchange(server.port(), test.bytes)) {
      statuses.push_back(response.status);
      EXPECT_TRUE(response.complete);
      EXPECT_NE(response.field("Date"), "(none)");
      EXPECT_TRUE(response.field("X-Request-ID").starts_with("req_"));
      if (response.status < 400) continue;
      EXPECT_EQ(response.field("Connection"), "close");
      EXPECT_EQ(response.field("Content-Type"), "application/json");
      EXPECT_TRUE(response.body.starts_with("{\"error\":\"")) << response.body;
      EXPECT_TRUE(response.body.contains("\"request_id\":\"" + response.field("X-Request-ID")));
    }
    EXPECT_EQ(statuses, test.statuses);
    EXPECT_EQ(server.handled() - before, test.handled);
  }
}

TEST(ServerRaw, RefusesTransferEncodingsThatOthersCouldReadDifferently) {
  const auto te = [](std::string name, std::string fields) {
    return RawCase{std::move(name), post(fields, "5\r\nhello\r\n0\r\n\r\n") + kNext, {400}, 0};
  };
  run({
      te("gzip", "Transfer-Encoding: gzip\r\n"),
      te("chunked, gzip", "Transfer-Encoding: chunked, gzip\r\n"),
      te("gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n"),
      te("identity", "Transfer-Encoding: identity\r\n"),
      te("xchunked", "Transfer-Encoding: xchunked\r\n"),
      te("chunkedx", "Transfer-Encoding: chunkedx\r\n"),
      te("empty", "Transfer-Encoding:\r\n"),
      te("chunked twice in a list", "Transfer-Encoding: chunked, chunked\r\n"),
      te("two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      te("two fields, identity first",
         "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
      te("a parameter", "Transfer-Encoding: chunked;a=b\r\n"),
      te("an empty list element", "Transfer-Encoding: , chunked\r\n"),
      te("a comma after", "Transfer-Encoding: chunked,\r\n"),
      te("quoted", "Transfer-Encoding: \"chunked\"\r\n"),
      te("folded", "Transfer-Encoding:\r\n chunked\r\n"),
      te("folded with a tab", "Transfer-Encoding:\r\n\tchunked\r\n"),
      te("space before the colon", "Transfer-Encoding : chunked\r\n"),
      te("vertical tab before chunked",
         "Transfer-Encoding: \x0b"
         "chunked\r\n"),
      te("control character in the name", "Transfer\x01-Encoding: chunked\r\n"),
      te("gzip, then a length", "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"),
      te("a length, then gzip", "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"),
      te("chunked, then a length", "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n"),
      te("a length, then chunked", "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n"),
      {"HTTP/1.0", post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "1.0") + kNext, {400}, 0},
  });
}

TEST(ServerRaw, RefusesContentLengthsThatOthersCouldReadDifferently) {
  const auto length = [](std::string name, std::string fields) {
    return RawCase{std::move(name), post(fields, "hello") + kNext, {400}, 0};
  };
  run({
      length("the same twice", "Content-Length: 5\r\nContent-Length: 5\r\n"),
      length("different twice", "Content-Length: 5\r\nContent-Length: 6\r\n"),
      length("a list", "Content-Length: 5, 5\r\n"),
      length("a list of different", "Content-Length: 5, 6\r\n"),
      length("leading zeros", "Content-Length: 005\r\n"),
      length("plus", "Content-Length: +5\r\n"),
      length("minus", "Content-Length: -1\r\n"),
      length("hexadecimal", "Content-Length: 0x5\r\n"),
      length("fraction", "Content-Length: 5.0\r\n"),
      length("inner space", "Content-Length: 5 5\r\n"),
      length("empty", "Content-Length:\r\n"),
      length("overflow", "Content-Length: 18446744073709551621\r\n"),
      length("13 digits", "Content-Length: 1000000000005\r\n"),
      length("space before the colon", "Content-Length : 5\r\n"),
      length("folded", "Content-Length:\r\n 5\r\n"),
  });
}

TEST(ServerRaw, RefusesMalformedChunksExtensionsAndTrailers) {
  const std::string long_extension = "5;" + std::string(64 * 1024, 'x');
  std::string many_trailers = "0\r\n";
  for (int i = 0; i < 1'000; ++i) many_trailers += "X-T: " + std::string(100, 'y') + "\r\n";
  const auto bad = [](std::string name, std::string_view body) {
    return RawCase{std::move(name), chunked(body), {400}, 1};
  };
  run({
      bad("extension", "5;a=b\r\nhello\r\n0\r\n\r\n"),
      bad("extension without a value", "5;a\r\nhello\r\n0\r\n\r\n"),
      bad("empty extension", "5;\r\nhello\r\n0\r\n\r\n"),
      bad("quoted extension with LF", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"),
      bad("quoted extension with NUL", "5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"sv),
      bad("extension of 64 KB", long_extension + "\r\nhello\r\n0\r\n\r\n"),
      bad("extension on the last chunk", "5\r\nhello\r\n0;a=b\r\n\r\n"),
      bad("trailer", "5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n"),
      bad("trailer Authorization", "0\r\nAuthorization: Bearer x\r\n\r\n"),
      bad("trailer Content-Length", "0\r\nContent-Length: 5\r\n\r\n"),
      bad("trailer with a bare LF", "0\r\nX: a\n\r\n"),
      bad("a thousand trailers", many_trailers + "\r\n"),
      bad("size 0x5", "0x5\r\nhello\r\n0\r\n\r\n"),
      bad("size +5", "+5\r\nhello\r\n0\r\n\r\n"),
      bad("size -5", "-5\r\nhello\r\n0\r\n\r\n"),
      bad("space before the size", " 5\r\nhello\r\n0\r\n\r\n"),
      bad("space after the size", "5 \r\nhello\r\n0\r\n\r\n"),
      bad("underscore in the size", "1_0\r\nhello\r\n0\r\n\r\n"),
      bad("no size", "\r\nhello\r\n0\r\n\r\n"),
      bad("not a size", "hello\r\n0\r\n\r\n"),
      bad("size overflow", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
      bad("size of 17 zeros", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
      bad("data longer than the size", "4\r\nhello\r\n0\r\n\r\n"),
      bad("LF after the size", "5\nhello\r\n0\r\n\r\n"),
      bad("CR after the size", "5\rhello\r\n0\r\n\r\n"),
      bad("LF after the data", "5\r\nhello\n0\r\n\r\n"),
      bad("LF at the end", "5\r\nhello\r\n0\r\n\n"),
      bad("LF after the last size", "5\r\nhello\r\n0\n\r\n"),
  });
}

TEST(ServerRaw, RefusesMalformedLinesAndFields) {
  const std::string head = "GET / HTTP/1.1\r\n";
  run({
      {"LF for CRLF", "GET / HTTP/1.1\nHost: a\n\n", {400}, 0},
      {"LF after one field", head + "Host: a\nX: b\r\n\r\n", {400}, 0},
      {"LF at the end", head + "Host: a\r\n\n", {400}, 0},
      {"CR in a value", head + "Host: a\r\nX: a\rb\r\n\r\n", {400}, 0},
      {"CR CR LF", head + "Host: a\r\r\n\r\n", {400}, 0},
      {"NUL in a value", head + kHost + bytes_of("X: a\0b\r\n\r\n"sv), {400}, 0},
      {"NUL in a name", head + kHost + bytes_of("X\0: a\r\n\r\n"sv), {400}, 0},
      {"NUL in the target", bytes_of("GET /\0 HTTP/1.1\r\n"sv) + kHost + "\r\n", {400}, 0},
      {"control character in a value",
       head + kHost +
           "X: a\x01"
           "b\r\n\r\n",
       {400},
       0},
      {"DEL in a value", head + kHost + "X: a\x7f\r\n\r\n", {400}, 0},
      {"folded line", head + kHost + "X: a\r\n b\r\n\r\n", {400}, 0},
      {"folded line with a tab", head + kHost + "X: a\r\n\tb\r\n\r\n", {400}, 0},
      {"space before the first field", head + " " + kHost + "\r\n", {400}, 0},
      {"space before the colon", head + "Host : a\r\n\r\n", {400}, 0},
      {"no colon", head + kHost + "X\r\n\r\n", {400}, 0},
      {"no name", head + kHost + ": a\r\n\r\n", {400}, 0},
      {"space in a name", head + kHost + "X Y: a\r\n\r\n", {400}, 0},
      {"bracket in a name", head + kHost + "X[0]: a\r\n\r\n", {400}, 0},
      {"two empty lines before", "\r\n\r\n" + kNext, {400}, 0},
      {"space before the method", " GET / HTTP/1.1\r\n" + kHost + "\r\n", {400}, 0},
      {"two spaces after the method", "GET  / HTTP/1.1\r\n" + kHost + "\r\n", {400}, 0},
      {"tab after the method", "GET\t/ HTTP/1.1\r\n" + kHost + "\r\n", {400}, 0},
      {"two spaces before the version", "GET /  HTTP/1.1\r\n" + kHost + "\r\n", {400}, 0},
      {"space after the version", "GET / HTTP/1.1 \r\n" + kHost + "\r\n", {400}, 0},
      {"no version", "GET /\r\n\r\n", {400}, 0},
      {"no version and a trailing space", "GET / \r\n\r\n", {400}, 0},
      {"HTTP/0.9", "GET / HTTP/0.9\r\n" + kHost + "\r\n", {505}, 0},
      {"HTTP/1.2", "GET / HTTP/1.2\r\n" + kHost + "\r\n", {505}, 0},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}, 0},
      {"HTTP/1.10", "GET / HTTP/1.10\r\n" + kHost + "\r\n", {400}, 0},
      {"http/1.1", "GET / http/1.1\r\n" + kHost + "\r\n", {400}, 0},
      {"HTTP/1,1", "GET / HTTP/1,1\r\n" + kHost + "\r\n", {400}, 0},
      {"a TLS handshake", bytes_of("\x16\x03\x01\x00\x05hello"sv), {400}, 0},
      {"end inside the request line", "GET / HT", {}, 0},
      {"end inside a field", head + "Host: a", {}, 0},
      {"nothing", "", {}, 0},
  });
}

TEST(ServerRaw, RefusesDoubtfulHostsAndTargets) {
  const auto host = [](std::string name, std::string fields) {
    return RawCase{std::move(name), get("/", fields) + kNext, {400}, 0};
  };
  const auto target = [](std::string name, std::string_view text) {
    return RawCase{std::move(name), get(text) + kNext, {400}, 0};
  };
  run({
      host("no Host", ""),
      host("two Hosts", "Host: a\r\nHost: b\r\n"),
      host("two equal Hosts", "Host: a\r\nHost: a\r\n"),
      host("empty Host", "Host:\r\n"),
      host("user in Host", "Host: a@b\r\n"),
      host("path in Host", "Host: a/b\r\n"),
      host("list in Host", "Host: a, b\r\n"),
      host("space in Host", "Host: a b\r\n"),
      host("port not a number", "Host: a:b\r\n"),
      host("port too large", "Host: a:65536\r\n"),
      host("port empty", "Host: a:\r\n"),
      host("port signed", "Host: a:+80\r\n"),
      host("only a port", "Host: :80\r\n"),
      host("bracket left open", "Host: [::1\r\n"),
      host("bracket with more", "Host: [::1]a\r\n"),
      host("non-ASCII Host", "Host: \xc3\xa4\r\n"),
      target("fragment", "/a#b"),
      target("backslash", "/a\\b"),
      target("no slash", "foo"),
      target("non-ASCII", "/\xc3\xa4"),
      target("star for GET", "*"),
      target("absolute form, other host", "http://other.test/"),
      target("absolute form, other port", "http://example.test:81/"),
      target("absolute form, user", "http://a@example.test/"),
      target("absolute form, other scheme", "ftp://example.test/"),
      target("encoded NUL", "/a%00b"),
      target("encoded slash", "/a%2fb"),
      target("encoded slash, upper case", "/a%2Fb"),
      target("encoded backslash", "/a%5cb"),
      target("encoded line end", "/a%0d%0ab"),
      target("dot segment", "/a/./b"),
      target("dot dot segment", "/a/../b"),
      target("dot dot at the end", "/a/.."),
      target("encoded dot dot", "/a/%2e%2e/b"),
      target("half encoded dot dot", "/a/.%2e/b"),
      target("invalid UTF-8", "/a%ffb"),
      target("overlong UTF-8", "/a%c0%afb"),
      target("escape cut off", "/a%2"),
      target("escape not hexadecimal", "/a%zzb"),
      target("NUL in the query", "/a?b=%00"),
      target("invalid UTF-8 in the query", "/a?b=%ff"),
      {"authority form", "CONNECT example.test:80 HTTP/1.1\r\n" + kHost + "\r\n", {405}, 0},
  });
}

TEST(ServerRaw, RefusesUnknownMethodsExpectationsAndUnwantedBodies) {
  const auto method = [](std::string name, int status) {
    const std::string line = name + " / HTTP/1.1\r\n";
    return RawCase{std::move(name), line + kHost + "\r\n" + kNext, {status}, 0};
  };
  const auto with_body = [](std::string name) {
    const std::string line = name + " / HTTP/1.1\r\n";
    return RawCase{
        std::move(name), line + kHost + "Content-Length: 5\r\n\r\nhello" + kNext, {400}, 0};
  };
  run({
      method("TRACE", 405),
      method("CONNECT", 405),
      method("BREW", 501),
      method("get", 501),
      method("G@T", 400),
      with_body("GET"),
      with_body("HEAD"),
      with_body("DELETE"),
      {"GET with chunks",
       get("/", kHost + "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
       {400},
       0},
      {"other expectation", post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), {417}, 0},
      {"two expectations",
       post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
       {417},
       0},
      {"two Authorizations",
       get("/", kHost + "Authorization: a\r\nAuthorization: b\r\n"),
       {400},
       0},
      {"two Content-Types",
       post("Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 5\r\n", "hello"),
       {400},
       0},
  });
}

TEST(ServerRaw, AnswersWhatIsGood) {
  const std::string many_chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
  run({
      {"GET", get("/"), {200}, 1},
      {"two in a row", get("/") + kNext, {200, 200}, 2},
      {"one empty line before", "\r\n" + kNext, {200}, 1},
      {"an empty line between", get("/") + "\r\n" + kNext, {200, 200}, 2},
      {"body by length", post("Content-Length: 5\r\n", "hello") + kNext, {200, 200}, 2},
      {"a length of zero", post("Content-Length: 0\r\n", "") + kNext, {200, 200}, 2},
      {"no body", post("", "") + kNext, {200, 200}, 2},
      {"chunks", chunked(many_chunks), {200, 200}, 2},
      {"no chunks", chunked("0\r\n\r\n"), {200, 200}, 2},
      {"chunk size with zeros in front", chunked("0005\r\nhello\r\n000\r\n\r\n"), {200, 200}, 2},
      {"chunk size in capitals", chunked("A\r\n0123456789\r\n0\r\n\r\n"), {200, 200}, 2},
      {"Chunked in capitals",
       post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n") + kNext,
       {200, 200},
       2},
      {"GET with a length of zero",
       get("/", kHost + "Content-Length: 0\r\n") + kNext,
       {200, 200},
       2},
      {"space around a value", get("/", "Host:  \t example.test \t\r\n"), {200}, 1},
      {"no space before a value", get("/", "Host:example.test\r\n"), {200}, 1},
      {"empty value", get("/", kHost + "X:\r\n"), {200}, 1},
      {"value past ASCII", get("/", kHost + "X: \xe4\r\n"), {200}, 1},
      {"every token character in a name", get("/", kHost + "!#$%&'*+-.^_`|~1aA: b\r\n"), {200}, 1},
      {"IPv6 Host", get("/", "Host: [::1]:8080\r\n"), {200}, 1},
      {"absolute form", get("http://example.test/a"), {200}, 1},
      {"absolute form, case", get("HTTP://EXAMPLE.test/a"), {200}, 1},
      {"absolute form without a path", get("http://example.test"), {200}, 1},
      {"star", "OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n", {200}, 1},
      {"escapes", get("/a%20b%C3%A4?c=%00d"), {400}, 0},
      {"escapes in UTF-8", get("/a%20b%C3%A4?c=d+e%26&f"), {200}, 1},
      {"dots that are no segment", get("/a/.b/c../..."), {200}, 1},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n" + kNext, {200}, 1},
      {"HTTP/1.0 kept alive",
       "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + kNext,
       {200, 200},
       2},
      {"Connection: close", get("/", kHost + "Connection: close\r\n") + kNext, {200}, 1},
      {"Connection: a list with close",
       get("/", kHost + "Connection: a, close\r\n") + kNext,
       {200},
       1},
      {"Expect in HTTP/1.0",
       post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello", "1.0"),
       {200},
       1},
      {"Expect without a body", get("/", kHost + "Expect: 100-continue\r\n"), {200}, 1},
      {"body cut off", post("Content-Length: 6\r\n", "hello"), {}, 1},
      {"chunks cut off", post("Transfer-Encoding: chunked\r\n", "5\r\nhel"), {}, 1},
  });
}

TEST(ServerRaw, UnderstandsARequestSplitAnywhere) {
  TestServer server;
  const std::string bytes =
      chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") + post("Content-Length: 3\r\n", "end");
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    SCOPED_TRACE(at);
    RawClient client(server.port());
    client.send(bytes.substr(0, at));
    client.send(bytes.substr(at));
    client.half_close();
    const auto responses = parse_responses(client.read_to_end());
    ASSERT_EQ(responses.size(), 3u);
    EXPECT_EQ(responses[0].body, "hello world");
    EXPECT_EQ(responses[1].field("X-Path"), "/next");
    EXPECT_EQ(responses[2].body, "end");
  }
}

TEST(ServerRaw, UnderstandsARequestByteByByte) {
  TestServer server;
  RawClient client(server.port());
  for (const char c : chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")) client.send({&c, 1});
  client.half_close();
  const auto responses = parse_responses(client.read_to_end());
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].body, "hello world");
}

}  // namespace
}  // namespace verihook::http::testing
