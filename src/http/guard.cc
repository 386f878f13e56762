#include "http/guard.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace verihook::http {
namespace {

constexpr std::uint64_t kContentLengthDigitsMax = 12;
constexpr std::size_t kChunkSizeDigitsMax = 12;

constexpr Refusal bad_request(std::string_view sentence) {
  return {400, "malformed_request", sentence};
}

constexpr Refusal kControlCharacter =
    bad_request("The head has a control character, or a CR or LF without the other.");
constexpr Refusal kFoldedLine = bad_request("Folded header lines are not accepted.");
constexpr Refusal kEmptyLines = bad_request("There are empty lines before the request.");
constexpr Refusal kLineTooLong{414, "uri_too_long", "The request line is too long."};
constexpr Refusal kHeadTooLong{431, "headers_too_large", "The header fields are too large."};
constexpr Refusal kTooManyFields{431, "headers_too_large", "There are too many header fields."};
constexpr Refusal kMethodUnknown{501, "method_not_implemented",
                                 "This method is not known to the server."};
constexpr Refusal kMethodRefused{405, "method_not_allowed",
                                 "This method is not allowed here; see Allow."};
constexpr Refusal kTransferEncoding =
    bad_request("Transfer-Encoding must stand once, in HTTP/1.1, and say only chunked.");
constexpr Refusal kBothLengths =
    bad_request("Content-Length and Transfer-Encoding must not stand together.");
constexpr Refusal kContentLength =
    bad_request("Content-Length must stand once and be a plain decimal number.");
constexpr Refusal kHost = bad_request("Host must stand exactly once and be a valid host.");
constexpr Refusal kRepeated = bad_request("A header field that must stand once stands twice.");
constexpr Refusal kTarget = bad_request("The request target is not a path that begins with '/'.");
constexpr Refusal kTargetHost = bad_request("The host in the request target differs from Host.");
constexpr Refusal kExpectation{417, "expectation_failed",
                               "The only expectation known is 100-continue."};
constexpr Refusal kUnwantedBody = bad_request("A request of this method must not have a body.");

// Every byte that may stand inside a line of the head; bytes past ASCII are checked where they
// matter.
constexpr auto kPlainBytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0; c < plain.size(); ++c) plain[c] = (c >= 0x20 && c != 0x7f) || c == '\t';
  return plain;
}();

bool is_plain(char c) { return kPlainBytes[static_cast<unsigned char>(c)]; }

