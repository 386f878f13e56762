// DemoCustomer: the customer of the demonstration: a little HTTP server on a free loopback port
// that takes webhooks, checks both families of signatures and says what it got. Lives on the io
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/timers.h"
#include "base/ids.h"
#include "http/server.h"

namespace verihook::cli {

// One webhook as it came in.
struct DemoWebhook {
  std::string event_type;
  std::string event_id;
  std::string detail;               // "63.1 %" of a progress event, else empty
  bool hex_signature = false;       // X-Webhook-Signature is right
  bool standard_signature = false;  // webhook-signature is right
};

class DemoCustomer {
 public:
  using OnWebhook = std::function<void(const DemoWebhook&)>;

  // Everything passed by reference must outlive the customer.
  DemoCustomer(const asio::any_io_executor& executor, Timers& timers, Random& random,
               OnWebhook on_webhook);
  DemoCustomer(const DemoCustomer&) = delete;
  DemoCustomer& operator=(const DemoCustomer&) = delete;

  Result<void> start() { return server_.start(); }
  Task<void> stop();
  std::string url() const;
  const std::string& secret() const { return secret_; }

 private:
  Task<http::Response> receive(http::Request& request);

  Timers& timers_;
  const std::string secret_;
  const OnWebhook on_webhook_;
  IdMaker ids_;
  http::Server server_;
};

}  // namespace verihook::cli
