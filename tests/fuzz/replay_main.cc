// NAME_fuzz FOLDER|FILE…: runs the fuzzer's properties on files, each folder in the order of its
// names. Without libFuzzer, so that the committed corpus is a test of every build. Says which file
// it is at, so that the last line before a failure names it; fails where there is nothing to run.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "tests/fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

bool replay(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream) {
    std::fputs(fmt::format("cannot read {}\n", file.string()).c_str(), stderr);
    return false;
  }
  std::fputs(fmt::format("{}, {} bytes\n", file.string(), bytes.size()).c_str(), stdout);
  std::fflush(stdout);
  // In memory of exactly its size, as libFuzzer does it.
  const std::vector<char> input(bytes.begin(), bytes.end());
  verihook::fuzz::run_one({input.data(), input.size()});
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
  if (arguments.empty()) {
    std::fputs("usage: NAME_fuzz FOLDER|FILE...\n", stderr);
    return 2;
  }
  std::size_t count = 0;
  for (const char* const argument : arguments) {
    const auto files = files_of(argument);
    if (files.empty()) {
      std::fputs(fmt::format("there is nothing to replay in {}\n", argument).c_str(), stderr);
      return 1;
    }
    for (const fs::path& file : files) {
      if (!replay(file)) return 1;
      ++count;
    }
  }
  std::fputs(fmt::format("{} inputs\n", count).c_str(), stdout);
  return 0;
}
