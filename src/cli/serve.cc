// `verihook serve`: the server.
#include <fmt/format.h>

#include "app/config_reference.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/server_loop.h"

namespace verihook::cli {
namespace {

void announce(app::Application& application, const app::Config& config) {
  const Terminal terminal = terminal_of(Channel::kOut);
  write(Channel::kOut, fmt::format("verihook {} is up\n", app::kVersion));
  std::vector<std::vector<Cell>> rows = {
      {{"listens on"}, {application.local_endpoint().to_string()}},
      {{"API"}, {application.public_url() + "/v1", false, Colour::kBold}},
      {{"data in"}, {config.store.sqlite_path()}},
  };
  const std::string key = application.first_key();
  if (!key.empty()) rows.push_back({{"admin key"}, {key, false, Colour::kBold}});
  write(Channel::kOut, aligned(terminal, rows));
  if (!key.empty()) {
    write(Channel::kOut,
          "The key is shown this once. For the other commands: export VERIHOOK_API_KEY=KEY\n");
  }
}

}  // namespace

int run(const ServeOptions& options) {
  const auto config = app::load_config(options.config, app::process_environment);
  if (!config) {
    write(Channel::kError, config.error().message + "\n");
    return kFailed;
  }
  set_log_level(config->log.level);
  auto loop = ServerLoop::create(*config);
  if (!loop) return complain(loop.error());
  if (const auto started = (*loop)->application().start(); !started) {
    return complain(started.error());
  }
  announce((*loop)->application(), *config);
  return (*loop)->run();
}

int run(const ConfigOptions&) {
  write(Channel::kOut, app::reference_markdown());
  return kDone;
}

}  // namespace verihook::cli
