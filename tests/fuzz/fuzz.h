// What every fuzzer has: run_one(), which is given one input and returns when all its properties
// hold, and check(), which ends the process when one does not. fuzzer_main.cc calls it for
// libFuzzer, replay_main.cc for the committed corpus. One thread.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::fuzz {

// Defined once in each NAME_fuzz.cc. Keeps nothing from one call to the next.
void run_one(std::string_view input);

// Bytes as text that a terminal shows: everything but printable ASCII as \xNN.
inline std::string visible(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

[[noreturn]] inline void fail_property(std::string_view property, std::string_view detail) {
  const std::string line = fmt::format("property broken: {}\n  {}\n", property, visible(detail));
  std::fputs(line.c_str(), stderr);
  std::abort();
}

// `property` is the sentence that should be true, `detail` what it was not true of.
inline void check(bool holds, std::string_view property, std::string_view detail) {
  if (!holds) fail_property(property, detail);
}

inline void check_equal(std::string_view left, std::string_view right, std::string_view property) {
  if (left != right) fail_property(property, fmt::format("{} <> {}", left, right));
}

// What a sentence must be to go into a JSON answer or a log.
inline void check_sentence(std::string_view sentence) {
  check(!sentence.empty() && is_valid_utf8(sentence), "an error is a sentence in UTF-8", sentence);
}

}  // namespace verihook::fuzz
