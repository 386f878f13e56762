// Which addresses this program may connect to on behalf of others, out of the configuration.
#pragma once

#include <span>

#include "app/config.h"
#include "base/result.h"
#include "net/address_filter.h"

namespace verihook::app {

// `own` are the addresses of this host. Unless the operator allows it, a webhook or an MX record
// of a stranger must not make this program talk to itself or its neighbours on this host.
net::AddressFilter address_filter_of(const Config& config, std::span<const net::IpAddress> own);

// With the addresses that this host's interfaces have now; kInternal when they cannot be read.
Result<net::AddressFilter> address_filter_here(const Config& config);

}  // namespace verihook::app
