// Router: the one visible table of routes. A pattern is a path with {name} parts, each of which
// matches one segment; the more literal pattern wins, segment by segment. An unknown path is 404, a
// known path with another method 405 with Allow; HEAD is answered by the GET route unless it has
// one of its own. Immutable after construction; one io thread.
#pragma once

#include <functional>
#include <memory>
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
  // Throws std::invalid_argument when a pattern is malformed or stands twice: a fault of the
  // program.
  explicit Router(std::vector<Route> routes);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Fills `request.captures` and calls the handler, or answers 404 or 405.
  Task<Response> handle(Request& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Node;

  const std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

}  // namespace verihook::http
