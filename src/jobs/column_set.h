// ColumnSet: the names of the caller's columns in a list, in the order in which they were first
// seen. Past the limit names are dropped, and `complete` says so. A value; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace verihook::jobs {

inline constexpr std::size_t kColumnsMax = 1'000;

class ColumnSet {
 public:
  // The keys of `data`, a JSON object in canonical form, or nothing.
  void add_data(std::string_view data);
  void add(std::string_view name);
  void note_incomplete() { complete_ = false; }

  // As they stand in JSON, without the quotation marks.
  const std::vector<std::string>& names() const { return names_; }
  // kColumnsMax or more when it is none.
  std::size_t find(std::string_view name, std::size_t likely) const;
  bool complete() const { return complete_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> index_;
  bool complete_ = true;
};

}  // namespace verihook::jobs
