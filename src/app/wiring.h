// Application: the whole program, constructed in the order of dependence; destruction is the
// reverse. There is no other place where parts meet. Lives on one io thread, with the store's
// threads and one pool for heavy thinking beside it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "app/config.h"
#include "base/result.h"
#include "net/ip.h"
#include "verification/verifier.h"

namespace verihook::app {

inline constexpr std::string_view kVersion = "0.1.0";

class Application {
 public:
  // Checks what can be checked without starting: lists, master key, TLS files. `io` must outlive
  // it.
  static Result<std::unique_ptr<Application>> create(const Config& config, asio::io_context& io);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Opens the store, makes the first tenant and key, listens, and starts to work.
  Result<void> start();
  // Stops accepting, finishes or hands back what is under way, and takes leave of mail servers;
  // within 30 s.
  Task<void> stop();

  // Called once, on the io thread, when the store has failed and the program must end.
  void on_failed(std::function<void(const Error&)> call);

  net::Endpoint local_endpoint() const;
  std::string public_url() const;
  // The admin key when one was made at this start, else empty.
  std::string first_key() const;
  verification::Verifier& verifier();

 private:
  class Impl;
  explicit Application(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::app
