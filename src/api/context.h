// Context: what the handlers work with. All of it is owned by app/wiring and outlives the server.
#pragma once

#include <string>

#include <boost/asio/thread_pool.hpp>

#include "api/authentication.h"
#include "async/timers.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "delivery/dispatcher.h"
#include "delivery/replayer.h"
#include "destinations/contacts_destination.h"
#include "destinations/listeners.h"
#include "gateway/alert_watch.h"
#include "gateway/receiver.h"
#include "http/server.h"
#include "jobs/download_links.h"
#include "jobs/engine.h"
#include "jobs/eraser.h"
#include "jobs/housekeeping.h"
#include "jobs/list_upload.h"
#include "jobs/results.h"
#include "jobs/single_verifications.h"
#include "store/database.h"
#include "verification/verifier.h"

namespace verihook::api {

struct ApiOptions {
  std::string version;
  std::string public_url;
  jobs::DownloadLinks links;
  // Plain http targets outside the operator's `network.allow` ranges.
  bool allow_http_targets = false;
  std::size_t json_bytes_max = 1024 * 1024;
  std::uint64_t upload_bytes_max = std::uint64_t{2} * 1024 * 1024 * 1024;
  jobs::UploadLimits upload_limits;
  jobs::IntakeLimits intake_limits;
  Milliseconds verify_timeout_ms_max{120'000};
};

struct Context {
  ApiOptions options;
  Timers& timers;
  store::Database& database;
  Authenticator& authenticator;
  IdMaker& ids;
  Random& random;  // for secrets
  const crypto::SecretBox& secrets;
  verification::Verifier& verifier;
  jobs::Engine& engine;
  jobs::SingleVerifications& singles;
  jobs::Housekeeping& housekeeping;
  jobs::Eraser& eraser;
  jobs::DownloadMemory& download_memory;
  delivery::Dispatcher& dispatcher;
  delivery::Replayer& replayer;
  const delivery::Outbox& outbox;
  gateway::Receiver& receiver;
  gateway::Quarantine& quarantine;
  const gateway::AlertWatch& alerts;
  destinations::Listeners& listeners;
  destinations::ContactsDestination& contacts;
  asio::thread_pool* cpu_pool;
  const http::ServerStats* server_stats = nullptr;  // set once the server stands

  const Clock& clock() const { return timers.clock(); }
};

}  // namespace verihook::api
