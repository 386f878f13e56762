#include "cli/api_client.h"

#include <algorithm>
#include <limits>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/wiring.h"
#include "base/percent.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "http/client_curl.h"
#include "net/asio_endpoint.h"

namespace verihook::cli {
namespace {

namespace json = boost::json;

constexpr Milliseconds kCallTimeout = std::chrono::minutes{30};
constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20;
constexpr int kPageItems = 1'000;
constexpr std::size_t kErrorBytesMax = std::size_t{64} << 10;

// The host's own resolver, so that names in /etc/hosts and search domains work as everywhere else.
class SystemLookup final : public net::HostLookup {
 public:
  explicit SystemLookup(const asio::any_io_executor& executor) : resolver_(executor) {}

  Task<Result<std::vector<net::IpAddress>>> lookup(std::string host, Deadline) override {
    auto [error, results] = co_await resolver_.async_resolve(host, "", kAsTuple);
    if (error == asio::error::operation_aborted) {
      co_return fail(Errc::kCancelled, "the look-up was cancelled");
    }
    if (error) co_return fail(Errc::kDns, fmt::format("the host {} is not known", host));
    std::vector<net::IpAddress> addresses;
    for (const auto& result : results) {
      const net::IpAddress address = net::from_asio(result.endpoint()).address;
      if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
    }
    co_return addresses;
  }

 private:
  asio::ip::tcp::resolver resolver_;
};

std::vector<net::Cidr> everywhere() {
  return {net::Cidr::parse("0.0.0.0/0").value(), net::Cidr::parse("::/0").value()};
}

}  // namespace

struct FreeClient::Parts {
  Parts(const asio::any_io_executor& executor, Timers& timers, net::TrustStore roots)
      : lookup(executor),
        client(executor, timers, lookup, filter, std::move(roots),
               {.user_agent = fmt::format("verihook/{}", app::kVersion)}) {}

  SystemLookup lookup;
  net::AddressFilter filter{everywhere()};
  http::CurlClient client;
};

FreeClient::FreeClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
FreeClient::~FreeClient() = default;

Result<std::unique_ptr<FreeClient>> FreeClient::create(const asio::any_io_executor& executor,
                                                       Timers& timers) {
  TRY(roots, net::TrustStore::load(""));
  return std::unique_ptr<FreeClient>(
      new FreeClient(std::make_unique<Parts>(executor, timers, roots)));
}

Task<Result<http::ClientResponse>> FreeClient::send(http::ClientRequest request) {
  return parts_->client.send(std::move(request));
}

ApiClient::ApiClient(std::unique_ptr<FreeClient> client, Connection connection)
    : client_(std::move(client)), connection_(std::move(connection)) {}

Result<std::unique_ptr<ApiClient>> ApiClient::create(const asio::any_io_executor& executor,
                                                     Timers& timers, Connection connection) {
  if (connection.url.empty()) connection.url = kDefaultServer;
  while (connection.url.ends_with('/')) connection.url.pop_back();
  if (const auto url = http::Url::parse(connection.url); !url) {
    return fail(Errc::kInvalidArgument,
                fmt::format("{}: {}; give the server as http://HOST:PORT",
                            printable(connection.url), url.error().message));
  }
  TRY(client, FreeClient::create(executor, timers));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(client), std::move(connection)));
}

Task<Result<http::ClientResponse>> ApiClient::send(http::Method method, std::string path, Sent sent,
                                                   http::BodySink sink) {
  http::ClientRequest request;
  request.method = method;
  CO_TRY(url, http::Url::parse(connection_.url + path));
  request.url = url;
  if (!connection_.api_key.empty()) {
    request.headers.add("Authorization", "Bearer " + connection_.api_key);
  }
  if (!sent.body.empty() || sent.source) request.headers.add("Content-Type", sent.content_type);
  if (!sent.idempotency_key.empty()) request.headers.add("Idempotency-Key", sent.idempotency_key);
  request.body = std::move(sent.body);
  request.source = std::move(sent.source);
  request.total_timeout_ms = kCallTimeout;
  request.response_bytes_max = kAnswerBytesMax;
  if (sink) {
    request.sink = std::move(sink);
    request.sink_bytes_max = std::numeric_limits<std::uint64_t>::max();
  }
  auto response = co_await client_->send(std::move(request));
  if (!response) co_return std::unexpected(explained(response.error()));
  co_return std::move(*response);
}

Result<ApiClient::Object> ApiClient::object_of(const http::ClientResponse& response) const {
  if (response.status / 100 != 2) return std::unexpected(error_of(response));
  boost::system::error_code error;
  json::value value = json::parse(response.body, error);
  if (error || !value.is_object()) {
    return fail(Errc::kProtocol,
                fmt::format("{} answered something that is not JSON; is it a verihook server?",
                            connection_.url));
  }
  return std::move(value.get_object());
}

