// The sources that the configuration file names ([[sources]]): each start makes them be as the file
// says, whatever was changed meanwhile. One that the file does not name any more stays.
#pragma once

#include <vector>

#include "app/config.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "store/connection.h"

namespace verihook::app {

// Runs inside Database::write. The error says in which line of the file what is wrong.
Result<void> store_configured_sources(store::Connection& db,
                                      const std::vector<Config::ConfiguredTable>& sources,
                                      const crypto::SecretBox& secrets, IdMaker& ids, WallTime now);

}  // namespace verihook::app
