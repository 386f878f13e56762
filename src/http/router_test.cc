#include "http/router.h"

#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace verihook::http {
namespace {

// A route whose handler answers with its own pattern and the captures.
Route route(Method method, std::string pattern) {
  Handler handler = [pattern](Request& request) -> Task<Response> {
    std::string text = pattern;
    for (const auto& [name, value] : request.captures) text += " " + name + "=" + value;
    co_return json_response(200, text);
  };
  return {method, std::move(pattern), std::move(handler)};
}

Response ask(const Router& router, Method method, std::string path) {
  asio::io_context io{1};
  Request request;
  request.method = method;
  request.path = std::move(path);
  request.id = "req_1";
  Response response;
  asio::co_spawn(io, router.handle(request), [&](std::exception_ptr error, Response answer) {
    if (error) std::rethrow_exception(error);
    response = std::move(answer);
  });
  io.run();
  return response;
}

std::vector<Route> table() {
  std::vector<Route> routes;
  routes.push_back(route(Method::kGet, "/"));
  routes.push_back(route(Method::kGet, "/v1/bulk/{job_id}"));
  routes.push_back(route(Method::kDelete, "/v1/bulk/{id}"));
  routes.push_back(route(Method::kPost, "/v1/bulk/verify"));
  routes.push_back(route(Method::kGet, "/v1/bulk/download/{job_id}"));
  routes.push_back(route(Method::kGet, "/v1/bulk/{job_id}/results"));
  routes.push_back(route(Method::kPost, "/v1/sources/{id}/rejected/{row}/admit"));
  return routes;
}

TEST(Router, FindsTheRouteAndItsCaptures) {
  const Router router(table());
  EXPECT_EQ(ask(router, Method::kGet, "/").body, "/");
  EXPECT_EQ(ask(router, Method::kGet, "/v1/bulk/job_1").body, "/v1/bulk/{job_id} job_id=job_1");
  EXPECT_EQ(ask(router, Method::kDelete, "/v1/bulk/job_1").body, "/v1/bulk/{id} id=job_1");
  EXPECT_EQ(ask(router, Method::kPost, "/v1/sources/a/rejected/b/admit").body,
            "/v1/sources/{id}/rejected/{row}/admit id=a row=b");
}

TEST(Router, PrefersTheMoreLiteralPatternAndComesBackFromIt) {
  const Router router(table());
  EXPECT_EQ(ask(router, Method::kGet, "/v1/bulk/download/x").body,
            "/v1/bulk/download/{job_id} job_id=x");
  EXPECT_EQ(ask(router, Method::kGet, "/v1/bulk/verify/results").body,
            "/v1/bulk/{job_id}/results job_id=verify");
}

TEST(Router, AnswersHeadByTheRouteOfGet) {
  const Router router(table());
  EXPECT_EQ(ask(router, Method::kHead, "/v1/bulk/a").status, 200u);
  EXPECT_EQ(ask(router, Method::kHead, "/v1/bulk/verify").status, 405u);
}

TEST(Router, Answers404ForPathsThatAreNotThere) {
  const Router router(table());
  for (const char* path : {"/v1", "/v1/bulk", "/v1/bulk/", "/v1/bulk/a/", "/v1/bulk/a/b", "//", "*",
                           "/V1/bulk/a", "/v1//bulk"}) {
    EXPECT_EQ(ask(router, Method::kGet, path).status, 404u) << path;
  }
}

TEST(Router, Answers405WithTheMethodsThatAreThere) {
  const Router router(table());
  const Response response = ask(router, Method::kPut, "/v1/bulk/a");
  EXPECT_EQ(response.status, 405u);
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, DELETE");
}

TEST(Router, ThrowsOnAFaultyTable) {
  for (const char* pattern : {"", "a", "/{a}b", "/{", "/a{b}", "/{}"}) {
    std::vector<Route> routes;
    routes.push_back(route(Method::kGet, pattern));
    EXPECT_THROW(Router{std::move(routes)}, std::invalid_argument) << pattern;
  }
  std::vector<Route> twice;
  twice.push_back(route(Method::kGet, "/{a}"));
  twice.push_back(route(Method::kGet, "/{b}"));
  EXPECT_THROW(Router{std::move(twice)}, std::invalid_argument);
}

}  // namespace
}  // namespace verihook::http
