// `verihook verify`: one-off checks, by a server or in this process.
#include <filesystem>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "app/wiring.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/result_view.h"
#include "verification/result_json.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

void show(const VerifyOptions& options, const boost::json::object& result, std::string_view text) {
  if (options.json) {
    write(Channel::kOut, fmt::format("{}\n", text));
    return;
  }
  const bool last = options.addresses.size() == 1;
  write(Channel::kOut, verdict_text(terminal_of(Channel::kOut), result) + (last ? "" : "\n"));
}

Result<void> show_text(const VerifyOptions& options, const std::string& text) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) return fail(Errc::kInternal, "the result is not an object");
  show(options, value.get_object(), text);
  return {};
}

std::string request_of(const VerifyOptions& options, const std::string& address) {
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  json.member("email", address);
  json.member("smtp", !options.no_smtp);
  json.member("syntax", options.syntax);
  json.member("timeout_ms", options.timeout_ms);
  json.end_object();
  return body;
}

Task<Result<int>> verify_at_server(ApiClient& client, const VerifyOptions& options) {
  for (const std::string& address : options.addresses) {
    const std::string path = options.trace ? "/v1/verify?trace=true" : "/v1/verify";
    CO_TRY(result, co_await client.post(path, request_of(options, address)));
    show(options, result, boost::json::serialize(result));
  }
  co_return kDone;
}

Task<Result<int>> verify_here(app::Application& application, const VerifyOptions& options,
                              const Clock& clock) {
  model::JobOptions job;
  job.smtp = !options.no_smtp;
  job.syntax = model::parse_syntax(options.syntax).value_or(job.syntax);
  job.greylist = model::Greylist::kSkip;
  for (const std::string& address : options.addresses) {
    const auto deadline = Deadline::after(clock, Milliseconds{options.timeout_ms});
    verification::Trace trace;
    verification::Trace* const wanted = options.trace ? &trace : nullptr;
    const auto verdict = co_await application.verifier().verify(address, job, deadline, wanted);
    std::string text;
    verification::append_result(text, verdict, {}, wanted);
    CO_TRY_VOID(show_text(options, text));
  }
  co_await application.verifier().stop();
  co_return kDone;
}

// A folder that is gone with the object: a check here needs no master key, and must leave none.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("verihook-verify-{}", ::getpid())) {}
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Result<int> run_here(const VerifyOptions& options) {
  TRY(config, app::load_config(options.config, app::process_environment));
  const ScratchFolder scratch;
  app::Config settings = config;
  settings.store.url = "sqlite:" + (scratch.path() / "unused.db").string();
  settings.secrets.master_key_file = (scratch.path() / "unused.key").string();
  set_log_level(std::max(settings.log.level, LogLevel::kWarning));
  ClientSession session;
  TRY(application, app::Application::create(settings, session.io()));
  return session.run(verify_here(*application, options, session.clock()));
}

Result<int> run_at_server(const VerifyOptions& options) {
  ClientSession session;
  TRY(client, ApiClient::create(session.executor(), session.timers(), options.connection));
  return session.run(verify_at_server(*client, options));
}

}  // namespace

int run(const VerifyOptions& options) {
  const auto code = options.connection.url.empty() ? run_here(options) : run_at_server(options);
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