bool is_hex_digit(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

// How often each field stands whose number or value decides something.
struct Fields {
  std::size_t host_count = 0;
  std::size_t transfer_encoding_count = 0;
  std::size_t content_length_count = 0;
  std::size_t expect_count = 0;
  std::size_t authorization_count = 0;
  std::size_t content_type_count = 0;
  std::string_view host;
  std::string_view transfer_encoding;
  std::string_view content_length;
  std::string_view expect;
};

struct WatchedField {
  std::string_view name;
  std::size_t Fields::* count;
  std::string_view Fields::* value;  // null when only the count matters
};

constexpr WatchedField kWatchedFields[] = {
    {"host", &Fields::host_count, &Fields::host},
    {"transfer-encoding", &Fields::transfer_encoding_count, &Fields::transfer_encoding},
    {"content-length", &Fields::content_length_count, &Fields::content_length},
    {"expect", &Fields::expect_count, &Fields::expect},
    {"authorization", &Fields::authorization_count, nullptr},
    {"content-type", &Fields::content_type_count, nullptr},
};

Fields collect(const Headers& headers) {
  Fields fields;
  for (const auto& [name, value] : headers.fields()) {
    for (const WatchedField& watched : kWatchedFields) {
      if (!equals_ignoring_case(name, watched.name)) continue;
      ++(fields.*watched.count);
      if (watched.value != nullptr) fields.*watched.value = value;
      break;
    }
  }
  return fields;
}

using Check = const Refusal* (*)(const RequestHead&, const Fields&, Framing&);

const Refusal* check_method(const RequestHead& head, const Fields&, Framing& framing) {
  const auto method = parse_method(head.method);
  if (!method) {
    return head.method == "CONNECT" || head.method == "TRACE" ? &kMethodRefused : &kMethodUnknown;
  }
  framing.method = *method;
  return nullptr;
}

const Refusal* check_transfer_encoding(const RequestHead& head, const Fields& fields,
                                       Framing& framing) {
  if (fields.transfer_encoding_count == 0) return nullptr;
  if (fields.content_length_count > 0) return &kBothLengths;
  if (fields.transfer_encoding_count > 1 || head.version != 11 ||
      !equals_ignoring_case(fields.transfer_encoding, "chunked")) {
    return &kTransferEncoding;
  }
  framing.chunked = true;
  return nullptr;
}

const Refusal* check_content_length(const RequestHead&, const Fields& fields, Framing& framing) {
  if (fields.content_length_count == 0) return nullptr;
  const std::string_view text = fields.content_length;
  const auto number = parse_u64(text);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (fields.content_length_count > 1 || !number || text.size() > kContentLengthDigitsMax ||
      leading_zero || !std::ranges::all_of(text, is_digit)) {
    return &kContentLength;
  }
  framing.content_length = *number;
  return nullptr;
}

const Refusal* check_host(const RequestHead& head, const Fields& fields, Framing&) {
  if (fields.host_count == 0 && head.version == 10) return nullptr;
  return fields.host_count == 1 && is_valid_host(fields.host) ? nullptr : &kHost;
}

const Refusal* check_repeated(const RequestHead&, const Fields& fields, Framing&) {
  return fields.authorization_count > 1 || fields.content_type_count > 1 ? &kRepeated : nullptr;
}

const Refusal* check_target(const RequestHead& head, const Fields& fields, Framing& framing) {
  const auto allowed = [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; };
  const std::string_view target = head.target;
  if (target.empty() || !std::ranges::all_of(target, allowed)) return &kTarget;
  if (target.front() == '/') return nullptr;
  if (target == "*") return framing.method == Method::kOptions ? nullptr : &kTarget;
  const std::size_t colon = target.find("://");
  if (colon == target.npos) return &kTarget;
  const std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return &kTarget;
  }
  const std::string_view rest = target.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const bool same = fields.host_count == 1 && equals_ignoring_case(authority, fields.host);
  return same ? nullptr : &kTargetHost;
}

const Refusal* check_expect(const RequestHead& head, const Fields& fields, Framing& framing) {
  if (fields.expect_count == 0) return nullptr;
  if (fields.expect_count > 1 || !equals_ignoring_case(fields.expect, "100-continue")) {
    return &kExpectation;
  }
  // RFC 9110 section 10.1.1: an HTTP/1.0 client cannot have meant it.
  framing.expects_continue = head.version == 11 && framing.has_body();
  return nullptr;
}

const Refusal* check_body_allowed(const RequestHead&, const Fields&, Framing& framing) {
  const bool bodiless = framing.method == Method::kGet || framing.method == Method::kHead ||
                        framing.method == Method::kDelete;
  return bodiless && framing.has_body() ? &kUnwantedBody : nullptr;
}

// In the order in which they are asked; framing first, because it decides what the next request is.
constexpr Check kChecks[] = {
    check_transfer_encoding,
    check_content_length,
    check_host,
    check_repeated,
    check_method,
    check_target,
    check_expect,
    check_body_allowed,
};

bool is_valid_port(std::string_view text) {
  const auto port = parse_u64(text);
  return port && text.size() <= 5 && *port <= 65'535 && std::ranges::all_of(text, is_digit);
}

bool is_token_character(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

}  // namespace

