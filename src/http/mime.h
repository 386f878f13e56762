// The Content-Type of a file by its extension, for the files that the dashboard is made of. Pure.
#pragma once

#include <string_view>

namespace verihook::http {

// "application/octet-stream" for what is not known.
std::string_view content_type_of(std::string_view path);

}  // namespace verihook::http
