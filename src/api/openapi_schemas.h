// The JSON schemas that the route table names, as one JSON object. Static text; pure.
#pragma once

#include <string>

namespace verihook::api {

std::string openapi_schemas();

}  // namespace verihook::api
