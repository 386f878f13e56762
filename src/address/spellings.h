// Spellings: the ways in which one address may stand in a text: in other letter case, its domain in
// A-labels or U-labels, percent-encoded as in URLs, escaped as in JSON. So an address can be found
// and taken out wherever it was written down, without touching those of which it is only a part
// ("ann@example.com" is not in "joann@example.com"). Immutable; any thread; nothing fails.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verihook::address {

// What stands where an address was.
inline constexpr std::string_view kErasedAddress = "[erased]";

class Spellings {
 public:
  // `email` need not be right as syntax; without an "@" it is nowhere.
  explicit Spellings(std::string_view email);

  // Whether `text` is the address and nothing else.
  bool is(std::string_view text) const;
  bool occurs_in(std::string_view text) const { return find(text, 0).has_value(); }
  // How often it stood there.
  std::size_t erase_from(std::string& text) const;

  // One text for all spellings of the address.
  const std::string& key() const { return key_; }

 private:
  struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::optional<Place> find(std::string_view text, std::size_t from) const;
  std::optional<Place> match(std::string_view text, std::size_t at, std::size_t after) const;

  std::string key_;
  std::vector<std::string> locals_;   // lower case, the longest first
  std::vector<std::string> domains_;  // likewise
};

}  // namespace verihook::address
