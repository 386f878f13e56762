#include "destinations/services/nats_protocol.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace verihook::destinations {

namespace json = boost::json;

namespace {

constexpr std::size_t kLineBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kAnswerBytesMax = std::size_t{64} * 1024;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kNoResponders = "503";

// -ERR, by how its text begins, in any case of letters; the first row that fits.
struct ErrorRow {
  std::string_view begins_with;
  Errc code;
};
constexpr std::array<ErrorRow, 8> kErrors = {{
    {"authorization violation", Errc::kUnauthorized},
    {"authentication timeout", Errc::kUnauthorized},
    {"authentication expired", Errc::kUnauthorized},
    {"user authentication", Errc::kUnauthorized},
    {"account authentication", Errc::kUnauthorized},
    {"maximum connections", Errc::kBusy},
    {"maximum payload", Errc::kTooLarge},
    {"", Errc::kProtocol},
}};

// What a refusal of JetStream means, by the HTTP-like code in it.
Errc errc_of_refusal(std::int64_t code) {
  if (code >= 500 || code == 408 || code == 429) return Errc::kBusy;
  if (code == 404) return Errc::kNotFound;
  if (code == 401 || code == 403) return Errc::kForbidden;
  return Errc::kConflict;
}

std::string_view text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

bool truth_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::int64_t> number_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? std::nullopt : std::optional(number);
}

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

// The value of a header may be no second header.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return line;
}

// What the acknowledgement of a publication says: its text, or why nothing was stored.
Result<std::string> acknowledgement(std::string_view headers, std::string_view body,
                                    std::string_view subject) {
  // A status line without a body: nobody has subscribed to the subject, so no stream takes it.
  if (headers.starts_with("NATS/1.0 ")) {
    const std::string_view status = headers.substr(9, headers.find(kLineEnd) - 9);
    if (status.starts_with(kNoResponders)) {
      return fail(Errc::kBusy, fmt::format("no JetStream stream takes the subject {}", subject));
    }
    return fail(Errc::kBusy, fmt::format("NATS answered: {}", quotable(status)));
  }
  const auto object = object_of(body);
  if (!object) return fail(Errc::kProtocol, "the acknowledgement was not that of JetStream");
  if (const json::value* error = object->if_contains("error");
      error != nullptr && error->is_object()) {
    return fail(errc_of_refusal(number_in(error->get_object(), "code").value_or(500)),
                fmt::format("JetStream answered: {}",
                            quotable(text_in(error->get_object(), "description"))));
  }
  if (text_in(*object, "stream").empty() || !number_in(*object, "seq")) {
    return fail(Errc::kProtocol, "the acknowledgement was not that of JetStream");
  }
  return std::string(body);
}

}  // namespace

NatsProtocol::NatsProtocol(const ServiceAddress& address, std::string inbox)
    : user_(address.user),
      password_(address.password),
      host_(address.host),
      inbox_(std::move(inbox)),
      wants_tls_(address.tls) {}

void NatsProtocol::tls_started() {
  encrypted_ = true;
  connect();
}

void NatsProtocol::connect() {
  json::object options{{"verbose", false},   {"pedantic", false},
                       {"lang", "c++"},      {"version", "1"},
                       {"name", "verihook"}, {"protocol", 1},
                       {"headers", true},    {"no_responders", true},
                       {"echo", false},      {"tls_required", encrypted_}};
  if (!user_.empty() && password_.empty()) options["auth_token"] = user_;
  if (!password_.empty()) {
    options["user"] = user_;
    options["pass"] = password_;
  }
  // The PONG says that all before it was taken.
  output_ += fmt::format("CONNECT {}\r\nSUB {}.* 1\r\nPING\r\n", json::serialize(options), inbox_);
  step_ = Step::kRead;
}

Result<void> NatsProtocol::receive(std::string_view bytes) {
  buffer_ += bytes;
  for (;;) {
    TRY(taken, take_next());
    if (!taken) return {};
  }
}

Result<bool> NatsProtocol::take_next() {
  if (has_incoming_) {
    if (buffer_.size() < incoming_.bytes + kLineEnd.size()) return false;
    const std::string whole = buffer_.substr(0, incoming_.bytes);
    if (std::string_view(buffer_).substr(incoming_.bytes, 2) != kLineEnd) {
      return fail(Errc::kProtocol, "a message of the server was not as long as it said");
    }
    buffer_.erase(0, incoming_.bytes + kLineEnd.size());
    has_incoming_ = false;
    const std::string_view text(whole);
    TRY_VOID(
        take_message(text.substr(0, incoming_.header_bytes), text.substr(incoming_.header_bytes)));
    return true;
  }
  // After INFO the server waits for a handshake, so nothing may follow it in the clear.
  if (step_ == Step::kStartTls && !buffer_.empty()) {
    return fail(Errc::kProtocol, "the server sent more before the connection was encrypted");
  }
  const std::size_t end = buffer_.find(kLineEnd);
  if (end == std::string::npos) {
    if (buffer_.size() <= kLineBytesMax) return false;
    return fail(Errc::kProtocol, "a line of the server was longer than 64 KiB");
  }
  const std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + kLineEnd.size());
  TRY_VOID(take_line(line));
  return true;
}

