#include "jobs/seen_set.h"

#include <cstring>

#include "crypto/sha256.h"

namespace verihook::jobs {
namespace {

constexpr std::size_t kSlotsAtFirst = 1024;

}  // namespace

bool SeenSet::insert(std::string_view text) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  const crypto::Digest digest = crypto::sha256(text);
  Key key;
  std::memcpy(&key, digest.data(), sizeof key);
  if (key == Key{}) key.low = 1;
  if (!insert_key(key)) return false;
  ++size_;
  return true;
}

bool SeenSet::insert_key(Key key) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = key.high & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == key) return false;
    if (slots_[slot] == Key{}) {
      slots_[slot] = key;
      return true;
    }
  }
}

void SeenSet::grow() {
  std::vector<Key> old(slots_.empty() ? kSlotsAtFirst : 2 * slots_.size());
  old.swap(slots_);
  for (const Key& key : old) {
    if (key != Key{}) insert_key(key);
  }
}

}  // namespace verihook::jobs
