#include "http/client_curl_exchange.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/text.h"

namespace verihook::http {
namespace {

// Headers that say how the message is framed or where it goes: ours to set, or nobody's.
constexpr std::string_view kReservedHeaders[] = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "upgrade",
    "te",
    "trailer",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
};

struct Failure {
  CURLcode code;
  Errc errc;
  // What a tenant may read: nothing about addresses or what answered there.
  const char* sentence;
};

constexpr Failure kFailures[] = {
    {CURLE_COULDNT_CONNECT, Errc::kUnreachable, "the endpoint cannot be reached"},
    {CURLE_OPERATION_TIMEDOUT, Errc::kTimeout, "the endpoint did not answer in time"},
    {CURLE_GOT_NOTHING, Errc::kConnectionLost, "the endpoint closed the connection unanswered"},
    {CURLE_RECV_ERROR, Errc::kConnectionLost, "the connection was lost before the response ended"},
    {CURLE_SEND_ERROR, Errc::kConnectionLost, "the connection was lost while sending"},
    {CURLE_PARTIAL_FILE, Errc::kConnectionLost, "the endpoint closed before the response ended"},
    {CURLE_SSL_CONNECT_ERROR, Errc::kTls, "the TLS handshake with the endpoint failed"},
    {CURLE_PEER_FAILED_VERIFICATION, Errc::kTls, "the endpoint's certificate is not trusted"},
    {CURLE_SSL_CERTPROBLEM, Errc::kTls, "the client certificate could not be shown"},
    {CURLE_SSL_CIPHER, Errc::kTls, "the endpoint offers no cipher that is safe enough"},
    {CURLE_SSL_ISSUER_ERROR, Errc::kTls, "the endpoint's certificate is not trusted"},
    {CURLE_SSL_INVALIDCERTSTATUS, Errc::kTls, "the endpoint's certificate is not trusted"},
    {CURLE_UNSUPPORTED_PROTOCOL, Errc::kProtocol, "the endpoint does not answer in HTTP/1"},
    {CURLE_WEIRD_SERVER_REPLY, Errc::kProtocol, "the endpoint's response is not valid HTTP"},
    {CURLE_BAD_CONTENT_ENCODING, Errc::kProtocol, "the endpoint's response is badly encoded"},
    // What libcurl says of a header line past its own limit of 100 KB, which it gathers whole.
    {CURLE_OUT_OF_MEMORY, Errc::kTooLarge, "the endpoint's response headers are too large"},
};

constexpr curl_off_t kUnknownSize = -1;
constexpr long kSourceBufferBytes = 256 * 1024;

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

bool takes_body(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch ||
         method == Method::kDelete;
}

// The name for the request line where libcurl has no option of its own.
const char* custom_method(Method method) {
  switch (method) {
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kGet:
    case Method::kHead:
    case Method::kPost:
      return nullptr;
  }
  return nullptr;
}

template <class Value>
bool set(EasyHandle easy, CURLoption option, Value value) {
  return curl_easy_setopt(easy, option, value) == CURLE_OK;
}

bool set_blob(EasyHandle easy, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  return set(easy, option, text.empty() ? nullptr : &blob);
}

bool append(curl_slist*& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list, line.c_str());
  if (longer) list = longer;
  return longer != nullptr;
}

// A time of libcurl's, in microseconds since the transfer began; 0 there means that it never came.
double time_ms(EasyHandle easy, CURLINFO what) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, what, &microseconds);
  return static_cast<double>(microseconds) / 1000.0;
}

}  // namespace

void set_constant_options(EasyHandle easy, const std::string& user_agent) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);  // it only ever sees addresses
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOPROXY, "*");
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  // One request per connection at a time: a slow endpoint then delays itself only.
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_USERAGENT, user_agent.c_str());
  set(easy, CURLOPT_TCP_NODELAY, 1L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  // The roots come from the TrustStore by on_tls; libcurl itself shall read no file.
  const char* const none = nullptr;
  set(easy, CURLOPT_CAINFO, none);
  set(easy, CURLOPT_CAPATH, none);
}

