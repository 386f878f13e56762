// The route table: every path of the program with its method, who may call it, its handler and what
// the OpenAPI document says of it. There is no other place where a route is made.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/context.h"
#include "http/router.h"

namespace verihook::api {

enum class Access {
  kPublic,  // no key
  kRead,    // a key with scope read or more
  kLink,    // the same, or the token of the download_url of the job that the path names
  kWrite,   // write or more
  kAdmin,   // admin
};

struct RouteSpec {
  http::Method method;
  std::string_view pattern;
  Access access;
  Answer (*handler)(Context&, Call&);
  unsigned success_status;
  std::string_view summary;
  std::string_view request_schema;   // a name in openapi_schemas.json; empty: no body
  std::string_view response_schema;  // likewise; empty: no JSON body
  std::string_view query;            // names of query parameters, separated by spaces
  // Of a 202 that the caller may ask for instead; empty: there is none.
  std::string_view accepted_schema = {};
  std::string_view text_types =
      {};  // content types that a body may have beside JSON, with spaces too
};

std::span<const RouteSpec> route_table();

// The table's handlers with authentication, scopes and errors around each. `context` must outlive
// them.
std::vector<http::Route> make_routes(Context& context);

// OpenAPI 3.1 of the table.
std::string openapi_json(std::string_view version, std::string_view public_url);

}  // namespace verihook::api
