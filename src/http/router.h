// Router: the one visible table of routes. A pattern is a path with {name} parts, each of which matches
// one segment; the more literal pattern wins. An unknown path is 404, a known path with another method
// 405 with Allow. Immutable after construction; one io thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/message.h"

namespace verihook::http {

using Handler = std::function<Task<Response>(Request&)>;

struct Route {
  Method method;
  std::string pattern;
  Handler handler;
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // Fills `request.captures` and calls the handler, or answers 404 or 405.
  Task<Response> handle(Request& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace verihook::http
