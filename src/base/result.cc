#include "base/result.h"

namespace verihook {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid_argument";
    case Errc::kNotFound:
      return "not_found";
    case Errc::kConflict:
      return "conflict";
    case Errc::kUnauthorized:
      return "unauthorized";
    case Errc::kForbidden:
      return "forbidden";
    case Errc::kTooLarge:
      return "too_large";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kTimeout:
      return "timeout";
    case Errc::kCancelled:
      return "cancelled";
    case Errc::kConnectionRefused:
      return "connection_refused";
    case Errc::kConnectionLost:
      return "connection_lost";
    case Errc::kUnreachable:
      return "unreachable";
    case Errc::kForbiddenAddress:
      return "forbidden_address";
    case Errc::kTls:
      return "tls";
    case Errc::kProtocol:
      return "protocol";
    case Errc::kDns:
      return "dns";
    case Errc::kBusy:
      return "busy";
    case Errc::kStorageFull:
      return "storage_full";
    case Errc::kStorageFailed:
      return "storage_failed";
    case Errc::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace verihook
