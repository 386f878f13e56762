// `verihook listen`: this account's events, forwarded to a local port as they happen. An endpoint
// of its own is made at the start and deleted at the end; in between each event comes on a stream,
// is sent to the port with its headers as they are, and what the port answered is told to the
// server, which takes that for the endpoint's answer. A stream that breaks is opened again, and
// whatever was not answered comes once more.
#include <algorithm>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "async/task_group.h"
#include "base/percent.h"
#include "base/text.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/event_stream.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

namespace json = boost::json;

constexpr Milliseconds kForwardTimeout{14'000};  // the server waits for fifteen seconds
constexpr Milliseconds kPauseMin{250};
constexpr Milliseconds kPauseMax{10'000};
// The server says something every ten seconds.
constexpr Milliseconds kSilenceMax{25'000};
constexpr std::size_t kResponseBytesMax = 64 * 1024;

// Set by the client itself, or about the connection to the server.
constexpr std::string_view kOwnHeaders[] = {"host", "content-length", "connection",
                                            "transfer-encoding"};

class Forwarder {
 public:
  Forwarder(ApiClient& api, FreeClient& client, const asio::any_io_executor& executor,
            http::Url target, std::string path)
      : api_(api),
        client_(client),
        target_(std::move(target)),
        path_(std::move(path)),
        running_(executor, "forward") {}

  // One at a time would make the events of all jobs wait for one another.
  void forward(const StreamEvent& event) {
    boost::system::error_code error;
    json::value value = json::parse(event.data, error);
    if (error || !value.is_object() || event.name != "request") return;
    running_.spawn("forward", send(std::move(value.get_object())));
  }

  Task<void> end() {
    running_.cancel();
    co_await running_.join();
  }

 private:
  Task<void> send(json::object request) {
    // It is called out of the client that brought the event, which must not be called from there.
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    http::ClientRequest forwarded;
    forwarded.url = target_;
    forwarded.body = text_of(request, "body");
    forwarded.total_timeout_ms = kForwardTimeout;
    forwarded.response_bytes_max = kResponseBytesMax;
    if (const auto* headers = request.if_contains("headers"); headers && headers->is_object()) {
      for (const auto& [name, value] : headers->get_object()) {
        const std::string_view known(name.data(), name.size());
        const bool own = std::ranges::any_of(kOwnHeaders, [&](std::string_view other) {
          return equals_ignoring_case(known, other);
        });
        if (!own && value.is_string()) {
          forwarded.headers.add(std::string(known), std::string(value.get_string()));
        }
      }
    }
    const std::string id(forwarded.headers.get("webhook-id").value_or("?"));
    const auto response = co_await client_.send(std::move(forwarded));
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    // What cannot be reached is answered for, so that the event is tried again by its schedule.
    const unsigned status = response ? response->status : 502;
    const std::string body = response ? response->body : response.error().message;
    show(id, text_of(request, "body"), response);
    // An answer that does not arrive is asked for again, with the event.
    [[maybe_unused]] const auto told =
        co_await api_.post(path_ + "/answers", answer(number_of(request, "number"), status, body));
  }

  static std::string answer(std::int64_t number, unsigned status, const std::string& body) {
    std::string text;
    webhooks::JsonWriter writer(text);
    writer.begin_object();
    writer.member("number", number);
    writer.member("status", status);
    writer.member("body", printable(body));
    writer.end_object();
    return text;
  }

  static void show(const std::string& id, const std::string& body,
                   const Result<http::ClientResponse>& response) {
    const Terminal terminal = terminal_of(Channel::kOut);
    boost::system::error_code error;
    const json::value event = json::parse(body, error);
    const std::string type = event.is_object() ? text_of(event.get_object(), "event_type") : "";
    const bool good = response && response->status / 100 == 2;
    const std::string what =
        response ? fmt::format("{} in {:.0f} ms", response->status, response->timing.total_ms)
                 : response.error().message;
    write(Channel::kOut,
          fmt::format("{} {} {}\n", printable(type), printable(id),
                      paint(terminal, good ? Colour::kGreen : Colour::kRed, printable(what))));
  }

  ApiClient& api_;
  FreeClient& client_;
  const http::Url target_;
  const std::string path_;
  TaskGroup running_;
};

std::string request_body(const ListenOptions& options) {
  std::string body;
  webhooks::JsonWriter writer(body);
  writer.begin_object();
  if (!options.secret.empty()) writer.member("secret", options.secret);
  if (!options.events.empty()) {
    writer.key("events");
    writer.begin_array();
    for (const std::string& event : options.events) writer.value(event);
    writer.end_array();
  }
  writer.end_object();
  return body;
}

Task<void> receive(ApiClient& api, std::string path, http::BodySink sink, Result<void>& ended) {
  ended = co_await api.download(std::move(path), std::move(sink));
}

// The stream until it ends, or until nothing has come for so long that nobody can be there.
// kCancelled: it was interrupted.
Task<Result<void>> receive_while_heard(ApiClient& api, Timers& timers, std::string path,
                                       const http::BodySink& sink) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto executor = co_await asio::this_coro::executor;
  Result<void> ended;
  TaskGroup call(executor, "stream");
  Alarm silence(timers, executor);
  const auto heard = [&] {
    silence.arm(Deadline::after(timers.clock(), kSilenceMax), [&] { call.cancel(); });
  };
  heard();
  const auto listen = [&](std::string_view piece) {
    heard();
    return sink(piece);
  };
  call.spawn("stream", receive(api, std::move(path), listen, ended));
  co_await call.join();
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    call.cancel();
    co_await call.join();
    co_return fail(Errc::kCancelled, "interrupted");
  }
  if (!ended && ended.error().code == Errc::kCancelled) {
    co_return fail(Errc::kConnectionLost, "the server says nothing any more");
  }
  co_return ended;
}

// Until it is interrupted, or the server says that there is no such listener any more.
Task<Error> follow(ApiClient& api, Timers& timers, Forwarder& forwarder, const std::string& path) {
  Milliseconds pause = kPauseMin;
  for (;;) {
    EventStream stream([&](const StreamEvent& event) { forwarder.forward(event); });
    const auto take = [&](std::string_view piece) {
      pause = kPauseMin;
      return stream.take(piece);
    };
    const auto ended = co_await receive_while_heard(api, timers, path + "/stream", take);
    const Errc code = ended ? Errc::kConnectionLost : ended.error().code;
    const bool is_final =
        code == Errc::kCancelled || code == Errc::kNotFound || code == Errc::kUnauthorized;
    if (is_final) co_return ended.error();
    write(Channel::kError, "verihook: the connection to the server ended; connecting again\n");
    co_await sleep_for(timers, pause);
    pause = std::min(kPauseMax, pause * 2);
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      co_return Error{Errc::kCancelled, "interrupted"};
    }
  }
}

