// The seeds that a simulation is run from. VERIHOOK_SEED runs one alone.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace verihook::simulation {

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Runs from each seed, until one fails. `count_variable` of the environment says how many.
template <class Run>
void for_each_seed(const char* count_variable, std::uint64_t count_otherwise, Run run) {
  const std::uint64_t only = number_from_environment("VERIHOOK_SEED", 0);
  const std::uint64_t count = number_from_environment(count_variable, count_otherwise);
  for (std::uint64_t seed = only ? only : 1; seed <= (only ? only : count); ++seed) {
    SCOPED_TRACE("VERIHOOK_SEED=" + std::to_string(seed));
    run(seed);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace verihook::simulation
