// SeenSet: which addresses a list has had already, by a 128-bit digest of their normal form.
// Sixteen bytes an entry at most half full, so that a million addresses cost 32 MiB at most; a
// collision needs 2^64 addresses. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace verihook::jobs {

class SeenSet {
 public:
  // True when `text` was not there yet; it is from now on.
  bool insert(std::string_view text);
  std::size_t size() const { return size_; }

 private:
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;  // both zero: an empty slot
    friend bool operator==(const Key&, const Key&) = default;
  };

  bool insert_key(Key key);
  void grow();

  std::vector<Key> slots_;
  std::size_t size_ = 0;
};

}  // namespace verihook::jobs
