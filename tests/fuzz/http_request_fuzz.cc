// The way of a request through HeadScanner, RequestParser, check_head and parse_target, as a
// session takes it: any bytes of one connection, in any pieces (see pieces.h), one request after
// another. Checked:
// - requests, bodies and refusals are the same however the bytes are cut;
// - the head is read as what stands there: one field a line, names that are tokens, no control
//   characters, at most one length;
// - a body is the bytes that Content-Length counts, or what a second reading of the chunks gives:
// no
//   byte of one request can become part of another;
// - a decoded path begins with "/" and has neither dot segments nor control characters.
#include <algorithm>
#include <charconv>

#include "http/guard.h"
#include "http/request_parser.h"
#include "http/target.h"
#include "tests/fuzz/pieces.h"

namespace verihook::fuzz {
namespace {

using http::HeadScanner;
using http::RequestParser;

// Small, so that the fuzzer reaches them.
constexpr http::HeadLimits kLimits{
    .request_line_bytes_max = 256, .header_bytes_max = 1024, .header_fields_max = 12};

void check_refusal(const http::Refusal& refusal) {
  check(refusal.status >= 400 && refusal.status < 600 && !refusal.code.empty(),
        "a refusal has an error's status", refusal.code);
  check_sentence(refusal.sentence);
}

void check_head_is_plain(std::string_view raw, const http::RequestHead& head,
                         const http::Framing& framing) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(raw, '\n'));
  check(head.headers.fields().size() + 2 == lines, "each line of the head is one field", raw);
  for (const auto& [name, value] : head.headers.fields()) {
    check(http::is_valid_field_name(name), "a field's name is a token", name);
    check(http::is_valid_field_value(value) && trim(value) == value,
          "a field's value is trimmed and plain", value);
  }
  const std::size_t lengths = head.headers.count("content-length");
  const std::size_t codings = head.headers.count("transfer-encoding");
  check(lengths + codings <= 1, "a body has one length at most", raw);
  check(framing.chunked == (codings == 1), "only Transfer-Encoding makes a body chunked", raw);
  check(head.headers.count("host") == 1 || head.version == 10, "there is one Host", raw);
}

void check_target(const http::Target& target) {
  const std::string_view path = target.path;
  check(path == "*" || path.starts_with('/'), "a path begins with /", path);
  check(std::ranges::none_of(path, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }),
        "a path has no control characters", path);
  check(is_valid_utf8(path), "a path is UTF-8", path);
  for (const std::string_view segment : split(path, '/')) {
    check(segment != "." && segment != "..", "a path has no dot segments", path);
  }
  for (const auto& [name, value] : target.query) {
    check(is_valid_utf8(name) && is_valid_utf8(value) && !value.contains('\0'),
          "a query is UTF-8 without NUL", value);
  }
}

// A second, independent reading of a chunked body (RFC 9112 section 7.1) without extensions and
// trailers; nothing when it is not one from its first to its last byte.
std::optional<std::string> decode_chunks(std::string_view raw) {
  std::string body;
  for (;;) {
    const auto line = raw.substr(0, raw.find("\r\n"));
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc{} || end != line.data() + line.size()) return std::nullopt;
    raw.remove_prefix(std::min(line.size() + 2, raw.size()));
    if (raw.size() < size + 2 || raw.substr(size, 2) != "\r\n") return std::nullopt;
    body += raw.substr(0, size);
    raw.remove_prefix(size + 2);
    if (size == 0) return raw.empty() ? std::optional(body) : std::nullopt;
  }
}

// One connection: keeps what has not been used, and writes down all that happens.
class Connection {
 public:
  std::string feed_all(const Pieces& pieces) {
    for (const auto& piece : pieces) {
      input_.append(view(piece));
      while (state_ != State::kClosed && go_on()) {
      }
    }
    story_ += fmt::format("state {}\n{}", static_cast<int>(state_), body_);
    return std::move(story_);
  }

 private:
  enum class State {
    kHead,    // waiting for a head
    kBody,    // inside a body
    kClosed,  // nothing more is read
  };

  // True when there is more to do without more bytes.
  bool go_on() {
    // Parsers are given memory of exactly the size that they are told.
    const std::vector<char> exact(input_.begin(), input_.end());
    return state_ == State::kHead ? take_head(view(exact)) : take_body(view(exact));
  }

  bool close(const http::Refusal& refusal) {
    check_refusal(refusal);
    story_ += fmt::format("refused {} {}\n", refusal.status, refusal.sentence);
    state_ = State::kClosed;
    return false;
  }

  bool take_head(std::string_view bytes) {
    if (bytes.empty()) return false;
    const auto outcome = scanner_.scan(bytes);
    if (outcome == HeadScanner::Outcome::kMore) return false;
    if (outcome == HeadScanner::Outcome::kRefused) return close(scanner_.refusal());
    const std::string_view raw = scanner_.head(bytes);
    http::RequestHead head;
    framing_ = {};
    if (const auto refusal = parser_.parse_head(raw, head)) return close(*refusal);
    if (const auto refusal = http::check_head(head, framing_)) return close(*refusal);
    const auto target = http::parse_target(head.target);
    if (!target) return close(http::refusals::kBadRequest);
    check_head_is_plain(raw, head, framing_);
    check_target(*target);
    story_ += fmt::format("{} {} {}\n", head.method, target->path, head.version);
    for (const auto& [name, value] : head.headers.fields()) story_ += name + "=" + value + "\n";
    input_.erase(0, scanner_.scanned_bytes());
    scanner_.reset();
    state_ = State::kBody;
    return framing_.has_body() || end_request();
  }

  bool take_body(std::string_view bytes) {
    const auto step = parser_.parse_body(bytes);
    check(step.consumed_bytes <= bytes.size(), "no more is consumed than there is", bytes);
    raw_body_ += bytes.substr(0, step.consumed_bytes);
    body_ += step.piece;
    input_.erase(0, step.consumed_bytes);
    switch (step.outcome) {
      case RequestParser::Outcome::kMore:
        return false;
      case RequestParser::Outcome::kPiece:
        return !parser_.complete() || end_request();
      case RequestParser::Outcome::kEnd:
        return end_request();
      case RequestParser::Outcome::kBad:
        break;
    }
    story_ += "bad body\n";
    state_ = State::kClosed;
    return false;
  }

  bool end_request() {
    if (framing_.chunked) {
      const auto second = decode_chunks(raw_body_);
      check(second.has_value(), "a second reader accepts the chunks", raw_body_);
      check_equal(body_, *second, "a second reader finds the same body");
    } else {
      check(body_.size() == framing_.content_length, "a body is as long as was said", body_);
      check_equal(body_, raw_body_, "a body is the bytes after the head");
    }
    story_ += fmt::format("body {}\n{}\n", body_.size(), body_);
    body_.clear();
    raw_body_.clear();
    state_ = parser_.keep_alive() ? State::kHead : State::kClosed;
    return state_ == State::kHead;
  }

  State state_ = State::kHead;
  std::string input_;
  HeadScanner scanner_{kLimits};
  RequestParser parser_;
  http::Framing framing_;
  std::string raw_body_;
  std::string body_;
  std::string story_;
};

}  // namespace

void run_one(std::string_view input) {
  check_cuts(input, [](const Pieces& pieces) { return Connection().feed_all(pieces); });
}

}  // namespace verihook::fuzz
