// The head of an answer: status line and fields, written straight into the output buffer. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/message.h"

namespace verihook::http {

// How the receiver finds the end of the body.
enum class BodyEnd {
  kNone,     // the status forbids a body and a length (204, 304)
  kLength,   // Content-Length
  kChunked,  // Transfer-Encoding: chunked
  kClose,    // the end of the connection: streams to HTTP/1.0 clients
};

// What the connection adds to the handler's fields.
struct HeadExtras {
  std::string_view date = {};  // IMF-fixdate
  std::string_view request_id = {};
  BodyEnd body_end = BodyEnd::kLength;
  std::uint64_t content_length = 0;
  bool close = false;           // the connection ends after this answer
  bool keep_alive_1_0 = false;  // an HTTP/1.0 client asked to go on
  bool tls = false;
};

// False when a name or value could break the head apart (CR, LF, NUL, control characters), or when
// the status is not a final one: such an answer must not be sent.
bool is_sendable(const Response& response);

// Appends the head. Fields that belong to the connection (Content-Length, Transfer-Encoding,
// Connection, Date, X-Request-ID and their like) are ours; the handler's of those names are left
// out, and a Content-Length beside a stream is its length. The safety fields (Cache-Control,
// X-Content-Type-Options, Content-Security-Policy) are added where the handler has not set its own.
void append_head(std::string& out, const Response& response, const HeadExtras& extras);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string to_http_date(WallTime time);

}  // namespace verihook::http
