// Server-sent events (HTML Living Standard, section 9.2) as the body of an answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"
#include "http/message.h"

namespace verihook::api {

// Proxies close what says nothing for long, so a stream without news says this so often.
inline constexpr Milliseconds kHeartbeatInterval{10'000};
inline constexpr std::string_view kHeartbeat = ": still here\n\n";

// `data` is one line.
inline std::string server_event(std::string_view name, std::int64_t id, std::string_view data) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, id, data);
}

// The answer whose pieces are what `events->next()` returns, until that is empty.
template <class Events>
http::Response event_stream(std::shared_ptr<Events> events) {
  http::Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.stream = [events]() -> Task<Result<std::string>> { return events->next(); };
  return response;
}

}  // namespace verihook::api
