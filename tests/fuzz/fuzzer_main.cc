// Entry point of libFuzzer, which brings its own main().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  verihook::fuzz::run_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
