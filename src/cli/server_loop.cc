#include "cli/server_loop.h"

#include <csignal>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "cli/client_session.h"

namespace verihook::cli {
namespace {

constexpr auto kStopTime = std::chrono::seconds{30};

}  // namespace

ServerLoop::ServerLoop() : signals_(io_, SIGINT, SIGTERM), patience_(io_) {
  std::signal(SIGHUP, SIG_IGN);
}

ServerLoop::~ServerLoop() = default;

Result<std::unique_ptr<ServerLoop>> ServerLoop::create(const app::Config& config) {
  std::unique_ptr<ServerLoop> loop(new ServerLoop);
  TRY(application, app::Application::create(config, loop->io_));
  loop->application_ = std::move(application);
  loop->application_->on_failed([loop = loop.get()](const Error& error) {
    complain(error);
    loop->end(kFailed);
  });
  return loop;
}

void ServerLoop::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    if (exit_code_) {
      log_warning("ended at once by a second signal", {{"signal", number}});
      ::_exit(kFailed);
    }
    await_signal();
    end(kDone);
  });
}

void ServerLoop::end(int exit_code) {
  if (exit_code_) return;
  exit_code_ = exit_code;
  patience_.expires_after(kStopTime);
  patience_.async_wait([](boost::system::error_code error) {
    if (error) return;
    log_error("not everything has ended in time; ending now");
    ::_exit(kFailed);
  });
  asio::co_spawn(io_, stop(), [this](std::exception_ptr fault) {
    if (fault) exit_code_ = kFailed;
    io_.stop();
  });
}

Task<void> ServerLoop::stop() {
  if (on_stopping_) co_await on_stopping_();
  co_await application_->stop();
}

int ServerLoop::run() {
  await_signal();
  io_.restart();
  io_.run();
  return exit_code_.value_or(kDone);
}

}  // namespace verihook::cli
