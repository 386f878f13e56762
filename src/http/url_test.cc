#include "http/url.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

TEST(Url, ReadsWhatMayBeCalled) {
  struct Row {
    std::string_view text;
    std::string_view canonical;
    std::string_view host;
    std::uint16_t port;
    std::string_view target;
    bool literal;
  };
  const Row rows[] = {
      {"https://example.com", "https://example.com/", "example.com", 443, "/", false},
      {"https://example.com/", "https://example.com/", "example.com", 443, "/", false},
      {"HTTPS://EXAMPLE.Com/Path", "https://example.com/Path", "example.com", 443, "/Path", false},
      {"http://example.com", "http://example.com/", "example.com", 80, "/", false},
      {"http://example.com:443/", "http://example.com:443/", "example.com", 443, "/", false},
      {"https://example.com:443/", "https://example.com/", "example.com", 443, "/", false},
      {"https://example.com:8443/hook?a=1&b=%2F", "https://example.com:8443/hook?a=1&b=%2F",
       "example.com", 8443, "/hook?a=1&b=%2F", false},
      {"https://example.com?x=1", "https://example.com/?x=1", "example.com", 443, "/?x=1", false},
      {"https://a.b/?u=https://c.d/@e", "https://a.b/?u=https://c.d/@e", "a.b", 443,
       "/?u=https://c.d/@e", false},
      {"https://a.b/x/../y;p=1/~z", "https://a.b/x/../y;p=1/~z", "a.b", 443, "/x/../y;p=1/~z",
       false},
      {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/", "xn--bcher-kva.example",
       443, "/", false},
      {"https://localhost:65535/", "https://localhost:65535/", "localhost", 65535, "/", false},
      {"https://3com.example/", "https://3com.example/", "3com.example", 443, "/", false},
      {"https://0x7f.example/", "https://0x7f.example/", "0x7f.example", 443, "/", false},
      {"https://192.0.2.1/", "https://192.0.2.1/", "192.0.2.1", 443, "/", true},
      {"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", "127.0.0.1", 8080, "/x", true},
      {"https://[2001:DB8::1]/", "https://[2001:db8::1]/", "2001:db8::1", 443, "/", true},
      {"https://[2001:db8:0:0:0:0:0:1]:8443/", "https://[2001:db8::1]:8443/", "2001:db8::1", 8443,
       "/", true},
  };
  for (const Row& row : rows) {
    const auto url = Url::parse(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().message;
    EXPECT_EQ(url->to_string(), row.canonical);
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->target, row.target);
    EXPECT_EQ(url->literal.has_value(), row.literal) << row.text;
  }
}

using namespace std::string_view_literals;

constexpr std::string_view kRefused[] = {
    // No URL, or another scheme.
    "",
    " ",
    "example.com",
    "//example.com/",
    "/path",
    "https:/example.com",
    "https:example.com",
    "https://",
    "https:///path",
    "https://?x",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "httpss://example.com/",
    "ws://example.com/",
    "https ://example.com/",
    // User information, fragments, white space, control characters, backslashes, other alphabets.
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:80@127.0.0.1/",
    "https://example.com#@127.0.0.1/",
    "https://example.com/#x",
    "https://example.com/a b",
    " https://example.com/",
    "https://example.com/ ",
    "https://exam\tple.com/",
    "https://example.com/\r\nX: y",
    "https://example.com/\0"sv,
    "https://example.com/\x7f",
    "https://example.com\\@127.0.0.1/",
    "https:\\\\example.com\\",
    "https://example.com/a\\b",
    "https://b\xc3\xbc"
    "cher.example/",
    "https://example.com/\xc3\xbc",
    "https://\xe2\x91\xa0"
    "27.0.0.1/",
    "https://example\xe3\x80\x82"
    "com/",
    // Hosts that are neither a plain name nor a canonical address.
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://0x7f000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0x/",
    "https://00.00.00.00/",
    "https://127.0.0.01/",
    "https://127.0.0.0x1/",
    "https://1.2.3.4.5/",
    "https://256.1.1.1/",
    "https://example.1/",
    "https://017700000001/",
    "https://127.0.0.1./",
    "https://127%2e0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://example.com./",
    "https://example..com/",
    "https://.example.com/",
    "https://./",
    "https://-a.example/",
    "https://a-.example/",
    "https://a_b.example/",
    "https://a*b.example/",
    "https://exa$mple.com/",
    "https://a,b/",
    // Brackets.
    "https://[::1",
    "https://::1/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[::7f00:1]/",
    "https://[127.0.0.1]/",
    "https://[]/",
    "https://[::1]x/",
    "https://[::1]:/",
    "https://[v1.x]/",
    "https://[[::1]]/",
    "https://a[::1]/",
    // Ports.
    "https://example.com:/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:99999999999999999999/",
    "https://example.com:+443/",
    "https://example.com:-1/",
    "https://example.com:0443/",
    "https://example.com:44 3/",
    "https://example.com:443:443/",
    "https://example.com:http/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:6379/",
    "https://example.com:5432/",
    // Paths and queries.
    "https://example.com/%",
    "https://example.com/%2",
    "https://example.com/%zz",
    "https://example.com/<x>",
    "https://example.com/\"",
    "https://example.com/{id}",
    "https://example.com/a|b",
    "https://example.com/^",
    "https://example.com/`",
    "https://example.com/[x]",
};

TEST(Url, RefusesEverythingElse) {
  EXPECT_GE(std::size(kRefused), 100u);
  for (const auto text : kRefused) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text << " was read as " << url->to_string();
    EXPECT_EQ(url.error().code, Errc::kInvalidArgument);
    EXPECT_GT(url.error().message.size(), 10u);
  }
}

TEST(Url, KeepsItsLimits) {
  const std::string start = "https://example.com/";
  EXPECT_TRUE(Url::parse(start + std::string(kUrlBytesMax - start.size(), 'a')));
  EXPECT_FALSE(Url::parse(start + std::string(kUrlBytesMax - start.size() + 1, 'a')));
  const std::string label(63, 'a');
  EXPECT_TRUE(Url::parse("https://" + label + ".example/"));
  EXPECT_FALSE(Url::parse("https://a" + label + ".example/"));
  const std::string three = label + "." + label + "." + label + ".";
  EXPECT_TRUE(Url::parse("https://" + three + std::string(61, 'b')));
  EXPECT_FALSE(Url::parse("https://" + three + std::string(62, 'b')));
}

TEST(Url, TellsHowToWriteInternationalNames) {
  const auto url = Url::parse(
      "https://b\xc3\xbc"
      "cher.example/");
  EXPECT_NE(url.error().message.find("xn--"), std::string::npos);
}

}  // namespace
}  // namespace verihook::http
