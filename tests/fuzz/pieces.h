// One input as bytes that arrive in pieces. The byte 0xff stands for "here one piece ends": it is
// taken out, so a corpus file reads as what it is, and libFuzzer moves the cuts by inserting and
// erasing one byte. Each piece lies in memory of exactly its size, where the address sanitizer sees
// every step beyond it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "tests/fuzz/fuzz.h"

namespace verihook::fuzz {

inline constexpr char kCut = '\xff';

using Pieces = std::vector<std::vector<char>>;

inline Pieces cut(std::string_view input) {
  Pieces pieces;
  for (const std::string_view piece : split(input, kCut)) {
    pieces.emplace_back(piece.begin(), piece.end());
  }
  return pieces;
}

inline std::string_view view(const std::vector<char>& piece) {
  return {piece.data(), piece.size()};
}

// Runs `outcome_of`, which says as text all that came of its pieces, on the input in one piece, in
// the pieces given and byte by byte: it must be the same. Returns it.
inline std::string check_cuts(std::string_view input,
                              const std::function<std::string(const Pieces&)>& outcome_of) {
  const Pieces pieces = cut(input);
  std::vector<char> whole;
  for (const auto& piece : pieces) whole.insert(whole.end(), piece.begin(), piece.end());
  Pieces bytes;
  for (const char byte : whole) bytes.push_back({byte});
  const std::string expected = outcome_of({whole});
  check_equal(outcome_of(pieces), expected, "cuts change nothing");
  check_equal(outcome_of(bytes), expected, "arriving byte by byte changes nothing");
  return expected;
}

}  // namespace verihook::fuzz
