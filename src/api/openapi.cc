#include <map>

#include "api/openapi_schemas.h"
#include "api/routes.h"
#include "base/text.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

using webhooks::JsonWriter;

std::string_view tag_of(std::string_view pattern) {
  if (!pattern.starts_with("/v1/")) return pattern.starts_with("/webhooks") ? "receive" : "operate";
  pattern.remove_prefix(4);
  return pattern.substr(0, pattern.find('/'));
}

// "get /v1/bulk/{job_id}" becomes "get_v1_bulk_job_id".
std::string operation_id(const RouteSpec& route) {
  std::string id = to_lower(http::to_string(route.method));
  bool separate = true;
  for (const char c : route.pattern) {
    if (!is_alnum(c)) {
      separate = true;
      continue;
    }
    if (separate) id.push_back('_');
    separate = false;
    id.push_back(c);
  }
  return id;
}

void append_parameter(JsonWriter& json, std::string_view name, std::string_view where) {
  json.begin_object();
  json.member("name", name);
  json.member("in", where);
  json.member("required", where == "path");
  json.key("schema");
  json.raw(name == "limit" ? R"({"type":"integer","minimum":1,"maximum":1000,"default":50})"
                           : R"({"type":"string"})");
  json.end_object();
}

void append_parameters(JsonWriter& json, const RouteSpec& route) {
  json.key("parameters");
  json.begin_array();
  std::string_view rest = route.pattern;
  while (rest.find('{') != rest.npos) {
    const auto begin = rest.find('{') + 1;
    const auto end = rest.find('}');
    append_parameter(json, rest.substr(begin, end - begin), "path");
    rest.remove_prefix(end + 1);
  }
  for (const std::string_view name : split(route.query, ' ')) {
    if (!name.empty()) append_parameter(json, name, "query");
  }
  json.end_array();
}

void append_json_content(JsonWriter& json, std::string_view schema) {
  json.key("application/json");
  json.begin_object();
  json.key("schema");
  json.begin_object();
  json.member("$ref", "#/components/schemas/" + std::string(schema));
  json.end_object();
  json.end_object();
}

void append_reference(JsonWriter& json, std::string_view schema) {
  json.key("content");
  json.begin_object();
  append_json_content(json, schema);
  json.end_object();
}

void append_request_content(JsonWriter& json, const RouteSpec& route) {
  json.key("content");
  json.begin_object();
  append_json_content(json, route.request_schema);
  for (const std::string_view type : split(route.text_types, ' ')) {
    if (type.empty()) continue;
    json.key(type);
    json.raw(R"({"schema":{"type":"string"}})");
  }
  json.end_object();
}

void append_response(JsonWriter& json, std::string_view status, std::string_view description,
                     std::string_view schema) {
  json.key(status);
  json.begin_object();
  json.member("description", description);
  if (!schema.empty()) append_reference(json, schema);
  json.end_object();
}

// Of the one document that can be had in parts.
void append_part_responses(JsonWriter& json) {
  append_response(json, "206", "The part that Range asks for", {});
  append_response(json, "304", "The client has it already, by If-None-Match", {});
  append_response(json, "416", "It has no such part; Content-Range says how long it is", "Error");
}

void append_responses(JsonWriter& json, const RouteSpec& route) {
  json.key("responses");
  json.begin_object();
  append_response(json, std::to_string(route.success_status), route.summary, route.response_schema);
  if (!route.accepted_schema.empty()) {
    append_response(json, "202", "Accepted; the answer comes later", route.accepted_schema);
  }
  if (route.response_schema == "Verdicts") append_part_responses(json);
  append_response(json, "default", "What went wrong, in one sentence", "Error");
  json.end_object();
}

void append_operation(JsonWriter& json, const RouteSpec& route) {
  json.key(to_lower(http::to_string(route.method)));
  json.begin_object();
  json.member("operationId", operation_id(route));
  json.member("summary", route.summary);
  json.key("tags");
  json.begin_array();
  json.value(tag_of(route.pattern));
  json.end_array();
  if (route.access == Access::kPublic) {
    json.key("security");
    json.raw("[]");
  } else if (route.access == Access::kLink) {
    json.key("security");
    json.raw(R"([{"bearer":[]},{"link":[]}])");
  }
  append_parameters(json, route);
  if (!route.request_schema.empty()) {
    json.key("requestBody");
    json.begin_object();
    json.member("required", true);
    append_request_content(json, route);
    json.end_object();
  }
  append_responses(json, route);
  json.end_object();
}

void append_paths(JsonWriter& json) {
  std::map<std::string_view, std::vector<const RouteSpec*>> by_path;
  for (const RouteSpec& route : route_table()) by_path[route.pattern].push_back(&route);
  json.key("paths");
  json.begin_object();
  for (const auto& [path, routes] : by_path) {
    json.key(path);
    json.begin_object();
    for (const RouteSpec* route : routes) append_operation(json, *route);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string openapi_json(std::string_view version, std::string_view public_url) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("openapi", "3.1.0");
  json.key("info");
  json.begin_object();
  json.member("title", "verihook");
  json.member("description",
              "Email verification that answers through webhooks, and the gateway that receives "
              "them.");
  json.member("version", version);
  json.end_object();
  json.key("servers");
  json.begin_array();
  json.begin_object();
  json.member("url", public_url);
  json.end_object();
  json.end_array();
  json.key("security");
  json.raw(R"([{"bearer":[]}])");
  append_paths(json);
  json.key("components");
  json.begin_object();
  json.key("securitySchemes");
  json.raw(R"({"bearer":{"type":"http","scheme":"bearer"},)"
           R"("link":{"type":"apiKey","in":"query","name":"token"}})");
  json.key("schemas");
  json.raw(openapi_schemas());
  json.end_object();
  json.end_object();
  return text;
}

}  // namespace verihook::api
