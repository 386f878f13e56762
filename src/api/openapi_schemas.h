// The JSON schemas that the route table names, as one JSON object: openapi_schemas.json, embedded.
// Constant data of the program.
#pragma once

#include <string_view>

namespace verihook::api {

std::string_view openapi_schemas();

}  // namespace verihook::api