HeadScanner::Outcome HeadScanner::scan(std::string_view bytes) {
  while (at_ < bytes.size()) {
    const char c = bytes[at_];
    if (after_cr_) {
      if (c != '\n') return refuse(kControlCharacter);
      ++at_;
      after_cr_ = false;
      const Outcome outcome = end_line();
      if (outcome != Outcome::kMore) return outcome;
      continue;
    }
    if (at_ == line_begin_ && lines_ > 0 && (c == ' ' || c == '\t')) return refuse(kFoldedLine);
    while (at_ < bytes.size() && is_plain(bytes[at_])) ++at_;
    if (is_too_long(at_)) return Outcome::kRefused;
    if (at_ == bytes.size()) break;
    if (bytes[at_] != '\r') return refuse(kControlCharacter);
    after_cr_ = true;
    ++at_;
  }
  return Outcome::kMore;
}

void HeadScanner::reset() {
  at_ = begin_ = line_begin_ = lines_ = 0;
  after_cr_ = false;
}

HeadScanner::Outcome HeadScanner::refuse(const Refusal& refusal) {
  refusal_ = refusal;
  return Outcome::kRefused;
}

HeadScanner::Outcome HeadScanner::end_line() {
  const bool empty = at_ - line_begin_ == 2;
  line_begin_ = at_;
  if (empty && lines_ > 0) return Outcome::kComplete;
  if (empty) {
    // RFC 9112 section 2.2: one empty line before a request line is forgiven, to old clients'
    // honour.
    if (begin_ > 0) return refuse(kEmptyLines);
    begin_ = at_;
    return Outcome::kMore;
  }
  ++lines_;
  if (lines_ > limits_.header_fields_max + 1) return refuse(kTooManyFields);
  return Outcome::kMore;
}

bool HeadScanner::is_too_long(std::size_t line_end) {
  if (lines_ == 0 && line_end - line_begin_ > limits_.request_line_bytes_max) {
    refuse(kLineTooLong);
    return true;
  }
  if (line_end > limits_.header_bytes_max) {
    refuse(kHeadTooLong);
    return true;
  }
  return false;
}

std::optional<Refusal> check_head(const RequestHead& head, Framing& framing) {
  const Fields fields = collect(head.headers);
  for (const Check check : kChecks) {
    if (const Refusal* refusal = check(head, fields, framing)) return *refusal;
  }
  return std::nullopt;
}

ChunkStart look_at_chunk_start(std::string_view bytes, bool first_chunk) {
  std::size_t at = 0;
  // Bytes that have not come yet are taken for right.
  const auto take = [&](std::string_view expected) {
    const auto there = bytes.substr(std::min(at, bytes.size()), expected.size());
    at += expected.size();
    return expected.starts_with(there);
  };
  if (!first_chunk && !take("\r\n")) return ChunkStart::kBad;
  const std::size_t digits_begin = at;
  bool zero = true;
  while (at < bytes.size() && is_hex_digit(bytes[at])) zero &= bytes[at++] == '0';
  const std::size_t digits = at - digits_begin;
  if (digits > kChunkSizeDigitsMax) return ChunkStart::kBad;
  if (at >= bytes.size()) return ChunkStart::kMore;
  if (digits == 0 || !take("\r\n") || (zero && !take("\r\n"))) return ChunkStart::kBad;
  return at > bytes.size() ? ChunkStart::kMore : ChunkStart::kComplete;
}

bool is_valid_host(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == host.npos || end < 3) return false;
    const auto in_address = [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; };
    if (!std::ranges::all_of(host.substr(1, end - 1), in_address)) return false;
    port = host.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return false;
  } else {
    const std::size_t colon = host.find(':');
    const std::string_view name = host.substr(0, colon);
    const auto in_name = [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; };
    if (name.empty() || !std::ranges::all_of(name, in_name)) return false;
    if (colon != host.npos) port = host.substr(colon);
  }
  return port.empty() || is_valid_port(port.substr(1));
}

bool is_valid_field_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_token_character);
}

bool is_valid_field_value(std::string_view value) { return std::ranges::all_of(value, is_plain); }

}  // namespace verihook::http
