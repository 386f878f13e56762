// http::Url::parse on any text. Checked:
// - what is accepted is written in a form that is read as the same and written as itself;
// - host, port and target have no character that could mean something else further on;
// - libcurl, which will do the dialling, reads the same scheme, host, port, path and query, and no
//   user name: what was judged is what is connected to.
#include <algorithm>
#include <memory>

#include <curl/curl.h>

#include "http/url.h"
#include "tests/fuzz/fuzz.h"

namespace verihook::fuzz {
namespace {

struct CloseUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

class CurlUrl {
 public:
  explicit CurlUrl(const std::string& text) : url_(curl_url()) {
    constexpr unsigned kFlags = CURLU_PATH_AS_IS | CURLU_DISALLOW_USER;
    good_ = curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), kFlags) == CURLUE_OK;
  }
  bool good() const { return good_; }
  std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(url_.get(), which, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, FreeText> owner(text);
    return text;
  }

 private:
  std::unique_ptr<CURLU, CloseUrl> url_;
  bool good_ = false;
};

void check_parts(const http::Url& url) {
  check(!url.host.empty() && std::ranges::all_of(url.host,
                                                 [](char c) {
                                                   return is_digit(c) || (c >= 'a' && c <= 'z') ||
                                                          c == '-' || c == '.' || c == ':';
                                                 }),
        "a host is lower case and plain", url.host);
  check(url.host.contains(':') == (url.literal && url.literal->v6),
        "only an IPv6 address has colons", url.host);
  check(!url.literal || url.literal->to_string() == url.host, "a literal has one spelling",
        url.host);
  check(url.port != 0, "a port is not 0", url.host);
  check(url.target.starts_with('/') &&
            std::ranges::all_of(
                url.target, [](char c) { return c > ' ' && c < 0x7f && c != '#' && c != '\\'; }),
        "a target is printable ASCII that begins with /", url.target);
}

void check_against_curl(const http::Url& url) {
  const std::string text = url.to_string();
  const CurlUrl other(text);
  check(other.good(), "libcurl accepts the URL", text);
  check_equal(other.part(CURLUPART_SCHEME), url.https ? "https" : "http", "the scheme is one");
  const bool v6 = url.literal && url.literal->v6;
  check_equal(other.part(CURLUPART_HOST), v6 ? "[" + url.host + "]" : url.host, "the host is one");
  check_equal(other.part(CURLUPART_PORT, CURLU_DEFAULT_PORT), std::to_string(url.port),
              "the port is one");
  const std::size_t question = url.target.find('?');
  check_equal(other.part(CURLUPART_PATH), url.target.substr(0, question), "the path is one");
  if (question != std::string::npos) {
    check_equal(other.part(CURLUPART_QUERY), url.target.substr(question + 1), "the query is one");
  }
  check_equal(other.part(CURLUPART_USER), "", "there is no user name");
}

}  // namespace

void run_one(std::string_view input) {
  const auto url = http::Url::parse(input);
  if (!url) {
    check_sentence(url.error().message);
    return;
  }
  check_parts(*url);
  const std::string written = url->to_string();
  const auto again = http::Url::parse(written);
  check(again && again->host == url->host && again->port == url->port &&
            again->target == url->target && again->https == url->https &&
            again->literal == url->literal,
        "what is written is read as the same", written);
  check_equal(again->to_string(), written, "what is written is written as itself");
  check_against_curl(*url);
}

}  // namespace verihook::fuzz
