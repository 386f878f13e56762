// ServerCore: what the sessions of one server share. Sessions keep it alive, so that one that is
// destroyed late, with its io context, still finds it. One io thread.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "async/timers.h"
#include "async/wait_list.h"
#include "http/response_head.h"
#include "http/server.h"
#include "http/tls_context.h"

namespace verihook::http {

class Session;

struct ServerCore {
  ServerCore(asio::any_io_executor on, Timers& timers_in, IdMaker& ids_in, ServerOptions options_in,
             Server::RequestHandler handler_in)
      : executor(std::move(on)),
        timers(timers_in),
        ids(ids_in),
        options(std::move(options_in)),
        handler(std::move(handler_in)),
        sweep(std::make_unique<Alarm>(timers, executor)) {}

  // Now, as the Date field says it; made once a second.
  const std::string& http_date() {
    const WallTime now = timers.clock().wall_now();
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (date_.empty() || second != date_second_) {
      date_second_ = second;
      date_ = to_http_date(now);
    }
    return date_;
  }

  bool takes_proxy_header_from(const net::IpAddress& peer) const {
    return net::is_in_any(options.proxy_protocol, peer);
  }

  asio::any_io_executor executor;
  Timers& timers;
  IdMaker& ids;
  const ServerOptions options;
  const Server::RequestHandler handler;
  std::unique_ptr<ServerTls> tls;
  ServerStats stats;

  std::list<Session*> sessions;
  std::map<net::IpAddress, std::size_t> sessions_of_peer;
  WaitList session_ended;
  std::size_t in_flight = 0;
  bool stopping = false;

  // Looks once a second for clients that went away while a handler works for them.
  std::unique_ptr<Alarm> sweep;
  bool sweep_armed = false;

 private:
  std::chrono::sys_seconds date_second_{};
  std::string date_;
};

}  // namespace verihook::http
