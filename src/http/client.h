// Client: outgoing HTTP. CurlClient (client_curl.h) is libcurl's multi interface on Asio;
// tests/support/simulated_http.h answers from scripts. One io thread.
//
// A name is resolved by our resolver, every address is judged by the address filter, and the
// connection goes to one of the judged addresses and nowhere else (vet, then pin; checked again on
// the connected socket). Redirects are never followed, proxies from the environment never used.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/deadline.h"
#include "base/result.h"
#include "http/message.h"
#include "http/url.h"

namespace verihook::http {

// Called with each piece of the response body; false stops the transfer.
using BodySink = std::function<bool(std::string_view piece)>;
// Fills the buffer with the next bytes of a request's body and says how many they are: 0 at its
// end. An error ends the request and is its answer. It may wait, and then everything does.
using UploadSource = std::function<Result<std::size_t>(std::span<char> buffer)>;

// Where the time of one exchange went, in milliseconds from its start; -1: not reached.
struct ClientTiming {
  double resolved_ms = -1;
  double connected_ms = -1;
  double tls_ms = -1;
  double first_byte_ms = -1;
  double total_ms = -1;
};

struct ClientRequest {
  Method method = Method::kPost;
  Url url;
  Headers headers;  // no CR, LF or NUL may stand in any of them: kInvalidArgument
  std::string body;
  UploadSource source;  // when set, what is sent instead of `body`, in chunks, on a new connection
  Milliseconds connect_timeout_ms{5'000};
  Milliseconds total_timeout_ms{15'000};
  std::size_t response_bytes_max = 64 * 1024;  // kept in ClientResponse::body; more is cut off
  std::size_t response_header_bytes_max = 16 * 1024;
  BodySink sink;  // when set, receives the body instead, up to sink_bytes_max
  std::uint64_t sink_bytes_max = 0;
  std::string basic_credentials;  // "user:password", empty for none
  // PEM, for a server that asks who we are; empty for none. Connections are shared only among
  // requests with the same certificate.
  std::string client_certificate;
  std::string client_key;
  // Where the timing goes when the request fails, too; outlives the send.
  ClientTiming* timing = nullptr;
};

struct ClientResponse {
  unsigned status = 0;
  Headers headers;
  std::string body;
  bool body_truncated = false;
  ClientTiming timing;
  std::string remote_ip;
};

class Client {
 public:
  virtual ~Client() = default;
  // Errors: kDns, kForbiddenAddress, kConnectionRefused, kConnectionLost, kTimeout, kTls,
  // kProtocol, kTooLarge (headers, or a body past sink_bytes_max), kCancelled. Any HTTP status is a
  // response.
  virtual Task<Result<ClientResponse>> send(ClientRequest request) = 0;
};

}  // namespace verihook::http
