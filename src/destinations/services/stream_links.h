// StreamLinks: the kept connections to servers of streams, one for each destination in use. Who
// publishes while an exchange is under way waits for the next one, in which all messages that came
// in meanwhile go out in one piece (pipelining); so a destination with many events a second costs
// few system calls and the server's distance is paid once per batch.
//
// Every exchange ends at the earliest deadline of its messages, whatever the server trickles; then,
// and after any failure of the connection, it is closed and the messages without an answer fail
// with why. They may have arrived all the same. A connection that nobody used for a while is
// closed. One io thread; stop it before it goes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "async/task_group.h"
#include "async/timers.h"
#include "destinations/services/dialer.h"
#include "destinations/services/stream_protocol.h"

namespace verihook::destinations {

struct StreamLinkOptions {
  std::size_t batch_messages_max = 256;
  std::size_t batch_bytes_max = std::size_t{4} * 1024 * 1024;  // or a single larger message
  Milliseconds idle_ms{20'000};
};

class StreamLinks {
 public:
  using MakeProtocol = std::function<std::unique_ptr<StreamProtocol>(const ServiceAddress&)>;

  // All must outlive it.
  StreamLinks(asio::any_io_executor executor, Timers& timers, Dialer& dialer,
              MakeProtocol make_protocol, StreamLinkOptions options = {});
  ~StreamLinks();
  StreamLinks(const StreamLinks&) = delete;
  StreamLinks& operator=(const StreamLinks&) = delete;

  // What the server said of the message. `key` names the destination; one whose address changed
  // gets a new connection. Errors: those of the dialer, of the protocol and of net/network.h.
  Task<Result<std::string>> publish(std::string key, ServiceAddress address, StreamMessage message,
                                    Deadline deadline);

  // Closes every connection. Nobody may publish any more.
  Task<void> stop();

  std::size_t open_connections() const;

 private:
  class Link;
  std::shared_ptr<Link> link_for(const std::string& key, const ServiceAddress& address);

  asio::any_io_executor executor_;
  Timers& timers_;
  Dialer& dialer_;
  const MakeProtocol make_protocol_;
  const StreamLinkOptions options_;
  std::map<std::string, std::shared_ptr<Link>, std::less<>> links_;
  TaskGroup exchanges_;
};

}  // namespace verihook::destinations
