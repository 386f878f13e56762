// A popular domain as the search for a typo wants it: cut in two, with the letters of each half, so
// that most domains are told apart without looking at the order of their letters. Pure values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace verihook::address {

// Which characters occur, as bits. Characters that share a bit make the test weaker, never wrong.
constexpr std::uint64_t letters_of(std::string_view text) {
  std::uint64_t letters = 0;
  for (const char c : text) letters |= std::uint64_t{1} << (static_cast<unsigned char>(c) & 63);
  return letters;
}

// So many at the top of the list are what so many people use that a small slip is nearly always
// theirs. With the others a name that is one letter off is often somebody else's.
inline constexpr std::size_t kWidelyUsed = 29;

struct PopularDomain {
  std::string_view domain;
  std::string_view name;    // the first label
  std::string_view ending;  // what follows its dot; empty where there is none
  std::uint64_t name_letters = 0;
  std::uint64_t ending_letters = 0;
  bool widely_used = false;
};

constexpr PopularDomain make_popular_domain(std::string_view domain) {
  PopularDomain made{.domain = domain, .name = domain, .ending = {}};
  if (const auto dot = domain.find('.'); dot != std::string_view::npos) {
    made.name = domain.substr(0, dot);
    made.ending = domain.substr(dot + 1);
  }
  made.name_letters = letters_of(made.name);
  made.ending_letters = letters_of(made.ending);
  return made;
}

}  // namespace verihook::address
