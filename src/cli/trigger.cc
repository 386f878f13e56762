// `verihook trigger`: a signed sample event to a receiver, and what it answered.
#include <fmt/format.h>

#include "base/ids.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "crypto/system_random.h"
#include "webhooks/payload.h"
#include "webhooks/signature.h"

namespace verihook::cli {
namespace {

constexpr std::size_t kResponseShownMax = 1'000;

struct Sample {
  std::string id;
  std::string body;
};

Result<Sample> make_sample(const std::string& event, const Clock& clock) {
  crypto::SystemRandom random;
  IdMaker ids(clock, random);
  const WallTime now = clock.wall_now();
  TRY(tail, webhooks::sample_tail(event, now));
  Sample sample;
  sample.id = ids.make(id_prefix::kEvent);
  const std::string job_id = event.starts_with("bulk.") ? ids.make(id_prefix::kJob) : "";
  sample.body = webhooks::render({event, sample.id, "default", job_id}, tail, now);
  return sample;
}

void show(const http::ClientResponse& response) {
  const Terminal terminal = terminal_of(Channel::kOut);
  const bool good = response.status / 100 == 2;
  std::vector<std::vector<Cell>> rows = {
      {{"status"}, {std::to_string(response.status), false, good ? Colour::kGreen : Colour::kRed}},
      {{"took"}, {fmt::format("{:.0f} ms", response.timing.total_ms)}},
      {{"from"}, {response.remote_ip}},
  };
  const std::string body = printable(std::string_view(response.body).substr(0, kResponseShownMax));
  if (!body.empty()) rows.push_back({{"answer"}, {body}});
  write(Channel::kOut, aligned(terminal, rows));
}

Task<Result<int>> trigger(FreeClient& client, const TriggerOptions& options, const Clock& clock) {
  http::ClientRequest request;
  CO_TRY(url, http::Url::parse(options.to));
  request.url = url;
  CO_TRY(sample, make_sample(options.event, clock));
  CO_TRY(key, webhooks::parse_signing_key(options.secret));
  webhooks::SigningOptions signing;
  signing.keys = {std::move(key)};
  for (auto& [name, value] : webhooks::sign(signing, {sample.id, sample.body, clock.wall_now()})) {
    request.headers.add(name, value);
  }
  request.headers.add("Content-Type", "application/json");
  request.body = sample.body;
  request.total_timeout_ms = Milliseconds{options.timeout_ms};
  write(Channel::kOut, fmt::format("{} {} to {}\n", options.event, sample.id, url.to_string()));
  CO_TRY(response, co_await client.send(std::move(request)));
  show(response);
  if (response.status / 100 == 2) co_return kDone;
  co_return fail(Errc::kProtocol,
                 fmt::format("the receiver answered {}; success is 200 to 299", response.status));
}

}  // namespace

int run(const TriggerOptions& options) {
  ClientSession session;
  auto client = FreeClient::create(session.executor(), session.timers());
  if (!client) return complain(client.error());
  const auto code = session.run(trigger(**client, options, session.clock()));
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
