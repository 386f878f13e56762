#include "jobs/column_set.h"

#include "jobs/json_members.h"

namespace verihook::jobs {

void ColumnSet::add_data(std::string_view data) {
  JsonMembers members(data);
  std::string_view key;
  std::string_view value;
  for (std::size_t at = 0; members.next(key, value); ++at) {
    if (at < names_.size() && names_[at] == key) continue;  // as in nearly every row
    add(key);
  }
}

void ColumnSet::add(std::string_view name) {
  if (index_.contains(name)) return;
  if (names_.size() >= kColumnsMax) {
    complete_ = false;
    return;
  }
  index_.emplace(name, names_.size());
  names_.emplace_back(name);
}

std::size_t ColumnSet::find(std::string_view name, std::size_t likely) const {
  if (likely < names_.size() && names_[likely] == name) return likely;
  const auto found = index_.find(name);
  return found == index_.end() ? kColumnsMax : found->second;
}

}  // namespace verihook::jobs
