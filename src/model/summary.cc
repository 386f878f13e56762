#include "model/summary.h"

namespace verihook::model {

void Summary::count(const Verdict& verdict) {
  ++total;
  switch (verdict.status) {
    case Status::kValid:
      ++valid;
      break;
    case Status::kInvalid:
      ++invalid;
      break;
    case Status::kRisky:
      ++risky;
      break;
    case Status::kUnknown:
      ++unknown;
      break;
  }
  disposable += verdict.is_disposable.value_or(false);
  catch_all += verdict.is_catch_all.value_or(false);
  role += verdict.is_role.value_or(false);
  free += verdict.is_free.value_or(false);
}

Summary& Summary::operator+=(const Summary& other) {
  total += other.total;
  valid += other.valid;
  invalid += other.invalid;
  risky += other.risky;
  unknown += other.unknown;
  disposable += other.disposable;
  catch_all += other.catch_all;
  role += other.role;
  free += other.free;
  duplicates += other.duplicates;
  return *this;
}

}  // namespace verihook::model
