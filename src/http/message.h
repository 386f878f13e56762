// Requests and responses as the rest of the program sees them: no Beast, no libcurl. Header names
// are compared without regard to case and kept in the order received.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.h"
#include "base/result.h"
#include "net/ip.h"

namespace verihook::http {

// The methods that this program knows (RFC 9110 section 9, RFC 5789).
enum class Method {
  kGet,      // read
  kHead,     // read, without the body
  kPost,     // create or act
  kPut,      // replace
  kPatch,    // change a part
  kDelete,   // remove
  kOptions,  // ask what is possible
};
inline constexpr std::size_t kMethodCount = 7;
std::string_view to_string(Method method);
// The method of exactly that name; names are case-sensitive.
std::optional<Method> parse_method(std::string_view name);

class Headers {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces every field of that name.
  void set(std::string name, std::string value);
  // The first field of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  void reserve(std::size_t count) { fields_.reserve(count); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// The body of a request, pulled by the handler so that each route sets its own limit and large
// uploads are never held in memory. Errors: kTooLarge, kTimeout, kConnectionLost, kProtocol (bad
// framing).
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next piece, empty at the end. The view is good until the next call.
  virtual Task<Result<std::string_view>> read_some() = 0;
  // All of it, or kTooLarge as soon as it is known to exceed `limit_bytes`.
  virtual Task<Result<std::string>> read_all(std::size_t limit_bytes) = 0;
};

struct Request {
  Method method = Method::kGet;
  std::string path;                                        // percent-decoded, no query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  net::Endpoint peer;                                         // the socket's other end
  std::string id;                                             // req_…, answered as X-Request-ID
  std::vector<std::pair<std::string, std::string>> captures;  // {name} parts of the route's pattern
  BodyReader* body = nullptr;                                 // never null inside a handler

  std::optional<std::string_view> query_value(std::string_view name) const;
  // The value of a capture that the route declares; empty when it declares none of that name.
  std::string_view capture(std::string_view name) const;
};

// Produces a streamed response body piece by piece; an empty piece ends it. An error cuts the
// connection, so that the client sees an incomplete answer rather than a wrong one.
using BodySource = std::function<Task<Result<std::string>>()>;

struct Response {
  unsigned status = 200;
  Headers headers;
  std::string body;
  BodySource stream;  // when set, `body` is ignored and the answer goes out chunked
};

Response json_response(unsigned status, std::string json);
// The contract's error: {"error":"one sentence","code":"token","request_id":"req_…"}.
Response error_response(unsigned status, std::string_view code, std::string_view sentence,
                        std::string_view request_id);

}  // namespace verihook::http
