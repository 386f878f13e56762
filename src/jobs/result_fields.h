// The fields of a result in each form that it is given out in, one table a form: the columns of our
// own CSV, and the objects of other services, for programs that were written for them. Our own JSON
// is verification/result_json. docs/results.md shows these tables, and a test compares.
// Pure.
#pragma once

#include <span>
#include <string_view>

#include "jobs/result_record.h"
#include "jobs/value_writer.h"

namespace verihook::jobs {

struct ResultField {
  // In JSON a dot makes an object: "mx.host"; fields of one object stand together. In CSV it is an
  // underscore.
  std::string_view name;
  void (*write)(ValueWriter& writer, const StoredResult& row);
};

// Our own columns, behind the caller's.
std::span<const ResultField> csv_fields();

std::span<const ResultField> zerobounce_fields();
std::span<const ResultField> kickbox_fields();
std::span<const ResultField> reacher_fields();

// Whether a table can be indexed by the reason: its rows name their reasons one after the other.
template <class Rows>
constexpr bool stand_in_the_order_of_reasons(const Rows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].reason) != i) return false;
  }
  return true;
}

// What each of our reasons is in the words of another service.
struct ZeroBounceWords {
  std::string_view status;
  std::string_view sub_status;
};
ZeroBounceWords zerobounce_words(model::Reason reason);

struct KickboxWords {
  std::string_view result;  // by our status
  std::string_view reason;
};
KickboxWords kickbox_words(model::Status status, model::Reason reason);

struct ReacherWords {
  std::string_view is_reachable;  // by our status
  bool is_deliverable;
  std::string_view error;        // the type of `smtp.error` (of `mx.error` for dns_error)
  std::string_view description;  // of it; empty: none
};
ReacherWords reacher_words(model::Status status, model::Reason reason);

}  // namespace verihook::jobs
