// From an Error to the contract's answer: the HTTP status and the code token, in one table. Pure.
#pragma once

#include "base/result.h"
#include "http/message.h"

namespace verihook::api {

// {"error":"one sentence","code":"token","request_id":"req_…"}; 503 carries Retry-After.
http::Response error_answer(const Error& error, const http::Request& request);

unsigned http_status_of(Errc code);

}  // namespace verihook::api
