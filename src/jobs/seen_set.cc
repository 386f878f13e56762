#include "jobs/seen_set.h"

#include <algorithm>
#include <cstring>

namespace verihook::jobs {
namespace {

constexpr std::size_t kSlotsAtFirst = 1024;

}  // namespace

SeenSet::Key SeenSet::key_of(std::string_view text) {
  hash_.update(text);
  const crypto::Digest digest = hash_.finish();
  Key key;
  std::memcpy(&key, digest.data(), sizeof key);
  if (key == Key{}) key.low = 1;
  return key;
}

Result<bool> SeenSet::insert(std::string_view text) {
  const Key key = key_of(text);
  if (!spill_ && size_ >= limits_.entries_in_memory_max) TRY_VOID(move_to_disk());
  if (spill_) {
    TRY_VOID(spill_->append({key.high, key.low, places_}));
  } else {
    if (2 * (size_ + 1) > slots_.size()) grow();
    if (!put(key)) return false;
    ++size_;
  }
  ++places_;
  return true;
}

bool SeenSet::put(Key key) {
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
    if (key != Key{}) put(key);
  }
}

Result<void> SeenSet::move_to_disk() {
  TRY(file, SpillFile::create(limits_.spill_folder));
  spill_ = std::move(file);
  // All of these are before every row that will be compared with them; any place of theirs will do.
  for (const Key& key : slots_) {
    if (key != Key{}) TRY_VOID(spill_->append({key.high, key.low, 0}));
  }
  slots_ = {};
  return {};
}

Result<std::vector<bool>> SeenSet::resolve() {
  std::vector<bool> repeated(places_, false);
  if (!spill_) return repeated;
  for (std::size_t part = 0; part < SpillFile::kParts; ++part) {
    TRY(entries, spill_->read_part(part));
    std::ranges::sort(entries);
    for (std::size_t i = 1; i < entries.size(); ++i) {
      const bool same =
          entries[i - 1].high == entries[i].high && entries[i - 1].low == entries[i].low;
      if (same) repeated[entries[i].place] = true;
    }
  }
  spill_.reset();
  return repeated;
}

}  // namespace verihook::jobs
