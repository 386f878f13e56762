// `verihook demo`: the server, and a sample job from end to end over its real HTTP API.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "api/authentication.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/demo_story.h"
#include "cli/server_loop.h"
#include "crypto/system_random.h"
#include "net/asio_endpoint.h"

namespace verihook::cli {
namespace {

constexpr int kPortsTriedMax = 100;
constexpr Milliseconds kCheckpointInterval{250};  // progress is to be seen in a short job

bool is_free(asio::io_context& io, const net::Endpoint& endpoint) {
  const auto address = net::to_asio(endpoint);
  asio::ip::tcp::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(address.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(address, error);
  if (!error) acceptor.listen(1, error);
  return !error;
}

// The wanted address, or the same with the next port that nobody listens on.
Result<net::Endpoint> free_endpoint(const net::Endpoint& wanted) {
  asio::io_context io(1);
  net::Endpoint endpoint = wanted;
  for (int i = 0; i < kPortsTriedMax && endpoint.port < 65'535; ++i, ++endpoint.port) {
    if (endpoint.port == 0 || is_free(io, endpoint)) return endpoint;
  }
  return fail(Errc::kConflict,
              fmt::format("cannot listen on {} or the {} ports after it; give another --listen",
                          wanted.to_string(), kPortsTriedMax - 1));
}

// The key with which the demonstration calls its own API. Kept beside the data, so that the next
// demonstration on the same data, and its owner, can use it again.
Result<std::string> load_or_make_key(const std::filesystem::path& file) {
  if (std::ifstream known(file); known) {
    std::string key;
    std::getline(known, key);
    if (!trim(key).empty()) return std::string(trim(key));
  }
  crypto::SystemRandom random;
  std::string key = api::make_api_key(random);
  const FileDescriptor descriptor(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (descriptor.is_open() && write_fully(descriptor.get(), key + "\n")) return key;
  return fail(Errc::kForbidden,
              fmt::format("{} cannot be written: {}; give another folder with --data",
                          file.string(), std::strerror(errno)));
}

Result<app::Config> demo_config(const DemoOptions& options, const net::Endpoint& listen) {
  const std::filesystem::path folder(options.data);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(Errc::kForbidden,
                fmt::format("the folder {} cannot be made: {}", options.data, error.message()));
  }
  app::Config config;
  config.server.listen = listen;
  config.store.url = "sqlite:" + (folder / "verihook.db").string();
  config.secrets.master_key_file = (folder / "master.key").string();
  config.network.allow = {net::Cidr::parse("127.0.0.0/8").value(), net::Cidr::parse("::1").value()};
  config.jobs.checkpoint_interval_ms = kCheckpointInterval.count();
  config.smtp.audit_at_start = false;  // a demonstration asks nobody outside
  config.log.level = LogLevel::kWarning;
  TRY(key, load_or_make_key(folder / "api.key"));
  config.auth.bootstrap_key = key;
  return config;
}

Task<void> end_story(TaskGroup& tasks, DemoStory& story) {
  tasks.cancel();
  co_await tasks.join();
  co_await story.stop();
}

Result<int> run_demo(const DemoOptions& options) {
  const auto wanted = net::Endpoint::parse(options.listen);
  if (!wanted) {
    return fail(Errc::kInvalidArgument,
                "--listen must be an IP address and a port, like "
                "127.0.0.1:8080");
  }
  TRY(listen, free_endpoint(*wanted));
  TRY(config, demo_config(options, listen));
  set_log_level(config.log.level);
  TRY(loop, ServerLoop::create(config));
  TRY_VOID(loop->application().start());
  DemoStory story(loop->io().get_executor(),
                  {.server_url = "http://" + loop->application().local_endpoint().to_string(),
                   .api_key = config.auth.bootstrap_key,
                   .folder = options.data,
                   .wanted = *wanted,
                   .listening = loop->application().local_endpoint(),
                   .stays_up = !options.exit_after_job});
  TaskGroup tasks(loop->io().get_executor(), "demo");
  loop->on_stopping([&] { return end_story(tasks, story); });
  tasks.spawn("story", [](DemoStory& teller, ServerLoop& server, bool exit_after) -> Task<void> {
    const auto told = co_await teller.tell();
    if (!told && told.error().code == Errc::kCancelled) co_return;
    if (!told) complain(told.error());
    if (!told || exit_after) server.end(told ? kDone : kFailed);
  }(story, *loop, options.exit_after_job));
  const int code = loop->run();
  return code;
}

}  // namespace

int run(const DemoOptions& options) {
  const auto code = run_demo(options);
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
