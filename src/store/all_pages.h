// all_pages: everything that a repository lists page by page, where it is known to fit into memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "base/result.h"

namespace verihook::store {

// `list(after_id, limit)` gives a Result of the next page, each behind the last id of the one
// before.
template <class T>
Result<std::vector<T>> all_pages(const auto& list) {
  constexpr std::int64_t kPage = 500;
  std::vector<T> all;
  for (;;) {
    Result<std::vector<T>> page = list(all.empty() ? std::string() : all.back().id, kPage);
    if (!page) return page;
    const bool last = std::ssize(*page) < kPage;
    std::ranges::move(*page, std::back_inserter(all));
    if (last) return all;
  }
}

}  // namespace verihook::store
