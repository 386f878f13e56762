// RequestParser: Beast's HTTP/1.1 request parser, as a state machine without I/O and without Beast
// in its header. It is given a complete head once, then body bytes in any pieces, and hands the
// body back without copying it. Chunk extensions and trailers end in kBad. One per connection, used
// for one request after another; one io thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "http/guard.h"

namespace verihook::http {

class RequestParser {
 public:
  enum class Outcome {
    kMore,   // nothing can be done without more bytes
    kPiece,  // `piece` is the next part of the body
    kEnd,    // the request is complete
    kBad,    // the chunked framing is broken
  };
  struct Step {
    Outcome outcome = Outcome::kMore;
    std::size_t consumed_bytes = 0;
    std::string_view piece;
  };

  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Begins a request with its whole head, empty line included. `head` refers into `bytes`.
  std::optional<Refusal> parse_head(std::string_view bytes, RequestHead& head);
  // Goes on with body bytes that have not been consumed; the piece refers into `bytes`.
  Step parse_body(std::string_view bytes);

  bool complete() const;
  // What the version and Connection say about another request on this connection.
  bool keep_alive() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::http