Task<Result<int>> listen(ApiClient& api, FreeClient& client, ClientSession& session,
                         const ListenOptions& options) {
  CO_TRY(target, http::Url::parse(options.forward_to));
  CO_TRY(made, co_await api.post("/v1/listeners", request_body(options)));
  const std::string id = text_of(made, "webhook_id");
  const std::string path = "/v1/listeners/" + percent_encoded(id);
  write(Channel::kOut,
        fmt::format("forwarding events of {} to {}\n", api.server(), target.to_string()));
  if (const std::string secret = text_of(made, "secret"); !secret.empty()) {
    write(Channel::kOut, fmt::format("they are signed with {}\n", printable(secret)));
  }
  Forwarder forwarder(api, client, session.executor(), target, path);
  const Error why = co_await follow(api, session.timers(), forwarder, path);
  // The endpoint goes with the command, also when that was interrupted.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await forwarder.end();
  const auto removed = co_await api.remove("/v1/webhooks/" + percent_encoded(id));
  if (why.code != Errc::kCancelled) co_return std::unexpected(why);
  if (!removed) co_return std::unexpected(removed.error());
  co_return kDone;
}

}  // namespace

int run(const ListenOptions& options) {
  ClientSession session;
  auto api = ApiClient::create(session.executor(), session.timers(), options.connection);
  if (!api) return complain(api.error());
  auto client = FreeClient::create(session.executor(), session.timers());
  if (!client) return complain(client.error());
  const auto code = session.run(listen(**api, **client, session, options));
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
