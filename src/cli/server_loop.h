// ServerLoop: one running Application: its io context, its signals and its end. The first SIGINT or
// SIGTERM asks it to stop, which takes 30 s at most; a second one ends the process at once. SIGHUP
// is ignored (certificates are read again by themselves). One thread.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/config.h"
#include "app/wiring.h"
#include "base/result.h"

namespace verihook::cli {

class ServerLoop {
 public:
  // Creates the application; nothing listens yet.
  static Result<std::unique_ptr<ServerLoop>> create(const app::Config& config);
  ~ServerLoop();
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  app::Application& application() { return *application_; }
  asio::io_context& io() { return io_; }

  // Called with the first signal or fault, before the application is stopped.
  void on_stopping(std::function<Task<void>()> call) { on_stopping_ = std::move(call); }

  // Runs what was started until it has stopped; the exit code.
  int run();
  // Asks it to stop, with this exit code. May be called on the io thread at any time.
  void end(int exit_code);

 private:
  ServerLoop();

  void await_signal();
  Task<void> stop();

  asio::io_context io_{1};
  asio::signal_set signals_;
  asio::steady_timer patience_;
  std::unique_ptr<app::Application> application_;
  std::function<Task<void>()> on_stopping_;
  std::optional<int> exit_code_;
};

}  // namespace verihook::cli
