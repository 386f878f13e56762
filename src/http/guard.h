// The guard: what is refused before any handler sees it. Framing that two programs could read
// differently is an error here even where RFC 9112 allows leniency, because a proxy in front of
// this server may have chosen the other reading (request smuggling). Pure: no I/O, any thread.
//
// A request passes three walls: HeadScanner over the raw bytes as they come, Beast's parser over
// the complete head (request_parser.h), and check_head over what it found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace verihook::http {

// Why a request is turned away: what the contract's JSON error says.
struct Refusal {
  unsigned status = 400;
  std::string_view code;
  std::string_view sentence;
};

namespace refusals {
inline constexpr Refusal kBadRequest{400, "malformed_request",
                                     "The request is not well-formed HTTP/1.1."};
inline constexpr Refusal kTimeout{408, "request_timeout",
                                  "The request did not arrive in the time allowed."};
inline constexpr Refusal kOverloaded{503, "overloaded",
                                     "The server has too much to do; try again shortly."};
inline constexpr Refusal kInternal{500, "internal_error",
                                   "The server failed to answer; the log says why."};
inline constexpr Refusal kPlainOnTls{400, "https_required",
                                     "This port speaks HTTPS; use https:// in the address."};
}  // namespace refusals

struct HeadLimits {
  std::size_t request_line_bytes_max = 8 * 1024;
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t header_fields_max = 100;
};

// Looks for the end of a request's head in bytes that arrive in any pieces, and refuses as soon as
// it can: control characters, CR or LF alone, folded lines (RFC 9112 section 5.2), too long, too
// many.
class HeadScanner {
 public:
  enum class Outcome {
    kMore,      // good so far, not complete
    kComplete,  // `head` is the whole of it
    kRefused,   // see `refusal`
  };

  explicit HeadScanner(HeadLimits limits) : limits_(limits) {}

  // `bytes` begins at the request's first byte and is never shorter than at the call before.
  Outcome scan(std::string_view bytes);
  // Ready for the next request.
  void reset();

  // From the request line to the empty line; one empty line before it is not part of it.
  std::string_view head(std::string_view bytes) const { return bytes.substr(begin_, at_ - begin_); }
  std::size_t scanned_bytes() const { return at_; }
  const Refusal& refusal() const { return refusal_; }

 private:
  Outcome refuse(const Refusal& refusal);
  Outcome end_line();
  bool is_too_long(std::size_t line_end);

  HeadLimits limits_;
  std::size_t at_ = 0;     // the next byte to look at
  std::size_t begin_ = 0;  // where the request line begins
  std::size_t line_begin_ = 0;
  std::size_t lines_ = 0;  // complete lines so far, the request line included
  bool after_cr_ = false;
  Refusal refusal_;
};

// A head that Beast's parser has accepted. The views are into the raw head.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  unsigned version = 11;  // 10 or 11
  Headers headers;
};

// What check_head learned on its way.
struct Framing {
  Method method = Method::kGet;
  bool chunked = false;
  std::uint64_t content_length = 0;
  bool expects_continue = false;

  bool has_body() const { return chunked || content_length > 0; }
};

// The rules that Beast 1.81 does not know or does not apply (RFC 9112 sections 3.2, 6.1, 6.3; RFC
// 9110 sections 7.2, 10.1.1). Fills `framing`, or says why not.
std::optional<Refusal> check_head(const RequestHead& head, Framing& framing);

// What `bytes` are of that which stands between two chunks: the CRLF that ends the one before, a
// size of at most 12 hexadecimal digits, CRLF, and after a size of zero the final CRLF. So there
// are no extensions and no trailers (RFC 9112 sections 7.1.1 and 7.1.2).
enum class ChunkStart {
  kMore,      // the beginning of it
  kComplete,  // the whole of it, and perhaps what follows
  kBad,       // something else
};
ChunkStart look_at_chunk_start(std::string_view bytes, bool first_chunk);

// "name", "name:port", "[v6]", "[v6]:port"; not empty, no user information, no path.
bool is_valid_host(std::string_view host);

// A name or value that may go out in a response head: no CR, LF, NUL or other control character.
bool is_valid_field_name(std::string_view name);
bool is_valid_field_value(std::string_view value);

}  // namespace verihook::http