Task<Result<ApiClient::Object>> ApiClient::get(std::string path) {
  CO_TRY(response, co_await send(http::Method::kGet, std::move(path)));
  co_return object_of(response);
}

Task<Result<ApiClient::Object>> ApiClient::post(std::string path, std::string body,
                                                std::string idempotency_key) {
  CO_TRY(response, co_await send(http::Method::kPost, std::move(path),
                                 {.body = std::move(body),
                                  .content_type = "application/json",
                                  .idempotency_key = std::move(idempotency_key),
                                  .source = {}}));
  co_return object_of(response);
}

Task<Result<ApiClient::Object>> ApiClient::patch(std::string path, std::string body) {
  CO_TRY(response, co_await send(http::Method::kPatch, std::move(path),
                                 {.body = std::move(body),
                                  .content_type = "application/json",
                                  .idempotency_key = {},
                                  .source = {}}));
  co_return object_of(response);
}

Task<Result<ApiClient::Object>> ApiClient::upload(std::string path, http::UploadSource source,
                                                  std::string content_type,
                                                  std::string idempotency_key) {
  CO_TRY(response, co_await send(http::Method::kPost, std::move(path),
                                 {.body = {},
                                  .content_type = std::move(content_type),
                                  .idempotency_key = std::move(idempotency_key),
                                  .source = std::move(source)}));
  co_return object_of(response);
}

Task<Result<void>> ApiClient::remove(std::string path) {
  CO_TRY(response, co_await send(http::Method::kDelete, std::move(path)));
  if (response.status / 100 != 2) co_return std::unexpected(error_of(response));
  co_return Result<void>{};
}

Task<Result<void>> ApiClient::each(std::string path, std::function<void(const Object&)> on_item) {
  std::string cursor;
  do {
    const std::string from = cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor);
    CO_TRY(page, co_await get(fmt::format("{}?limit={}{}", path, kPageItems, from)));
    const auto* data = page.if_contains("data");
    if (data == nullptr || !data->is_array()) {
      co_return fail(Errc::kProtocol,
                     fmt::format("{} did not answer with a list", connection_.url));
    }
    for (const json::value& item : data->get_array()) {
      if (item.is_object()) on_item(item.get_object());
    }
    const std::string next = text_of(page, "next_cursor");
    if (!next.empty() && next == cursor) {
      co_return fail(Errc::kProtocol,
                     fmt::format("{} answers the same page again and again", connection_.url));
    }
    cursor = next;
  } while (!cursor.empty());
  co_return Result<void>{};
}

Task<Result<void>> ApiClient::download(std::string path, http::BodySink sink) {
  // The sink also gets the body of an error answer; that begins with {"error" and is kept back
  // until it is known to be something else.
  std::string head;
  bool passing = false;
  constexpr std::string_view kErrorHead = R"({"error":)";
  const auto sort = [&](std::string_view piece) {
    if (passing) return sink(piece);
    head.append(piece.substr(0, kErrorBytesMax));
    const bool may_be_error =
        std::string_view(head).substr(0, kErrorHead.size()) == kErrorHead.substr(0, head.size());
    if (may_be_error) return head.size() < kErrorBytesMax;
    passing = true;
    const std::string_view rest = piece.substr(std::min(piece.size(), kErrorBytesMax));
    return sink(std::exchange(head, {})) && (rest.empty() || sink(rest));
  };
  CO_TRY(response, co_await send(http::Method::kGet, std::move(path), {}, sort));
  if (response.status / 100 == 2) {
    if (!head.empty() && !sink(head)) co_return fail(Errc::kCancelled, "the download was stopped");
    co_return Result<void>{};
  }
  response.body = std::move(head);
  co_return std::unexpected(error_of(response));
}

Error ApiClient::error_of(const http::ClientResponse& response) const {
  if (response.status == 401) {
    return {Errc::kUnauthorized,
            connection_.api_key.empty()
                ? fmt::format("{} asks for an API key; give --api-key KEY or set VERIHOOK_API_KEY",
                              connection_.url)
                : fmt::format("{} does not know this API key; `verihook keys create` makes one",
                              connection_.url)};
  }
  boost::system::error_code error;
  const json::value value = json::parse(response.body, error);
  const auto* object = error ? nullptr : value.if_object();
  std::string sentence = object == nullptr ? "" : printable(text_of(*object, "error"));
  if (sentence.empty()) {
    sentence = fmt::format("{} answered with status {}", connection_.url, response.status);
  }
  const bool gone = response.status == 404;
  return {gone ? Errc::kNotFound : Errc::kProtocol, std::move(sentence)};
}

Error ApiClient::explained(Error error) const {
  if (error.code == Errc::kConnectionRefused) {
    error.message = fmt::format(
        "nobody listens at {}; start one with `verihook serve` or give "
        "--server URL",
        connection_.url);
  } else if (error.code != Errc::kInvalidArgument) {
    error.message = fmt::format("{}: {}", connection_.url, error.message);
  }
  return error;
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::int64_t number_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

}  // namespace verihook::cli