Result<void> check_request(const ClientRequest& request) {
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name)) return fail(Errc::kInvalidArgument, "a header's name is not valid");
    if (has_control_character(value)) {
      return fail(Errc::kInvalidArgument,
                  "the value of the header " + name + " holds a line break or control character");
    }
    if (std::ranges::find(kReservedHeaders, to_lower(name)) != std::end(kReservedHeaders)) {
      return fail(Errc::kInvalidArgument, "the header " + name + " may not be set");
    }
  }
  if (has_control_character(request.basic_credentials)) {
    return fail(Errc::kInvalidArgument, "the credentials hold a line break or control character");
  }
  if ((!request.body.empty() || request.source) && !takes_body(request.method)) {
    return fail(Errc::kInvalidArgument, "a request of this method has no body");
  }
  return {};
}

CurlExchange::CurlExchange(const ClientRequest& request, const net::IpAddress& target,
                           const net::AddressFilter& filter, const net::TrustStore& roots,
                           const Clock& clock)
    : request_(request), target_(target), filter_(filter), roots_(roots), clock_(clock) {}

CurlExchange::~CurlExchange() {
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

bool CurlExchange::prepare(EasyHandle easy, Limits limits) {
  // Host and port for the request, the judged address for the connection; both decide which kept
  // connections may be used again.
  const Url& url = request_.url;
  const auto bracketed = [](const net::IpAddress& address) {
    return address.v6 ? "[" + address.to_string() + "]" : address.to_string();
  };
  const std::string host = url.literal ? bracketed(*url.literal) : url.host;
  const std::string port = ":" + std::to_string(url.port);
  bool good = append(connect_to_, host + port + ":" + bracketed(target_) + port);
  good = good && set(easy, CURLOPT_CONNECT_TO, connect_to_);
  good = good && set(easy, CURLOPT_URL, url.to_string().c_str());
  good = good && set_method(easy) && set_headers(easy);
  good = good && set_blob(easy, CURLOPT_SSLCERT_BLOB, request_.client_certificate) &&
         set_blob(easy, CURLOPT_SSLKEY_BLOB, request_.client_key);
  set_limits(easy, limits);
  set(easy, CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlExchange::on_open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &CurlExchange::on_request);
  set(easy, CURLOPT_PREREQDATA, this);
  // Were this one not set, no roots would be: nothing would be trusted.
  good = good && set(easy, CURLOPT_SSL_CTX_FUNCTION, &CurlExchange::on_tls);
  good = good && set(easy, CURLOPT_SSL_CTX_DATA, this);
  return good;
}

bool CurlExchange::set_method(EasyHandle easy) {
  // Setting the body makes libcurl think of a POST, so it comes first.
  const bool has_body =
      request_.method == Method::kPost || !request_.body.empty() || request_.source;
  const bool at_hand = has_body && !request_.source;
  const char* const none = nullptr;
  bool good = set(easy, CURLOPT_POSTFIELDS, at_hand ? request_.body.data() : none);
  good =
      good && set(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                  request_.source ? kUnknownSize : static_cast<curl_off_t>(request_.body.size()));
  good = good && set_source(easy);
  if (request_.method == Method::kHead) {
    good = good && set(easy, CURLOPT_NOBODY, 1L);
  } else {
    good = good && set(easy, has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
  }
  good = good && set(easy, CURLOPT_CUSTOMREQUEST, custom_method(request_.method));
  const std::size_t colon = request_.basic_credentials.find(':');
  const std::string user = request_.basic_credentials.substr(0, colon);
  const std::string password =
      colon == std::string::npos ? "" : request_.basic_credentials.substr(colon + 1);
  const bool named = !request_.basic_credentials.empty();
  good = good && set(easy, CURLOPT_USERNAME, named ? user.c_str() : none);
  return good && set(easy, CURLOPT_PASSWORD, named ? password.c_str() : none);
}

bool CurlExchange::set_source(EasyHandle easy) {
  // What a source gave cannot be had again, and libcurl sends twice when a kept connection turns
  // out to be dead.
  bool good = set(easy, CURLOPT_FRESH_CONNECT, request_.source ? 1L : 0L);
  if (!request_.source) return good;
  good = good && set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSourceBufferBytes);
  good = good && set(easy, CURLOPT_READFUNCTION, &CurlExchange::on_source);
  return good && set(easy, CURLOPT_READDATA, this);
}

std::size_t CurlExchange::on_source(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  const auto filled = exchange.request_.source({data, size * count});
  if (filled) return *filled;
  exchange.stop_ = Stop::kSource;
  exchange.source_error_ = filled.error();
  return CURL_READFUNC_ABORT;
}

bool CurlExchange::set_headers(EasyHandle easy) {
  // A name alone with a colon takes a header of libcurl's away.
  bool good = append(headers_, "Expect:");
  if (!request_.headers.get("Content-Type")) good = good && append(headers_, "Content-Type:");
  for (const auto& [name, value] : request_.headers.fields()) {
    const std::string_view trimmed = trim(value);
    good =
        good && append(headers_, trimmed.empty() ? name + ";" : name + ": " + std::string(trimmed));
  }
  return good && set(easy, CURLOPT_HTTPHEADER, headers_);
}

void CurlExchange::set_limits(EasyHandle easy, Limits limits) {
  // Zero would mean "no limit" to libcurl.
  const auto ms = [](Milliseconds limit) {
    return static_cast<long>(std::max<Milliseconds::rep>(limit.count(), 1));
  };
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, ms(limits.connect_timeout_ms));
  set(easy, CURLOPT_TIMEOUT_MS, ms(limits.total_timeout_ms));
}

