#include "api/errors.h"

namespace verihook::api {
namespace {

constexpr int kRetryAfterSeconds = 5;

}  // namespace

unsigned http_status_of(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return 400;
    case Errc::kProtocol:
      return 400;
    case Errc::kUnauthorized:
      return 401;
    case Errc::kForbidden:
      return 403;
    case Errc::kForbiddenAddress:
      return 400;
    case Errc::kNotFound:
      return 404;
    case Errc::kConflict:
      return 409;
    case Errc::kTimeout:
      return 408;
    case Errc::kTooLarge:
      return 413;
    case Errc::kUnsupported:
      return 415;
    case Errc::kConnectionLost:
      return 400;
    case Errc::kBusy:
    case Errc::kStorageFull:
    case Errc::kStorageFailed:
    case Errc::kCancelled:
      return 503;
    default:
      return 500;
  }
}

http::Response error_answer(const Error& error, const http::Request& request) {
  const unsigned status = http_status_of(error.code);
  http::Response response =
      http::error_response(status, to_string(error.code), error.message, request.id);
  if (status == 503) response.headers.set("Retry-After", std::to_string(kRetryAfterSeconds));
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace verihook::api
