// The destinations that the configuration file names ([[destinations]]): each start makes them be
// as the file says. They are known again by tenant and name; one that the file does not name any
// more is disabled, so that nothing of the operator's runs that is not in the file, and keeps its
// queue for the day on which it is named again.
#pragma once

#include <vector>

#include "app/config.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "store/connection.h"

namespace verihook::app {

// Runs inside Database::write. The error says in which line of the file what is wrong.
Result<void> store_configured_destinations(store::Connection& db, const Config& config,
                                           const crypto::SecretBox& secrets, IdMaker& ids,
                                           WallTime now);

}  // namespace verihook::app