std::size_t CurlExchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view line(data, size * count);
  return static_cast<CurlExchange*>(self)->take_header_line(line) ? line.size() : 0;
}

bool CurlExchange::take_header_line(std::string_view line) {
  // Interim responses and trailers count too: a storm of either is a flood like any other.
  header_bytes_ += line.size();
  if (header_bytes_ > request_.response_header_bytes_max) {
    stop_ = Stop::kTooLarge;
    return false;
  }
  if (body_began_) return true;  // trailers are not kept
  if (line.starts_with("HTTP/")) {
    response_.headers = Headers();
    headers_ended_ = false;
    return true;
  }
  if (trim(line).empty()) headers_ended_ = true;
  const bool folded = line.starts_with(' ') || line.starts_with('\t');
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && !folded) {
    response_.headers.add(std::string(trim(line.substr(0, colon))),
                          std::string(trim(line.substr(colon + 1))));
  }
  return true;
}

std::size_t CurlExchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view piece(data, size * count);
  return static_cast<CurlExchange*>(self)->take_body(piece) ? piece.size() : 0;
}

bool CurlExchange::take_body(std::string_view piece) {
  body_began_ = true;
  if (request_.sink) {
    sink_bytes_ += piece.size();
    if (sink_bytes_ > request_.sink_bytes_max) {
      stop_ = Stop::kTooLarge;
    } else if (!request_.sink(piece)) {
      stop_ = Stop::kSink;
    }
  } else {
    const std::size_t room = request_.response_bytes_max - response_.body.size();
    response_.body.append(piece.substr(0, room));
    if (piece.size() > room) stop_ = Stop::kCut;
  }
  return stop_ == Stop::kNone;
}

// The only place where sockets are made: whatever libcurl thought of, it goes to the judged
// address.
int CurlExchange::on_open_socket(void* self, int purpose, curl_sockaddr* address) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  net::Endpoint endpoint;
  if (address->family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address->addr, sizeof v4);
    std::memcpy(endpoint.address.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    endpoint.port = ntohs(v4.sin_port);
  } else if (address->family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address->addr, sizeof v6);
    endpoint.address.v6 = true;
    std::memcpy(endpoint.address.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    endpoint.port = ntohs(v6.sin6_port);
  }
  const net::Endpoint judged{exchange.target_, exchange.request_.url.port};
  if (purpose != CURLSOCKTYPE_IPCXN || endpoint != judged ||
      !exchange.filter_.allows(endpoint.address)) {
    exchange.stop_ = Stop::kForbidden;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Before each request, with the other end of the connection as the operating system tells it.
int CurlExchange::on_request(void* self, char* peer_ip, char*, int peer_port, int) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  const auto peer = net::IpAddress::parse(peer_ip);
  if (!peer || *peer != exchange.target_ || peer_port != exchange.request_.url.port ||
      !exchange.filter_.allows(*peer)) {
    exchange.stop_ = Stop::kForbidden;
    return CURL_PREREQFUNC_ABORT;
  }
  return CURL_PREREQFUNC_OK;
}