Result<void> NatsProtocol::take_line(std::string_view line) {
  const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string verb = to_lower(line.substr(0, space));
  const std::string_view rest = trim(line.substr(space));
  if (verb == "info") return take_info(rest);
  if (verb == "-err") return take_error(rest);
  if (verb == "msg") return take_message_line(rest, false);
  if (verb == "hmsg") return take_message_line(rest, true);
  if (verb == "+ok") return {};
  if (verb == "ping") {
    output_ += "PONG\r\n";
    return {};
  }
  if (verb == "pong") {
    step_ = Step::kReady;
    return {};
  }
  return fail(Errc::kProtocol, "the server's answer was not that of NATS");
}

// The first thing a server says; later it tells of changes in its cluster, which change nothing.
Result<void> NatsProtocol::take_info(std::string_view text) {
  const auto info = object_of(text);
  if (!info) return fail(Errc::kProtocol, "the server's answer was not that of NATS");
  if (const auto size = number_in(*info, "max_payload"); size && *size > 0) {
    payload_bytes_max_ = static_cast<std::size_t>(*size);
  }
  if (step_ != Step::kRead || encrypted_ || !output_.empty() || !unanswered_.empty()) return {};
  if (!truth_in(*info, "headers")) {
    return fail(Errc::kUnsupported, "the NATS server has no headers; 2.2 or later is needed");
  }
  if (truth_in(*info, "tls_required") || (wants_tls_ && truth_in(*info, "tls_available"))) {
    step_ = Step::kStartTls;
    return {};
  }
  if (wants_tls_) return fail(Errc::kTls, "the NATS server offers no TLS");
  connect();
  return {};
}

Result<void> NatsProtocol::take_error(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("' "), text.size()));
  const std::string said(text.substr(0, text.find_last_not_of("' ") + 1));
  const std::string lower = to_lower(said);
  const Error error{
      std::ranges::find_if(kErrors,
                           [&](const ErrorRow& row) { return lower.starts_with(row.begins_with); })
          ->code,
      "NATS answered: " + quotable(said)};
  if (!lower.starts_with("permissions violation")) return std::unexpected(error);
  // The connection stays; the message that may not be published gets no other answer.
  const Error forbidden{Errc::kForbidden, error.message};
  const auto found = std::ranges::find_if(unanswered_, [&](const Unanswered& each) {
    return lower.contains("\"" + to_lower(each.subject) + "\"");
  });
  if (found == unanswered_.end()) return std::unexpected(forbidden);
  answer(found->number, std::unexpected(forbidden));
  return {};
}

// MSG subject sid [reply] bytes; HMSG subject sid [reply] header_bytes bytes.
Result<void> NatsProtocol::take_message_line(std::string_view rest, bool has_headers) {
  std::vector<std::string_view> words;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    words.push_back(rest.substr(0, end));
    rest = trim(rest.substr(end));
  }
  const std::size_t sizes = has_headers ? 2 : 1;
  if (words.size() < 2 + sizes || words.size() > 3 + sizes) {
    return fail(Errc::kProtocol, "the server's answer was not that of NATS");
  }
  const auto bytes = parse_u64(words.back());
  const auto header_bytes =
      has_headers ? parse_u64(words[words.size() - 2]) : std::optional<std::uint64_t>(0);
  if (!bytes || !header_bytes || *header_bytes > *bytes || *bytes > kAnswerBytesMax) {
    return fail(Errc::kProtocol, "a message of the server was longer than 64 KiB");
  }
  has_incoming_ = true;
  incoming_ = {std::string(words[0]), static_cast<std::size_t>(*header_bytes),
               static_cast<std::size_t>(*bytes)};
  return {};
}

Result<void> NatsProtocol::take_message(std::string_view headers, std::string_view body) {
  const std::string_view subject = incoming_.subject;
  if (!subject.starts_with(inbox_ + ".")) return {};
  const auto number = parse_u64(subject.substr(inbox_.size() + 1));
  const auto found = std::ranges::find(unanswered_, number.value_or(0), &Unanswered::number);
  if (!number || found == unanswered_.end()) return {};
  answer(*number, acknowledgement(headers, body, found->subject));
  return {};
}

void NatsProtocol::answer(std::uint64_t number, Result<std::string> said) {
  std::erase_if(unanswered_, [&](const Unanswered& each) { return each.number == number; });
  answers_.push_back({number, std::move(said)});
}

void NatsProtocol::send(std::uint64_t number, const StreamMessage& message) {
  std::string headers = fmt::format("NATS/1.0\r\nNats-Msg-Id: {}\r\n", one_line(message.id));
  if (!message.expected_stream.empty()) {
    headers += fmt::format("Nats-Expected-Stream: {}\r\n", one_line(message.expected_stream));
  }
  for (const auto& [name, value] : message.fields) {
    headers += fmt::format("{}: {}\r\n", name, one_line(value));
  }
  headers += kLineEnd;
  const std::size_t bytes = headers.size() + message.payload.size();
  if (payload_bytes_max_ != 0 && bytes > payload_bytes_max_) {
    answers_.push_back(
        {number,
         fail(Errc::kTooLarge,
              fmt::format("the NATS server takes messages of {} bytes at most (max_payload)",
                          payload_bytes_max_))});
    return;
  }
  output_ +=
      fmt::format("HPUB {} {}.{} {} {}\r\n", message.target, inbox_, number, headers.size(), bytes);
  output_ += headers;
  output_ += message.payload;
  output_ += kLineEnd;
  unanswered_.push_back({number, message.target});
}

}  // namespace verihook::destinations
