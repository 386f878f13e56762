#include "http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>

#include "base/text.h"

namespace verihook::http {
namespace {

namespace beast = boost::beast;
using beast::string_view;
using ErrorCode = beast::error_code;

std::string_view to_std(string_view text) { return {text.data(), text.size()}; }

// Receives what Beast finds. Nothing that comes after the head may add to it.
class Listener final : public beast::http::basic_parser<true> {
 public:
  explicit Listener(RequestHead& head) : head_(&head) {
    eager(false);
    body_limit(boost::none);
    // HeadScanner has applied the configured limits already.
    header_limit(std::numeric_limits<std::uint32_t>::max());
  }

  std::string_view take_piece() { return std::exchange(piece_, {}); }
  bool between_chunks() const { return chunk_bytes_left_ == 0; }
  bool first_chunk() const { return !in_chunk_; }

 private:
  void on_request_impl(beast::http::verb, string_view method, string_view target, int version,
                       ErrorCode&) override {
    head_->method = to_std(method);
    head_->target = to_std(target);
    head_->version = static_cast<unsigned>(version);
  }
  void on_response_impl(int, string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::http::field, string_view name, string_view value,
                     ErrorCode& ec) override {
    if (head_ == nullptr) {
      ec = beast::http::error::bad_field;  // a trailer
      return;
    }
    head_->headers.add(std::string(to_std(name)), std::string(to_std(value)));
  }
  void on_header_impl(ErrorCode&) override { head_ = nullptr; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(string_view body, ErrorCode&) override {
    piece_ = to_std(body);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, ErrorCode& ec) override {
    if (!extensions.empty()) ec = beast::http::error::bad_chunk_extension;
    in_chunk_ = true;
    chunk_bytes_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, ErrorCode&) override {
    piece_ = to_std(body);
    chunk_bytes_left_ -= body.size();
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  RequestHead* head_;  // null once the head is complete
  std::string_view piece_;
  bool in_chunk_ = false;
  std::uint64_t chunk_bytes_left_ = 0;
};

// "METHOD target HTTP/2.0" deserves a better answer than a request line that makes no sense.
bool has_other_version(std::string_view head) {
  const auto parts = split(head.substr(0, head.find('\r')), ' ');
  if (parts.size() != 3 || parts[1].empty()) return false;
  const std::string_view version = parts[2];
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
         version[6] == '.' && is_digit(version[7]);
}

Refusal to_refusal(const ErrorCode& ec, std::string_view head) {
  if (ec == beast::http::error::bad_version && has_other_version(head)) {
    return {505, "version_not_supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  }
  return refusals::kBadRequest;
}

}  // namespace

struct RequestParser::Impl {
  std::optional<Listener> listener;
  bool chunked = false;
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {}
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::parse_head(std::string_view bytes, RequestHead& head) {
  Listener& listener = impl_->listener.emplace(head);
  ErrorCode ec;
  const std::size_t consumed = listener.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec) return to_refusal(ec, bytes);
  if (consumed != bytes.size() || !listener.is_header_done()) return refusals::kBadRequest;
  impl_->chunked = listener.chunked();
  return std::nullopt;
}

RequestParser::Step RequestParser::parse_body(std::string_view bytes) {
  Listener& listener = *impl_->listener;
  Step step;
  while (true) {
    if (listener.is_done()) {
      step.outcome = Outcome::kEnd;
      return step;
    }
    const std::string_view rest = bytes.substr(step.consumed_bytes);
    if (impl_->chunked && listener.between_chunks()) {
      const ChunkStart start = look_at_chunk_start(rest, listener.first_chunk());
      if (start == ChunkStart::kBad) step.outcome = Outcome::kBad;
      // Beast gets it whole: an assertion of version 1.81 fails on a last chunk in pieces.
      if (start != ChunkStart::kComplete) return step;
    }
    if (rest.empty()) return step;
    ErrorCode ec;
    step.consumed_bytes += listener.put(boost::asio::buffer(rest.data(), rest.size()), ec);
    if (ec == beast::http::error::need_more) return step;
    if (ec) {
      step.outcome = Outcome::kBad;
      return step;
    }
    step.piece = listener.take_piece();
    if (!step.piece.empty()) {
      step.outcome = Outcome::kPiece;
      return step;
    }
  }
}

bool RequestParser::complete() const { return impl_->listener->is_done(); }
bool RequestParser::keep_alive() const { return impl_->listener->keep_alive(); }

}  // namespace verihook::http
