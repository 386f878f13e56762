#include "http/client_curl_loop.h"

#include <array>
#include <stdexcept>
#include <sys/epoll.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <curl/curl.h>

namespace verihook::http {
namespace {

constexpr int kEventsPerTurnMax = 256;

}  // namespace

struct CurlLoop::State : std::enable_shared_from_this<CurlLoop::State> {
  State(const asio::any_io_executor& e, Timers& timers)
      : executor(e), sockets(e, make_epoll()), timeout(timers, e), clock(timers.clock()) {}

  static int make_epoll() {
    const int descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) throw std::runtime_error("epoll_create1 failed");
    return descriptor;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* watched);
  static int on_timeout(CURLM*, long delay_ms, void* self);

  void watch(curl_socket_t socket, int what, bool watched_before);
  void wait_for_sockets();
  void serve_sockets();
  void serve_timeout();
  void arm_timeout();
  void kick_soon();
  void collect_ended();
  void let_go(EasyHandle easy);

  asio::any_io_executor executor;
  asio::posix::stream_descriptor sockets;
  Alarm timeout;
  Deadline armed = Deadline::never();  // when the alarm rings
  Deadline due = Deadline::never();    // when libcurl wants to be called
  const Clock& clock;
  CURLM* multi = nullptr;
  std::size_t transfers = 0;
  bool waiting = false;  // for the epoll set
  bool kicked = false;
};

// libcurl keeps `watched` per socket for us: null until the first time.
int CurlLoop::State::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* watched) {
  auto& state = *static_cast<State*>(self);
  state.watch(socket, what, watched != nullptr);
  if (what != CURL_POLL_REMOVE && watched == nullptr) curl_multi_assign(state.multi, socket, self);
  return 0;
}

void CurlLoop::State::watch(curl_socket_t socket, int what, bool watched_before) {
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(sockets.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  epoll_event event{};
  event.data.fd = socket;
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  const int operation = watched_before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  epoll_ctl(sockets.native_handle(), operation, socket, &event);
}

int CurlLoop::State::on_timeout(CURLM*, long delay_ms, void* self) {
  auto& state = *static_cast<State*>(self);
  state.due = Deadline::never();
  if (delay_ms == 0) {
    state.kick_soon();
  } else if (delay_ms > 0) {
    state.due = Deadline::after(state.clock, Milliseconds(delay_ms));
    state.arm_timeout();
  }
  return 0;
}

// The moment moves with nearly every request, mostly to a later one. An alarm that would ring too
// early is left alone and armed again when it rings, which saves a system call per request.
void CurlLoop::State::arm_timeout() {
  if (due.is_never() || armed.time() <= due.time()) return;
  armed = due;
  timeout.arm(due, [this] {
    armed = Deadline::never();
    due.passed(clock) ? serve_timeout() : arm_timeout();
  });
}

// libcurl must not be called from its own callbacks, and many transfers may start in one turn.
void CurlLoop::State::kick_soon() {
  if (kicked) return;
  kicked = true;
  asio::post(executor, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->kicked = false;
    self->serve_timeout();
  });
}

void CurlLoop::State::serve_timeout() {
  int running = 0;
  curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  collect_ended();
}

void CurlLoop::State::wait_for_sockets() {
  if (waiting || transfers == 0) return;
  waiting = true;
  sockets.async_wait(asio::posix::stream_descriptor::wait_read,
                     [weak = weak_from_this()](const boost::system::error_code& error) {
                       const auto self = weak.lock();
                       if (!self) return;
                       self->waiting = false;
                       if (!error) self->serve_sockets();
                       self->wait_for_sockets();
                     });
}

void CurlLoop::State::serve_sockets() {
  std::array<epoll_event, kEventsPerTurnMax> events;
  const int count = epoll_wait(sockets.native_handle(), events.data(), kEventsPerTurnMax, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    int what = 0;
    if (event.events & EPOLLIN) what |= CURL_CSELECT_IN;
    if (event.events & EPOLLOUT) what |= CURL_CSELECT_OUT;
    if (event.events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi, event.data.fd, what, &running);
  }
  collect_ended();
}

void CurlLoop::State::collect_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* const easy = message->easy_handle;  // `message` dies with the removal
    void* end_pointer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &end_pointer);
    let_go(easy);
    auto& end = *static_cast<TransferEnd*>(end_pointer);
    end.has_ended = true;
    end.code = static_cast<int>(code);
    end.ended.wake_all();
  }
}

void CurlLoop::State::let_go(EasyHandle easy) {
  curl_multi_remove_handle(multi, easy);
  if (--transfers > 0) return;
  // Nothing to watch any more; an io context that has no other work may end.
  if (waiting) sockets.cancel();
  timeout.disarm();
  armed = due = Deadline::never();
}

CurlLoop::CurlLoop(asio::any_io_executor executor, Timers& timers, std::size_t idle_connections_max)
    : state_(std::make_shared<State>(executor, timers)) {
  // libcurl counts these, and the last clean-up undoes them.
  const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  state_->multi = ready ? curl_multi_init() : nullptr;
  if (!state_->multi) throw std::runtime_error("libcurl could not be started");
  CURLM* const multi = state_->multi;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, state_.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::on_timeout);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, state_.get());
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(idle_connections_max));
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(state_->multi);
  state_->timeout.disarm();
  curl_global_cleanup();
}

bool CurlLoop::start(EasyHandle easy, TransferEnd& end) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &end);
  if (curl_multi_add_handle(state_->multi, easy) != CURLM_OK) return false;
  ++state_->transfers;
  state_->wait_for_sockets();
  return true;
}

void CurlLoop::abandon(EasyHandle easy) { state_->let_go(easy); }

}  // namespace verihook::http
