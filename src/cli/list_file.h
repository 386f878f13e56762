// What kind of list a file is. The server reads it; it only has to be told. Pure.
#pragma once

#include <string_view>

namespace verihook::cli {

// The ending that a file of this kind should have (".csv", ".json", …): by the file's name, else by
// what stands in it.
std::string_view list_ending(std::string_view file_name, std::string_view text);

}  // namespace verihook::cli
