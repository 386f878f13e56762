// What each part of the program is given of the configuration. Pure.
#pragma once

#include <string>

#include "app/config.h"
#include "delivery/dispatcher.h"
#include "destinations/contacts_destination.h"
#include "gateway/alert_watch.h"
#include "gateway/door_pressure.h"
#include "gateway/quarantine.h"
#include "http/server.h"
#include "jobs/engine.h"
#include "jobs/housekeeping.h"
#include "jobs/single_verifications.h"
#include "net/trust_store.h"
#include "store/postgres/contacts.h"
#include "verification/verifier.h"

namespace verihook::app {

verification::VerifierOptions verifier_options(const Config& config);
delivery::DispatcherOptions dispatcher_options(const Config& config);
http::ServerOptions server_options(const Config& config);
destinations::ContactsOptions contacts_options(const Config& config, const std::string& public_url);
store::postgres::PostgresContactsOptions postgres_options(const Config& config,
                                                          const net::TrustStore& roots);
gateway::QuarantineOptions quarantine_options(const Config& config);
gateway::AlertWatchOptions alert_options(const Config& config);
gateway::PressureLimits pressure_limits(const Config& config);
jobs::EngineOptions engine_options(const Config& config, const std::string& node_id,
                                   jobs::DownloadLinks links);
jobs::SingleVerificationsOptions singles_options(const Config& config, const std::string& node_id);
jobs::HousekeepingOptions housekeeping_options(const Config& config);

}  // namespace verihook::app
