#include "http/session.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "http/proxy_protocol.h"
#include "http/session_body.h"
#include "http/target.h"

namespace verihook::http {
namespace {

constexpr std::size_t kIdleBufferBytes = 8 * 1024;
constexpr std::size_t kTypicalFieldCount = 12;
constexpr std::size_t kTlsRecordBytes = 16 * 1024;
constexpr Milliseconds kSweepInterval{1'000};
constexpr char kTlsHandshakeRecord = 0x16;
constexpr std::string_view kAllMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

constexpr Refusal kBadTarget{400, "malformed_request",
                             "The request target cannot be decoded, or has dot segments."};

// Counts a request while its handler works.
class InFlight {
 public:
  explicit InFlight(ServerCore& core) : core_(core) { ++core_.in_flight; }
  ~InFlight() { --core_.in_flight; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  ServerCore& core_;
};

HeadLimits head_limits(const ServerLimits& limits) {
  return {limits.request_line_bytes_max, limits.header_bytes_max, limits.header_fields_max};
}

void sweep(ServerCore& core) {
  core.sweep_armed = false;
  for (Session* session : core.sessions) session->cancel_if_abandoned();
}

}  // namespace

void Session::start(std::shared_ptr<ServerCore> core, asio::ip::tcp::socket socket,
                    net::Endpoint peer, Admission admission) {
  const auto executor = core->executor;
  auto session = std::make_shared<Session>(std::move(core), std::move(socket), peer);
  Session& self = *session;
  auto task = run(session, admission);
  asio::co_spawn(
      executor, std::move(task),
      asio::bind_cancellation_slot(self.cancel_.slot(), [session](std::exception_ptr) {}));
}

Session::Session(std::shared_ptr<ServerCore> core, asio::ip::tcp::socket socket, net::Endpoint peer)
    : core_(std::move(core)),
      peer_(peer),
      client_(peer),
      transport_(std::move(socket), core_->timers),
      scanner_(head_limits(core_->options.limits)) {
  position_ = core_->sessions.insert(core_->sessions.end(), this);
  ++core_->sessions_of_peer[peer_.address];
  ++core_->stats.connections_open;
}

Session::~Session() {
  core_->sessions.erase(position_);
  const auto count = core_->sessions_of_peer.find(peer_.address);
  if (--count->second == 0) core_->sessions_of_peer.erase(count);
  --core_->stats.connections_open;
  core_->session_ended.wake_all();
}

void Session::close_if_idle() {
  if (phase_ == Phase::kIdle) transport_.interrupt();
}

void Session::cancel() { cancel_.emit(asio::cancellation_type::terminal); }

void Session::cancel_if_abandoned() {
  if (phase_ != Phase::kHandling) return;
  watch_for_abandonment();
  if (may_be_abandoned_ && transport_.is_peer_gone()) cancel();
}

void Session::abandon() { transport_.close(); }

void Session::watch_for_abandonment() {
  if (core_->sweep_armed || !core_->sweep) return;
  core_->sweep_armed = true;
  core_->sweep->arm(Deadline::after(core_->timers.clock(), kSweepInterval),
                    [core = core_.get()] { sweep(*core); });
}

MonotonicTime Session::in(Milliseconds delay) const {
  return core_->timers.clock().monotonic_now() + delay;
}

Task<void> Session::run(std::shared_ptr<Session> self, Admission admission) {
  try {
    co_await self->serve(admission);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) {
      log_error("a connection failed", {{"error", error.what()}});
    }
  } catch (const std::exception& error) {
    log_error("a connection failed", {{"error", error.what()}});
  }
  self->transport_.close();
}

Task<void> Session::serve(Admission admission) {
  if (admission == Admission::kRefuse) {
    // Before a handshake there is no way to say why.
    if (core_->tls == nullptr) co_await refuse(refusals::kOverloaded);
    co_return;
  }
  if (core_->takes_proxy_header_from(peer_.address) && !co_await learn_client()) co_return;
  if (core_->tls != nullptr && !co_await start_tls()) co_return;
  while (co_await serve_one()) {
  }
}

// Without a right header there is nobody to answer to.
Task<bool> Session::learn_client() {
  transport_.set_due(in(core_->options.limits.header_deadline_ms));
  for (;;) {
    const auto received = co_await transport_.read_some(input_.room(kProxyHeaderBytesMax));
    if (!received) co_return false;
    input_.commit(*received);
    const ProxyHeader header = read_proxy_header(input_.view());
    if (header.state == ProxyHeader::State::kIncomplete) continue;
    if (header.state == ProxyHeader::State::kBad) {
      ++core_->stats.requests_refused;
      log_debug("a proxy did not say whose connection it is", {{"peer", peer_.to_string()}});
      co_return false;
    }
    if (header.client) client_ = *header.client;
    input_.consume(header.bytes);
    co_return true;
  }
}

Task<bool> Session::start_tls() {
  transport_.set_due(in(core_->options.limits.tls_handshake_deadline_ms));
  if (input_.size() == 0) {
    const auto received = co_await transport_.read_some(input_.room(kIdleBufferBytes));
    if (!received) co_return false;
    input_.commit(*received);
  }
  if (input_.view().front() != kTlsHandshakeRecord) {
    co_await refuse(refusals::kPlainOnTls);
    co_return false;
  }
  const auto done = co_await transport_.start_tls(core_->tls->current(), input_.view());
  input_.consume(input_.size());
  if (!done) log_debug("a TLS handshake failed", {{"reason", done.error().message}});
  co_return done.has_value();
}

// One request and its answer; true when another may follow.
Task<bool> Session::serve_one() {
  const ServerLimits& limits = core_->options.limits;
  const Intake intake = co_await read_head();
  if (intake == Intake::kGone) co_return false;
  Request request;
  Framing framing;
  unsigned version = 11;
  auto refusal = intake == Intake::kRefused ? refusal_ : understand(request, framing, version);
  if (refusal) {
    co_await refuse(*refusal);
    co_return false;
  }
  ++core_->stats.requests;
  ++requests_;
  request.peer = client_;
  request.id = core_->ids.make(id_prefix::kRequest);
  // The handler may move the request's parts away.
  const std::string request_id = request.id;
  const Method method = request.method;
  Body body(*this, framing);
  request.body = &body;

  std::optional<InFlight> in_flight;
  Response response;
  if (core_->in_flight >= limits.in_flight_requests_max) {
    ++core_->stats.requests_refused;
    const Refusal& busy = refusals::kOverloaded;
    response = error_response(busy.status, busy.code, busy.sentence, request_id);
    response.headers.add("Retry-After", "1");
  } else {
    in_flight.emplace(*core_);
    response = co_await call_handler(request, body);
  }
  if (body.error() && body.error()->code != Errc::kProtocol &&
      body.error()->code != Errc::kTimeout) {
    co_return false;
  }

  body.discard_buffered();
  const bool keep = parser_.keep_alive() && !core_->stopping &&
                    requests_ < limits.requests_per_connection_max &&
                    (body.ended() || body.rest_is_small());
  const bool answered = co_await answer(std::move(response), {.request_id = request_id,
                                                              .http_1_0 = version == 10,
                                                              .head_only = method == Method::kHead,
                                                              .close = !keep});
  if (!answered) co_return false;
  if (keep && !body.ended()) {
    co_return co_await body.discard_rest(in(limits.linger_deadline_ms));
  }
  co_return keep;
}

Task<Session::Intake> Session::read_head() {
  const ServerLimits& limits = core_->options.limits;
  input_.shrink(kIdleBufferBytes);
  scanner_.reset();
  phase_ = Phase::kIdle;
  bool begun = false;
  while (true) {
    if (input_.size() > 0) {
      const auto outcome = scanner_.scan(input_.view());
      if (outcome == HeadScanner::Outcome::kComplete) co_return Intake::kHead;
      if (outcome == HeadScanner::Outcome::kRefused) {
        refusal_ = scanner_.refusal();
        co_return Intake::kRefused;
      }
      if (!begun) transport_.set_due(in(limits.header_deadline_ms));
      begun = true;
      phase_ = Phase::kReading;
    } else {
      if (core_->stopping) co_return Intake::kGone;
      transport_.set_due(in(limits.idle_deadline_ms));
    }
    // One byte more than the limit, so that what is too long is seen to be.
    const auto room = input_.room(std::max(limits.header_bytes_max + 1, kIdleBufferBytes));
    const auto received = co_await transport_.read_some(room);
    if (!received) {
      if (!begun || received.error().code != Errc::kTimeout) co_return Intake::kGone;
      refusal_ = refusals::kTimeout;
      co_return Intake::kRefused;
    }
    input_.commit(*received);
  }
}

// Takes the head out of the buffer and into `request`.
std::optional<Refusal> Session::understand(Request& request, Framing& framing, unsigned& version) {
  RequestHead head;
  head.headers.reserve(kTypicalFieldCount);
  if (auto refusal = parser_.parse_head(scanner_.head(input_.view()), head)) return refusal;
  if (auto refusal = check_head(head, framing)) return refusal;
  auto target = parse_target(head.target);
  if (!target) return kBadTarget;
  version = head.version;
  request.method = framing.method;
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.headers = std::move(head.headers);
  input_.consume(scanner_.scanned_bytes());
  return std::nullopt;
}

Task<Response> Session::call_handler(Request& request, Body& body) {
  phase_ = Phase::kHandling;
  may_be_abandoned_ = request.method == Method::kGet || request.method == Method::kHead;
  transport_.set_due(MonotonicTime::max());
  watch_for_abandonment();
  const std::string request_id = request.id;
  std::optional<Response> response;
  std::string failure = "an exception of an unknown type";
  try {
    response = co_await core_->handler(request);
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
  }
  if (body.error() && body.error()->code == Errc::kProtocol) {
    co_return error_response(400, refusals::kBadRequest.code, "The body is not well framed.",
                             request_id);
  }
  if (body.error() && body.error()->code == Errc::kTimeout) {
    const Refusal& slow = refusals::kTimeout;
    co_return error_response(slow.status, slow.code, slow.sentence, request_id);
  }
  if (response) co_return *std::move(response);
  if (!cancelled(co_await asio::this_coro::cancellation_state)) {
    log_error("a request handler failed", {{"request_id", request_id}, {"error", failure}});
  }
  const Refusal& internal = refusals::kInternal;
  co_return error_response(internal.status, internal.code, internal.sentence, request_id);
}

Task<void> Session::refuse(const Refusal& refusal) {
  ++core_->stats.requests_refused;
  const std::string request_id = core_->ids.make(id_prefix::kRequest);
  Response response = error_response(refusal.status, refusal.code, refusal.sentence, request_id);
  if (refusal.status == 405) response.headers.add("Allow", std::string(kAllMethods));
  if (refusal.status == 503) response.headers.add("Retry-After", "1");
  co_await answer(std::move(response), {.request_id = request_id});
}

// Writes the answer and, when it is the last, ends the connection politely. False when the
// connection has ended.
Task<bool> Session::answer(Response response, Answering how) {
  if (!is_sendable(response)) {
    log_error("a handler's answer has an impossible status or field",
              {{"request_id", how.request_id}, {"status", response.status}});
    const Refusal& internal = refusals::kInternal;
    response = error_response(internal.status, internal.code, internal.sentence, how.request_id);
  }
  if (response.status >= 500) ++core_->stats.responses_5xx;
  HeadExtras extras;
  extras.date = core_->http_date();
  extras.request_id = how.request_id;
  extras.tls = transport_.is_tls();
  extras.content_length = response.body.size();
  if (response.status == 204 || response.status == 304) {
    extras.body_end = BodyEnd::kNone;
  } else if (response.stream) {
    const auto length = parse_u64(response.headers.get("Content-Length").value_or(""));
    extras.content_length = length.value_or(0);
    extras.body_end = length         ? BodyEnd::kLength
                      : how.http_1_0 ? BodyEnd::kClose
                                     : BodyEnd::kChunked;
  }
  extras.close = how.close || extras.body_end == BodyEnd::kClose;
  extras.keep_alive_1_0 = how.http_1_0;
  out_.clear();
  append_head(out_, response, extras);

  const bool with_body = !how.head_only && extras.body_end != BodyEnd::kNone;
  bool written = false;
  if (!with_body || response.stream) {
    written = co_await write(out_, {});
    if (written && with_body) {
      written = co_await write_stream(response, extras);
    }
  } else if (transport_.is_tls() && response.body.size() <= kTlsRecordBytes) {
    out_ += response.body;  // one record instead of two
    written = co_await write(out_, {});
  } else {
    written = co_await write(out_, response.body);
  }
  if (written && extras.close) co_await linger();
  co_return written && !extras.close;
}

Task<bool> Session::write_stream(const Response& response, const HeadExtras& extras) {
  const bool chunked = extras.body_end == BodyEnd::kChunked;
  const bool measured = extras.body_end == BodyEnd::kLength;
  std::uint64_t left = measured ? extras.content_length : 0;
  while (true) {
    phase_ = Phase::kHandling;
    may_be_abandoned_ = true;
    transport_.set_due(MonotonicTime::max());
    watch_for_abandonment();
    Result<std::string> piece = fail(Errc::kInternal, "the source threw");
    try {
      piece = co_await response.stream();
    } catch (const std::exception& error) {
      piece = fail(Errc::kInternal, error.what());
    }
    // More or less than the length that the head names would be taken for the next answer.
    if (measured && piece && (piece->empty() ? left > 0 : piece->size() > left)) {
      piece = fail(Errc::kInternal, "it has another length than its head says");
    }
    if (!piece) {
      if (!cancelled(co_await asio::this_coro::cancellation_state)) {
        log_warning("a streamed answer was cut short", {{"reason", piece.error().message}});
      }
      transport_.reset();
      co_return false;
    }
    if (piece->empty()) break;
    left -= measured ? piece->size() : 0;
    out_.clear();
    if (chunked) {
      fmt::format_to(std::back_inserter(out_), "{:x}\r\n", piece->size());
      *piece += "\r\n";
    }
    if (!co_await write(out_, *piece)) co_return false;
  }
  co_return !chunked || co_await write("0\r\n\r\n", {});
}

Task<bool> Session::write(std::string_view head, std::string_view body) {
  phase_ = Phase::kWriting;
  const auto written =
      co_await transport_.write(head, body, core_->options.limits.write_deadline_ms);
  co_return written.has_value();
}

Task<void> Session::linger() {
  phase_ = Phase::kLingering;
  const ServerLimits& limits = core_->options.limits;
  co_await transport_.linger(limits.linger_bytes_max, in(limits.linger_deadline_ms));
}

}  // namespace verihook::http
