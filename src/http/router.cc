#include "http/router.h"

#include <array>
#include <map>
#include <stdexcept>
#include <string_view>

#include "base/text.h"

namespace verihook::http {

// One segment of the tree of patterns.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> capture;
  std::array<const Route*, kMethodCount> by_method{};

  bool ends_a_pattern() const {
    for (const Route* route : by_method) {
      if (route != nullptr) return true;
    }
    return false;
  }
  const Route* find(Method method) const {
    const Route* own = by_method[static_cast<std::size_t>(method)];
    if (own != nullptr || method != Method::kHead) return own;
    return by_method[static_cast<std::size_t>(Method::kGet)];
  }
  std::string allow() const {
    std::string methods;
    for (std::size_t i = 0; i < kMethodCount; ++i) {
      const auto method = static_cast<Method>(i);
      if (find(method) == nullptr) continue;
      if (!methods.empty()) methods += ", ";
      methods += to_string(method);
    }
    return methods;
  }

  // The node of the path whose segments are left, literals first; `values` gets what {…} matched.
  const Node* match(std::string_view path, std::vector<std::string_view>& values) const {
    if (path.empty()) return ends_a_pattern() ? this : nullptr;
    const std::size_t end = path.find('/', 1);
    const std::string_view segment = path.substr(1, end == path.npos ? end : end - 1);
    const std::string_view rest = end == path.npos ? std::string_view() : path.substr(end);
    if (const auto literal = literals.find(segment); literal != literals.end()) {
      if (const Node* found = literal->second->match(rest, values)) return found;
    }
    if (capture == nullptr || segment.empty()) return nullptr;
    values.push_back(segment);
    if (const Node* found = capture->match(rest, values)) return found;
    values.pop_back();
    return nullptr;
  }
};

namespace {

bool is_capture(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

[[noreturn]] void bad_pattern(const Route& route, std::string_view why) {
  throw std::invalid_argument("route " + std::string(to_string(route.method)) + " " +
                              route.pattern + " " + std::string(why));
}

}  // namespace

Router::Router(std::vector<Route> routes)
    : routes_(std::move(routes)), root_(std::make_unique<Node>()) {
  for (const Route& route : routes_) {
    if (!route.pattern.starts_with('/')) bad_pattern(route, "does not begin with a slash");
    Node* node = root_.get();
    for (const std::string_view segment : split(std::string_view(route.pattern).substr(1), '/')) {
      if (!is_capture(segment) && segment.find_first_of("{}") != segment.npos) {
        bad_pattern(route, "has a brace that is not around a whole segment");
      }
      auto& next = is_capture(segment) ? node->capture : node->literals[std::string(segment)];
      if (next == nullptr) next = std::make_unique<Node>();
      node = next.get();
    }
    const Route*& slot = node->by_method[static_cast<std::size_t>(route.method)];
    if (slot != nullptr) bad_pattern(route, "stands twice in the table");
    slot = &route;
  }
}

Router::~Router() = default;

Task<Response> Router::handle(Request& request) const {
  std::vector<std::string_view> values;
  const Node* node = request.path.starts_with('/') ? root_->match(request.path, values) : nullptr;
  if (node == nullptr) {
    co_return error_response(404, "not_found", "There is nothing at this path.", request.id);
  }
  const Route* route = node->find(request.method);
  if (route == nullptr) {
    Response response = error_response(
        405, "method_not_allowed", "This path does not take that method; see Allow.", request.id);
    response.headers.add("Allow", node->allow());
    co_return response;
  }
  std::size_t next_value = 0;
  for (const std::string_view segment : split(std::string_view(route->pattern).substr(1), '/')) {
    if (!is_capture(segment)) continue;
    request.captures.emplace_back(segment.substr(1, segment.size() - 2), values[next_value++]);
  }
  co_return co_await route->handler(request);
}

}  // namespace verihook::http
