// CurlLoop: libcurl's multi interface on this program's io thread; a part of CurlClient. The
// sockets of all transfers sit in one epoll set of their own, which the io context watches as a
// single descriptor: that costs one wake-up for many ready sockets, and no object per socket. Time
// passes through Timers. Easy handles are libcurl's `CURL*`, spelt as void here so that its header
// stays in the .cc files.
#pragma once

#include <memory>

#include "async/timers.h"
#include "async/wait_list.h"

namespace verihook::http {

using EasyHandle = void*;

// What a transfer and the loop share; lives in the frame of whoever waits.
struct TransferEnd {
  WaitList ended;
  bool has_ended = false;
  int code = 0;  // CURLcode
};

class CurlLoop {
 public:
  // `idle_connections_max`: how many connections are kept open for reuse.
  CurlLoop(asio::any_io_executor executor, Timers& timers, std::size_t idle_connections_max);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Starts the transfer; `end` is told of its end, and then the loop has let go of both. False when
  // libcurl refuses it.
  bool start(EasyHandle easy, TransferEnd& end);
  // Stops a transfer that has not ended. Never from within a callback of libcurl.
  void abandon(EasyHandle easy);

 private:
  struct State;  // outlives the loop by the turn in which pending handlers learn that it is gone
  std::shared_ptr<State> state_;
};

}  // namespace verihook::http
