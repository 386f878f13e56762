// CurlExchange: one request and its response on one pinned address, as libcurl's callbacks see it;
// a part of CurlClient. Sets an easy handle up, keeps the limits of the request while the response
// comes in, and says in the end what became of it. No waiting happens here.
#pragma once

#include <string>
#include <vector>

#include "http/client.h"
#include "http/client_curl_loop.h"
#include "net/address_filter.h"
#include "net/trust_store.h"

struct curl_slist;
struct curl_sockaddr;

namespace verihook::http {

// The options that never change between requests.
void set_constant_options(EasyHandle easy, const std::string& user_agent);

// kInvalidArgument when the request cannot be sent as it is: header injection, headers that frame
// the message, a body where none may be.
Result<void> check_request(const ClientRequest& request);

class CurlExchange {
 public:
  struct Limits {
    Milliseconds connect_timeout_ms;
    Milliseconds total_timeout_ms;
  };

  // All five outlive the exchange. `target` is the address to which the connection goes.
  CurlExchange(const ClientRequest& request, const net::IpAddress& target,
               const net::AddressFilter& filter, const net::TrustStore& roots, const Clock& clock);
  ~CurlExchange();
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  bool prepare(EasyHandle easy, Limits limits);

  // Nothing was sent, because no connection came about: another address may be tried.
  bool failed_to_connect(EasyHandle easy, int code) const;
  // The response, or why there is none. `before_ms` went by before this exchange began.
  Result<ClientResponse> finish(EasyHandle easy, int code, double resolved_ms, double before_ms);

 private:
  enum class Stop {
    kNone,       // nobody stopped it
    kForbidden,  // the socket went elsewhere than to the judged address
    kCut,        // enough of the body was kept
    kTooLarge,   // headers, or a body for the sink, past their limit
    kSink,       // the sink wanted no more
    kSource,     // the body could not be had
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_source(char* data, std::size_t size, std::size_t count, void* self);
  static int on_open_socket(void* self, int purpose, curl_sockaddr* address);
  static int on_request(void* self, char* peer_ip, char* local_ip, int peer_port, int local_port);
  static int on_tls(EasyHandle easy, void* context, void* self);

  bool set_headers(EasyHandle easy);
  bool set_method(EasyHandle easy);
  bool set_source(EasyHandle easy);
  void set_limits(EasyHandle easy, Limits limits);
  bool take_header_line(std::string_view line);
  bool take_body(std::string_view piece);
  ClientTiming timing(EasyHandle easy, double resolved_ms, double before_ms) const;

  const ClientRequest& request_;
  const net::IpAddress& target_;
  const net::AddressFilter& filter_;
  const net::TrustStore& roots_;
  const Clock& clock_;
  const MonotonicTime began_ = clock_.monotonic_now();
  // When TLS began, which libcurl does not tell of a handshake that failed; -1: never.
  double tls_began_ms_ = -1;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  ClientResponse response_;
  std::size_t header_bytes_ = 0;
  std::uint64_t sink_bytes_ = 0;
  bool headers_ended_ = false;
  bool body_began_ = false;
  Stop stop_ = Stop::kNone;
  Error source_error_;  // with kSource
};

}  // namespace verihook::http
