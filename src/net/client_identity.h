// A certificate and its key, by which this program makes itself known to a server that asks (mutual
// TLS). Pure; any thread.
#pragma once

#include <string_view>

#include "base/result.h"

namespace verihook::net {

// kInvalidArgument unless `certificate` begins with a certificate in PEM (its chain may follow),
// and `key` is a private key in PEM, without a passphrase, that belongs to it.
Result<void> check_client_identity(std::string_view certificate, std::string_view key);

}  // namespace verihook::net
