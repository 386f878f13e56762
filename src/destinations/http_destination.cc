#include "destinations/http_destination.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/text.h"
#include "delivery/schedule.h"
#include "destinations/event_facts.h"
#include "destinations/http_settings.h"
#include "webhooks/signature.h"

namespace verihook::destinations {
namespace {

// What a caller reads about a failure without an answer.
struct Sentence {
  Errc code;
  std::string_view text;
};
constexpr std::array<Sentence, 10> kSentences = {{
    {Errc::kDns, "the name of the endpoint could not be resolved"},
    {Errc::kForbiddenAddress, "the endpoint's address is not a public one"},
    {Errc::kConnectionRefused, "nobody listens at the endpoint"},
    {Errc::kUnreachable, "the endpoint cannot be reached"},
    {Errc::kConnectionLost, "the endpoint closed the connection before it had answered"},
    {Errc::kTimeout, "the endpoint did not answer in time"},
    {Errc::kTls, "the endpoint's TLS handshake or certificate failed"},
    {Errc::kProtocol, "the endpoint's answer was not HTTP"},
    {Errc::kTooLarge, "the headers of the endpoint's answer were too large"},
    {Errc::kInvalidArgument, "the endpoint's URL or headers cannot be sent"},
}};

// Statuses of a failure that can pass by itself, beside 5xx.
constexpr std::array<unsigned, 3> kPassingStatuses = {408, 425, 429};

// Set by us or by HTTP itself; a custom header of that name is passed over.
constexpr std::array<std::string_view, 11> kReservedHeaders = {
    "host", "content-length",    "transfer-encoding", "connection", "expect",        "webhook-id",
    "te",   "webhook-timestamp", "webhook-signature", "upgrade",    "webhook-replay"};

bool is_reserved(std::string_view name, const model::Destination& destination) {
  if (equals_ignoring_case(name, destination.options.signature_header)) return true;
  if (equals_ignoring_case(name, "X-BillionVerify-Signature")) return true;
  return std::ranges::any_of(kReservedHeaders, [&](std::string_view reserved) {
    return equals_ignoring_case(name, reserved);
  });
}

std::optional<std::string> string_member(std::string_view object, std::string_view name) {
  // Headers are short, and read for every attempt.
  std::array<unsigned char, 4096> buffer;
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  boost::system::error_code ec;
  const boost::json::value value = boost::json::parse({object.data(), object.size()}, ec, &memory);
  if (ec || !value.is_object()) return std::nullopt;
  for (const auto& [key, member] : value.get_object()) {
    if (!equals_ignoring_case({key.data(), key.size()}, name)) continue;
    if (!member.is_string()) return std::nullopt;
    return std::string(member.get_string());
  }
  return std::nullopt;
}

std::string content_type_of(const model::Event& event) {
  constexpr std::string_view kJson = "application/json";
  if (event.origin == model::EventOrigin::kProduced) return std::string(kJson);
  return string_member(event.request_headers, "content-type").value_or(std::string(kJson));
}

}  // namespace

std::string secret_place(const model::Destination& destination) {
  return destination.tenant_id + "|" + destination.id;
}

HttpDestination::HttpDestination(http::Client& client, const crypto::SecretBox& secrets,
                                 const Clock& clock, HttpDestinationOptions options)
    : client_(client),
      secrets_(secrets),
      clock_(clock),
      options_(std::move(options)),
      signing_keys_(secrets) {}

Task<delivery::AttemptResult> HttpDestination::attempt(const model::Destination& destination,
                                                       const model::Event& event,
                                                       const model::Delivery& delivery,
                                                       Deadline deadline) {
  const MonotonicTime started = clock_.monotonic_now();
  Result<http::ClientRequest> request = prepare(destination, event, deadline);
  if (!request) co_return result_of(request.error());
  if (!delivery.replay_id.empty()) request->headers.set("webhook-replay", delivery.replay_id);
  http::ClientTiming timing;
  request->timing = &timing;
  const bool literal = request->url.literal.has_value();
  const Result<http::ClientResponse> response = co_await client_.send(std::move(*request));
  delivery::AttemptResult result = response ? result_of(*response, event.origin, clock_.wall_now())
                                            : result_of(response.error());
  result.latency_ms =
      std::chrono::duration<double, std::milli>(clock_.monotonic_now() - started).count();
  result.phases = phases_of(response ? response->timing : timing);
  if (literal) result.phases.dns_ms.reset();
  co_return result;
}

Result<http::ClientRequest> HttpDestination::prepare(const model::Destination& destination,
                                                     const model::Event& event, Deadline deadline) {
  http::ClientRequest request;
  TRY(url, http::Url::parse(destination.url));
  request.url = std::move(url);
  request.connect_timeout_ms = options_.connect_timeout_ms;
  request.total_timeout_ms = std::min(options_.total_timeout_ms, deadline.time_left(clock_));
  request.response_bytes_max = options_.response_bytes_max;
  const WallTime attempt_time = clock_.wall_now();
  request.body = payload_of(event, attempt_time);
  request.headers.add("Content-Type", content_type_of(event));
  request.headers.add("User-Agent", options_.user_agent);
  for (const auto& [name, value] : destination.options.headers) {
    if (!is_reserved(name, destination)) request.headers.set(name, value);
  }
  TRY_VOID(add_credentials(destination, request));
  TRY_VOID(add_signatures(destination, event, attempt_time, request));
  return request;
}

Result<void> HttpDestination::add_signatures(const model::Destination& destination,
                                             const model::Event& event, WallTime attempt_time,
                                             http::ClientRequest& request) {
  webhooks::SigningOptions signing;
  signing.hex_header_name = destination.options.signature_header;
  signing.hex_prefix = destination.options.signature_prefix;
  for (const model::SealedSecret& secret : destination.secrets) {
    if (secret.has_expired(attempt_time)) continue;
    TRY(key, signing_keys_.open(secret.sealed, secret_place(destination)));
    signing.keys.push_back(std::move(key));
  }
  const webhooks::SignedMessage message{event.id, request.body, attempt_time};
  for (auto& [name, value] : webhooks::sign(signing, message)) {
    request.headers.set(std::move(name), std::move(value));
  }
  return {};
}

Result<void> HttpDestination::add_credentials(const model::Destination& destination,
                                              http::ClientRequest& request) const {
  TRY(settings, open_http_settings(destination.settings, secrets_, secret_place(destination)));
  request.basic_credentials = std::move(settings.basic_credentials);
  if (!settings.bearer_token.empty()) {
    request.headers.set("Authorization", "Bearer " + settings.bearer_token);
  }
  request.client_certificate = std::move(settings.client_certificate);
  request.client_key = std::move(settings.client_key);
  return {};
}

model::AttemptPhases phases_of(const http::ClientTiming& timing) {
  model::AttemptPhases phases;
  double before = 0;
  const auto take = [&](double reached_ms) -> std::optional<double> {
    if (reached_ms < 0) return std::nullopt;
    const double took = std::max(0.0, reached_ms - before);
    before = std::max(before, reached_ms);
    return took;
  };
  phases.dns_ms = take(timing.resolved_ms);
  phases.connect_ms = take(timing.connected_ms);
  phases.tls_ms = take(timing.tls_ms);
  phases.first_byte_ms = take(timing.first_byte_ms);
  return phases;
}

delivery::AttemptResult result_of(const http::ClientResponse& response, model::EventOrigin origin,
                                  WallTime now) {
  delivery::AttemptResult result;
  result.status_code = static_cast<int>(response.status);
  result.response_head = response_head(response.body);
  result.success = response.status >= 200 && response.status < 300;
  if (result.success) return result;
  result.error_class = "http_status";
  result.error = "the endpoint answered " + std::to_string(response.status);
  if (response.status >= 300 && response.status < 400) {
    result.error += "; redirects are not followed";
  }
  result.gone = response.status == 410;
  if (response.status == 429 || response.status == 503) {
    if (const auto hint = response.headers.get("Retry-After")) {
      result.retry_after = delivery::parse_retry_after(*hint, now);
    }
  }
  const bool passing =
      response.status >= 500 ||
      std::ranges::find(kPassingStatuses, response.status) != kPassingStatuses.end();
  result.retryable = origin == model::EventOrigin::kProduced || passing;
  return result;
}

delivery::AttemptResult result_of(const Error& error) {
  delivery::AttemptResult result;
  result.error_class = to_string(error.code);
  const auto* found = std::ranges::find(kSentences, error.code, &Sentence::code);
  result.error = found != kSentences.end() ? found->text
                                           : "the attempt could not be made; see the server's log";
  return result;
}

std::string response_head(std::string_view body) {
  std::string head(body.substr(0, kResponseHeadBytes));
  // A character that was cut in two at the end goes as a whole.
  if (body.size() > head.size()) {
    for (int i = 0; i < 3 && !head.empty() && !is_valid_utf8(head); ++i) head.pop_back();
    if (!is_valid_utf8(head)) head = body.substr(0, kResponseHeadBytes);
  }
  const bool text = is_valid_utf8(head);
  for (char& c : head) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (control || byte == 0x7f || (!text && byte >= 0x80)) c = '?';
  }
  return head;
}

}  // namespace verihook::destinations
