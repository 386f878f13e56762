#include "cli/client_session.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

namespace verihook::cli {

Result<std::string> read_input(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return std::move(text).str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kNotFound, fmt::format("the file {} cannot be read", path));
  text << file.rdbuf();
  if (file.bad()) return fail(Errc::kNotFound, fmt::format("the file {} cannot be read", path));
  return std::move(text).str();
}

}  // namespace verihook::cli
