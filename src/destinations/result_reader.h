// ResultReader: the results of a bulk job, a JSON array of objects, read piece by piece as they are
// downloaded. It keeps one row and nothing else, whatever the length of the list. Of a row it wants
// `email`, `is_valid` and `reason`; other members, however deep, are passed over. A row without a
// verdict (`is_valid` null) is one that was never checked, and is left out.
//
// Fails, and then for good: not JSON, not an array of objects, a wanted member of the wrong type or
// twice in one row, a row without its email or verdict, nested deeper than 32. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "model/contact.h"

namespace verihook::destinations {

inline constexpr std::size_t kResultEmailBytesMax = 1024;  // a row with a longer one is left out
inline constexpr std::size_t kResultReasonBytesMax = 200;  // longer ones are cut
// The reason of an invalid row that gives none.
inline constexpr std::string_view kUnspecifiedReason = "unspecified";

class ResultReader {
 public:
  // An error ends the reading and is what feed returns.
  using OnRow = std::function<Result<void>(const model::ContactUpdate& row)>;

  explicit ResultReader(OnRow on_row);
  ~ResultReader();
  ResultReader(const ResultReader&) = delete;
  ResultReader& operator=(const ResultReader&) = delete;

  Result<void> feed(std::string_view piece);
  // The list must be complete by now.
  Result<void> finish();

  std::int64_t rows() const;           // handed on
  std::int64_t rows_left_out() const;  // never checked, or no address

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::destinations
