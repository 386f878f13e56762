#include "jobs/result_filter.h"

#include "base/text.h"

namespace verihook::jobs {
namespace {

template <class Value>
std::uint64_t bit(Value value) {
  return std::uint64_t{1} << static_cast<unsigned>(value);
}

bool has(std::uint64_t set, std::uint64_t bit) { return set == 0 || (set & bit) != 0; }

template <class Parse>
Result<std::uint64_t> parse_names(std::string_view names, Parse parse, std::string_view what) {
  std::uint64_t set = 0;
  if (names.empty()) return set;
  for (const std::string_view name : split(names, ',')) {
    const auto value = parse(trim(name));
    if (!value) {
      return fail(Errc::kInvalidArgument,
                  "\"" + std::string(name) + "\" is no " + std::string(what));
    }
    set |= bit(*value);
  }
  return set;
}

}  // namespace

bool ResultFilter::wants(const StoredResult& row) const {
  return row.number > after_row && has(statuses, bit(row.verdict.status)) &&
         has(reasons, bit(row.verdict.reason)) &&
         (domain.empty() || row.verdict.domain == domain) &&
         (text.empty() || contains_ignoring_case(row.verdict.email, text));
}

Result<std::uint64_t> parse_statuses(std::string_view names) {
  return parse_names(names, model::parse_status, "status: give valid, invalid, risky or unknown");
}

Result<std::uint64_t> parse_reasons(std::string_view names) {
  return parse_names(names, model::parse_reason, "reason; docs/verdicts.md lists them");
}

}  // namespace verihook::jobs
