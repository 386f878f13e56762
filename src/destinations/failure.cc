#include "destinations/failure.h"

namespace verihook::destinations {

bool is_retryable(Errc code) {
  switch (code) {
    case Errc::kTimeout:
    case Errc::kCancelled:
    case Errc::kConnectionRefused:
    case Errc::kConnectionLost:
    case Errc::kUnreachable:
    case Errc::kTls:       // certificates are mended
    case Errc::kProtocol:  // an answer that broke off
    case Errc::kDns:
    case Errc::kBusy:
    case Errc::kStorageFull:
    case Errc::kStorageFailed:
      return true;
    case Errc::kInvalidArgument:
    case Errc::kNotFound:
    case Errc::kConflict:
    case Errc::kUnauthorized:
    case Errc::kForbidden:
    case Errc::kTooLarge:
    case Errc::kUnsupported:
    case Errc::kForbiddenAddress:
    case Errc::kInternal:
      return false;
  }
  return false;
}

bool is_retryable_status(unsigned status) {
  return status >= 500 || status == 408 || status == 429;
}

Errc errc_of_status(unsigned status) {
  return is_retryable_status(status) ? Errc::kBusy : Errc::kForbidden;
}

delivery::AttemptResult failed(const Error& error) {
  delivery::AttemptResult result;
  result.error_class = to_string(error.code);
  result.error = error.message;
  result.retryable = is_retryable(error.code);
  return result;
}

delivery::AttemptResult failed_with_status(std::string_view what, unsigned status,
                                           std::optional<Milliseconds> retry_after) {
  delivery::AttemptResult result;
  result.status_code = static_cast<int>(status);
  result.error_class = "http_status";
  result.error = std::string(what) + " was answered with status " + std::to_string(status);
  result.retry_after = retry_after;
  result.retryable = is_retryable_status(status);
  return result;
}

}  // namespace verihook::destinations
