#include "http/mime.h"

#include "base/text.h"

namespace verihook::http {
namespace {

struct Type {
  std::string_view extension;
  std::string_view content_type;
};

constexpr Type kTypes[] = {
    {"html", "text/html; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"txt", "text/plain; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
};

}  // namespace

std::string_view content_type_of(std::string_view path) {
  const std::size_t dot = path.find_last_of("./");
  if (dot != path.npos && path[dot] == '.') {
    const std::string_view extension = path.substr(dot + 1);
    for (const Type& type : kTypes) {
      if (equals_ignoring_case(extension, type.extension)) return type.content_type;
    }
  }
  return "application/octet-stream";
}

}  // namespace verihook::http