int CurlExchange::on_tls(EasyHandle, void* context, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  exchange.tls_began_ms_ =
      std::chrono::duration<double, std::milli>(exchange.clock_.monotonic_now() - exchange.began_)
          .count();
  auto* const tls = static_cast<SSL_CTX*>(context);
  exchange.roots_.install(tls);
  const bool named = net::expect_server_name(SSL_CTX_get0_param(tls), exchange.request_.url.host);
  return named ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

bool CurlExchange::failed_to_connect(EasyHandle easy, int code) const {
  if (stop_ != Stop::kNone) return false;
  return code == CURLE_COULDNT_CONNECT ||
         (code == CURLE_OPERATION_TIMEDOUT && time_ms(easy, CURLINFO_CONNECT_TIME_T) <= 0);
}

Result<ClientResponse> CurlExchange::finish(EasyHandle easy, int code, double resolved_ms,
                                            double before_ms) {
  const ClientTiming reached = timing(easy, resolved_ms, before_ms);
  if (request_.timing != nullptr) *request_.timing = reached;
  switch (stop_) {
    case Stop::kForbidden:
      return fail(Errc::kForbiddenAddress, "the endpoint's address may not be connected to");
    case Stop::kTooLarge:
      return fail(Errc::kTooLarge, "the endpoint's response is larger than allowed");
    case Stop::kSink:
      return fail(Errc::kCancelled, "the download was stopped");
    case Stop::kSource:
      return std::unexpected(source_error_);
    case Stop::kCut:
      response_.body_truncated = true;
      break;
    case Stop::kNone:
      break;
  }
  if (code != CURLE_OK && stop_ != Stop::kCut) {
    long os_error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_COULDNT_CONNECT && os_error == ECONNREFUSED) {
      return fail(Errc::kConnectionRefused, "the endpoint refused the connection");
    }
    long verdict = X509_V_OK;
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (code == CURLE_PEER_FAILED_VERIFICATION && verdict != X509_V_OK) {
      return fail(Errc::kTls, std::string("the endpoint's certificate is not trusted: ") +
                                  X509_verify_cert_error_string(verdict));
    }
    const auto row =
        std::ranges::find(kFailures, code, [](const Failure& f) { return int{f.code}; });
    if (row != std::end(kFailures)) return fail(row->errc, row->sentence);
    return fail(Errc::kInternal, std::string("the request failed: ") +
                                     curl_easy_strerror(static_cast<CURLcode>(code)));
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  // libcurl takes a connection that closes among the headers for a complete response.
  if (!headers_ended_) {
    return fail(Errc::kConnectionLost, "the endpoint closed before the response ended");
  }
  if (status < 200 || status > 999) {
    return fail(Errc::kProtocol, "the endpoint's response has no final status");
  }
  response_.status = static_cast<unsigned>(status);
  response_.remote_ip = target_.to_string();
  response_.timing = reached;
  return std::move(response_);
}

ClientTiming CurlExchange::timing(EasyHandle easy, double resolved_ms, double before_ms) const {
  const auto since_start = [&](CURLINFO what) {
    const double ms = time_ms(easy, what);
    return ms > 0 ? before_ms + ms : -1;
  };
  ClientTiming timing;
  timing.resolved_ms = resolved_ms;
  timing.connected_ms = since_start(CURLINFO_CONNECT_TIME_T);
  if (timing.connected_ms < 0 && tls_began_ms_ >= 0) {
    timing.connected_ms = before_ms + tls_began_ms_;
  }
  timing.tls_ms = since_start(CURLINFO_APPCONNECT_TIME_T);
  timing.first_byte_ms = since_start(CURLINFO_STARTTRANSFER_TIME_T);
  timing.total_ms = since_start(CURLINFO_TOTAL_TIME_T);
  return timing;
}

}  // namespace verihook::http
