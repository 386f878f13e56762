#include "cli/demo_customer.h"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "cli/api_client.h"
#include "webhooks/signature.h"
#include "webhooks/verify.h"

namespace verihook::cli {
namespace {

constexpr std::string_view kPath = "/webhooks/verification";
constexpr std::size_t kBodyBytesMax = std::size_t{1} << 20;
constexpr Milliseconds kTolerance = std::chrono::minutes{5};
constexpr Milliseconds kStopTime = std::chrono::seconds{2};

http::ServerOptions on_free_loopback_port() {
  http::ServerOptions options;
  options.listen = {net::IpAddress::loopback_v4(), 0};
  return options;
}

bool is_signed(webhooks::VerifierKind kind, const std::string& secret, const http::Request& request,
               const std::string& body, WallTime now) {
  auto config = webhooks::default_verifier(kind);
  config.secrets = {secret};
  return webhooks::verify(config, request.headers.fields(), body, now, kTolerance).accepted();
}

}  // namespace

DemoCustomer::DemoCustomer(const asio::any_io_executor& executor, Timers& timers, Random& random,
                           OnWebhook on_webhook)
    : timers_(timers),
      secret_(webhooks::generate_secret(random)),
      on_webhook_(std::move(on_webhook)),
      ids_(timers.clock(), random),
      server_(executor, timers, ids_, on_free_loopback_port(),
              [this](http::Request& request) { return receive(request); }) {}

std::string DemoCustomer::url() const {
  return fmt::format("http://{}{}", server_.local_endpoint().to_string(), kPath);
}

Task<void> DemoCustomer::stop() {
  return server_.stop(Deadline::after(timers_.clock(), kStopTime));
}

Task<http::Response> DemoCustomer::receive(http::Request& request) {
  if (request.method != http::Method::kPost || request.path != kPath) {
    co_return http::error_response(404, "not_found", "webhooks go to another path", request.id);
  }
  const auto body = co_await request.body->read_all(kBodyBytesMax);
  if (!body) {
    co_return http::error_response(400, "invalid_argument", body.error().message, request.id);
  }
  const WallTime now = timers_.clock().wall_now();
  DemoWebhook webhook;
  webhook.hex_signature = is_signed(webhooks::VerifierKind::kHmac, secret_, request, *body, now);
  webhook.standard_signature =
      is_signed(webhooks::VerifierKind::kStandardWebhooks, secret_, request, *body, now);
  if (!webhook.hex_signature || !webhook.standard_signature) {
    on_webhook_(webhook);
    co_return http::error_response(401, "unauthorized", "Invalid signature", request.id);
  }
  boost::system::error_code error;
  const boost::json::value payload = boost::json::parse(*body, error);
  if (error || !payload.is_object()) {
    co_return http::error_response(400, "invalid_argument", "not JSON", request.id);
  }
  const auto& object = payload.get_object();
  webhook.event_type = text_of(object, "event_type");
  webhook.event_id = text_of(object, "webhook_id");
  if (const auto* percent = object.if_contains("percent_complete"); percent != nullptr) {
    webhook.detail = fmt::format("{:.1f} %", percent->to_number<double>(error));
  }
  on_webhook_(webhook);
  co_return http::json_response(200, R"({"received":true})");
}

}  // namespace verihook::cli
