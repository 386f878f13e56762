// Result<T>: how every expected failure travels. A function that can fail for a reason its caller
// can do something about returns Result<T>; exceptions are left for what nobody foresaw and are
// caught once, at the edge of one session, chunk or delivery.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace verihook {

// What kind of failure it is: the caller branches on this and never on the text.
enum class Errc {
  kInvalidArgument,    // the caller's input is wrong; the message says which part and what is
                       // expected
  kNotFound,           // no such thing, or it is somebody else's
  kConflict,           // the thing exists already in another shape, or its state forbids this
  kUnauthorized,       // who is asking is not known
  kForbidden,          // who is asking is known and may not
  kTooLarge,           // past a limit that the configuration names
  kUnsupported,        // well formed, but not something that this program does
  kTimeout,            // the deadline passed
  kCancelled,          // whoever asked gave up, or the program is stopping
  kConnectionRefused,  // nobody listens there
  kConnectionLost,     // the other side closed or reset
  kUnreachable,        // no route, or no address that may be contacted
  kForbiddenAddress,   // the address filter refuses the target
  kTls,                // handshake or certificate failure
  kProtocol,           // the other side broke its protocol
  kDns,                // the resolver failed (not: the name does not exist)
  kBusy,               // try again later: a limit on concurrency or rate
  kStorageFull,        // no space left; nothing was acknowledged
  kStorageFailed,      // the store cannot be trusted any more; the program stops acknowledging
  kInternal,           // a fault of this program
};

// The snake_case name of a code, for logs and metrics.
std::string_view to_string(Errc code);

struct Error {
  Errc code = Errc::kInternal;
  // One sentence that tells a person what is wrong and what to do. Never an e-mail address.
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace verihook

// TRY(name, expression): `name` is the value of the expression, or this function returns its error.
// CO_TRY is the same inside a coroutine. The _VOID forms are for Result<void>.
#define VH_CONCAT_IMPL(a, b) a##b
#define VH_CONCAT(a, b) VH_CONCAT_IMPL(a, b)
#define VH_TRY_IMPL(temporary, name, expression, return_keyword)                \
  auto temporary = (expression);                                                \
  if (!temporary) return_keyword std::unexpected(std::move(temporary).error()); \
  [[maybe_unused]] auto&& name = *temporary
#define VH_TRY_VOID_IMPL(temporary, expression, return_keyword) \
  if (auto temporary = (expression); !temporary)                \
  return_keyword std::unexpected(std::move(temporary).error())
#define TRY(name, expression) VH_TRY_IMPL(VH_CONCAT(vh_result_, __LINE__), name, expression, return)
#define CO_TRY(name, expression) \
  VH_TRY_IMPL(VH_CONCAT(vh_result_, __LINE__), name, expression, co_return)
#define TRY_VOID(expression) VH_TRY_VOID_IMPL(VH_CONCAT(vh_result_, __LINE__), expression, return)
#define CO_TRY_VOID(expression) \
  VH_TRY_VOID_IMPL(VH_CONCAT(vh_result_, __LINE__), expression, co_return)
