// ResultFilter: which rows of a job somebody wants. What is empty asks for nothing. A value; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "jobs/result_record.h"

namespace verihook::jobs {

struct ResultFilter {
  std::uint64_t statuses = 0;  // a bit each
  std::uint64_t reasons = 0;   // a bit each
  std::string domain{};        // A-labels in lower case: of exactly this domain
  std::string text{};          // in lower case: somewhere in the address as submitted
  std::int64_t after_row = 0;  // rows with a higher number

  bool is_empty() const {
    return statuses == 0 && reasons == 0 && domain.empty() && text.empty() && after_row == 0;
  }
  bool wants(const StoredResult& row) const;
};

// Names with commas between ("valid,risky"); none is 0. kInvalidArgument with the name that is no
// status or no reason.
Result<std::uint64_t> parse_statuses(std::string_view names);
Result<std::uint64_t> parse_reasons(std::string_view names);

}  // namespace verihook::jobs
