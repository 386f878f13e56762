#include "app/wiring.h"

#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "address/current_lists.h"
#include "address/embedded_lists.h"
#include "api/routes.h"
#include "app/address_rules.h"
#include "app/audit.h"
#include "app/configured_destinations.h"
#include "app/configured_sources.h"
#include "app/egress.h"
#include "app/own_job_results.h"
#include "app/part_options.h"
#include "app/resolved_host_lookup.h"
#include "app/retry_jobs.h"
#include "app/service_destinations.h"
#include "async/run_on.h"
#include "base/log.h"
#include "crypto/system_random.h"
#include "delivery/dispatcher.h"
#include "destinations/contacts_destination.h"
#include "destinations/http_destination.h"
#include "destinations/listeners.h"
#include "dns/caching_resolver.h"
#include "dns/cares_resolver.h"
#include "gateway/measured_handler.h"
#include "gateway/receiver.h"
#include "http/client_curl.h"
#include "http/server.h"
#include "jobs/engine.h"
#include "jobs/eraser.h"
#include "jobs/housekeeping.h"
#include "jobs/single_verifications.h"
#include "net/local_address.h"
#include "net/real_network.h"
#include "store/accounts.h"
#include "store/metadata.h"
#include "store/postgres/contacts.h"
#include "store/sqlite/sqlite_driver.h"

namespace verihook::app {
namespace {

constexpr Milliseconds kStopDeadline{25'000};
constexpr std::size_t kCpuThreads = 2;
constexpr Milliseconds kUpkeepInterval{60'000};
constexpr std::int64_t kUpkeepRows = 10'000;
constexpr std::int64_t kUpkeepSlice = 500;  // of rows that may be large
constexpr Milliseconds kListsInterval{1'000};
constexpr Milliseconds kPressureInterval{1'000};

// With the embedded store there is one node; its name lets a start take back what the last run
// held.
constexpr std::string_view kEmbeddedNode = "node_embedded";

// What everything else takes as a parameter: time and chance.
struct Foundation {
  SystemClock clock;
  crypto::SystemRandom random;
  RealTimers timers{clock};
};

}  // namespace

class Application::Impl {
 public:
  Impl(const Config& config, asio::io_context& io, std::unique_ptr<Foundation> foundation,
       std::unique_ptr<crypto::SecretBox> secrets, std::unique_ptr<address::CurrentLists> lists,
       std::unique_ptr<dns::CaresResolver> resolver, net::AddressFilter filter,
       net::TrustStore roots);

  Result<void> start();
  Task<void> stop();
  Result<void> prepare_store();
  Result<std::string> prepare_accounts(store::Connection& db);
  Task<void> upkeep();
  Task<void> watch_pressure();
  gateway::DeliveryFigures delivery_figures() const;
  Task<void> look_at_itself();
  Task<void> watch_lists();
  void make_dispatcher();
  api::Context make_context();
  void fail_once(const Error& error);

  const Config config;
  asio::io_context& io;
  std::string first_key;
  std::function<void(const Error&)> on_failed;

  const std::unique_ptr<Foundation> foundation;
  const Clock& clock = foundation->clock;
  Random& random = foundation->random;
  Timers& timers = foundation->timers;
  IdMaker ids{clock, random};
  asio::thread_pool cpu_pool{kCpuThreads};
  std::unique_ptr<crypto::SecretBox> secrets;
  std::unique_ptr<address::CurrentLists> lists;
  net::AddressFilter filter;
  net::TrustStore roots;
  std::unique_ptr<dns::CaresResolver> resolver;
  dns::CachingResolver cache;
  ResolvedHostLookup lookup{cache};
  net::RealNetwork network;
  http::CurlClient client;
  destinations::Listeners listeners{timers, client};
  store::Database database;
  delivery::Outbox outbox;
  verification::Verifier verifier;
  std::string public_url;     // known once the server listens …
  jobs::DownloadLinks links;  // … and these with it
  std::unique_ptr<destinations::HttpDestination> http_destination;
  store::postgres::PostgresContacts postgres_contacts{clock, lookup, filter,
                                                      postgres_options(config, roots)};
  OwnJobResults own_results{database, cpu_pool};
  std::unique_ptr<destinations::ContactsDestination> contacts_destination;
  gateway::Quarantine quarantine;
  gateway::RequestShares shares;
  gateway::DoorPressure pressure;
  std::unique_ptr<gateway::Receiver> receiver;
  std::unique_ptr<gateway::MeasuredHandler> measured_http;
  std::unique_ptr<gateway::MeasuredHandler> measured_contacts;
  std::unique_ptr<ServiceDestinations> services;
  std::unique_ptr<delivery::Dispatcher> dispatcher;
  std::unique_ptr<delivery::Replayer> replayer;
  std::unique_ptr<gateway::AlertWatch> alerts;
  std::unique_ptr<jobs::Engine> engine;
  std::unique_ptr<jobs::SingleVerifications> singles;
  std::unique_ptr<jobs::Housekeeping> housekeeping;
  std::unique_ptr<jobs::Eraser> eraser;
  std::unique_ptr<RetryJobs> retry_jobs;
  jobs::DownloadMemory download_memory;
  api::Authenticator authenticator{database, clock};
  std::unique_ptr<api::Context> context;
  std::unique_ptr<http::Router> router;
  http::Server server;
  TaskGroup upkeep_tasks{io.get_executor(), "upkeep"};
};

Application::Impl::Impl(const Config& configuration, asio::io_context& io_context,
                        std::unique_ptr<Foundation> time_and_chance,
                        std::unique_ptr<crypto::SecretBox> secret_box,
                        std::unique_ptr<address::CurrentLists> current_lists,
                        std::unique_ptr<dns::CaresResolver> upstream, net::AddressFilter reachable,
                        net::TrustStore trusted)
    : config(configuration),
      io(io_context),
      foundation(std::move(time_and_chance)),
      secrets(std::move(secret_box)),
      lists(std::move(current_lists)),
      filter(std::move(reachable)),
      roots(std::move(trusted)),
      resolver(std::move(upstream)),
      cache(io.get_executor(), timers, *resolver, {.entries_max = config.dns.cache_entries_max}),
      network(io.get_executor(), timers, filter, roots),
      client(io.get_executor(), timers, lookup, filter, roots,
             {.user_agent = "verihook/" + std::string(kVersion)}),
      database(std::make_unique<store::sqlite::SqliteDriver>(config.store.sqlite_path()), {},
               [this](const Error& error) { asio::post(io, [this, error] { fail_once(error); }); }),
      outbox(clock, random, std::string(kEmbeddedNode)),
      verifier(io.get_executor(), timers, random, &cpu_pool, lists->get(), cache, network,
               verifier_options(config)),
      quarantine(io.get_executor(), timers, database, *secrets, &cpu_pool,
                 quarantine_options(config)),
      shares(clock, alert_options(config).limits),
      pressure(pressure_limits(config)),
      server(io.get_executor(), timers, ids, server_options(config),
             [this](http::Request& request) { return router->handle(request); }) {}

void Application::Impl::fail_once(const Error& error) {
  log_error("the store has failed; stopping so that nothing is acknowledged that could be lost",
            {{"error", error.message}});
  if (const auto call = std::exchange(on_failed, nullptr)) call(error);
}

// The tenant and the key that must exist before anybody can call, and the check that the secrets in
// the store were sealed with our master key. The made key, when there was none.
Result<std::string> Application::Impl::prepare_accounts(store::Connection& db) {
  const WallTime now = clock.wall_now();
  TRY(key_id, store::find_metadata(db, "master_key_id"));
  if (key_id && *key_id != secrets->key_id()) {
    return fail(Errc::kConflict, "the secrets in " + config.store.url +
                                     " were sealed with another master key than " +
                                     config.secrets.master_key_file + "; put the right file there");
  }
  if (!key_id) TRY_VOID(store::put_metadata(db, "master_key_id", secrets->key_id()));
  auto tenant = store::find_tenant(db, model::kDefaultTenant);
  if (!tenant && tenant.error().code == Errc::kNotFound) {
    TRY_VOID(store::insert_tenant(db, {std::string(model::kDefaultTenant), "Default", now}));
  } else if (!tenant) {
    return std::unexpected(tenant.error());
  }
  TRY_VOID(store_configured_sources(db, config.sources, *secrets, ids, now));
  TRY_VOID(store_configured_destinations(db, config, *secrets, ids, now));
  TRY(key_count, store::count_keys(db));
  const std::string& bootstrap = config.auth.bootstrap_key;
  if (bootstrap.empty() && key_count > 0) return std::string();
  const std::string text = bootstrap.empty() ? api::make_api_key(random) : bootstrap;
  model::ApiKey key;
  key.tenant_id = model::kDefaultTenant;
  key.id = ids.make(id_prefix::kKey);
  key.name = bootstrap.empty() ? "made at the first start" : "auth.bootstrap_key";
  key.hash = api::hash_api_key(text);
  key.prefix = api::api_key_prefix(text);
  key.scope = model::Scope::kAdmin;
  key.created_at = now;
  auto known = store::find_key_by_hash(db, key.hash);
  if (known) return std::string();
  if (known.error().code != Errc::kNotFound) return std::unexpected(known.error());
  TRY_VOID(store::insert_key(db, key));
  return bootstrap.empty() ? text : std::string();
}

Result<void> Application::Impl::prepare_store() {
  TRY_VOID(database.open());
  // Nothing else runs yet, so the one write can be waited for on the spot.
  std::optional<Result<std::string>> made;
  asio::co_spawn(
      io,
      [](Impl& self, std::optional<Result<std::string>>& answer) -> Task<void> {
        answer = co_await self.database.write(
            [&self](store::Connection& db) { return self.prepare_accounts(db); });
      }(*this, made),
      [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
  io.restart();
  while (!made) io.run_one();
  if (!*made) return std::unexpected(made->error());
  first_key = **made;
  return {};
}

api::Context Application::Impl::make_context() {
  api::ApiOptions options;
  options.version = kVersion;
  options.public_url = public_url;
  options.links = links;
  options.allow_http_targets = config.network.takes_http_targets();
  options.json_bytes_max = config.server.json_bytes_max;
  options.upload_bytes_max = config.server.upload_bytes_max;
  options.upload_limits = {.entries = {.entry_bytes_max = config.jobs.entry_bytes_max,
                                       .columns_max = config.jobs.columns_max},
                           .decompressed = {.bytes_max = config.jobs.decompressed_bytes_max},
                           .emails_max = config.jobs.emails_max};
  options.intake_limits.rejected_kept_max = config.jobs.rejected_kept_max;
  options.intake_limits.seen.spill_folder = config.jobs.temporary_folder;
  options.verify_timeout_ms_max = Milliseconds{config.server.verify_timeout_ms_max};
  return {options,
          timers,
          database,
          authenticator,
          ids,
          random,
          *secrets,
          verifier,
          *engine,
          *singles,
          *housekeeping,
          *eraser,
          download_memory,
          *dispatcher,
          *replayer,
          outbox,
          *receiver,
          quarantine,
          *alerts,
          listeners,
          *contacts_destination,
          &cpu_pool,
          &server.stats()};
}

// With a handler for each kind of destination.
void Application::Impl::make_dispatcher() {
  measured_http =
      std::make_unique<gateway::MeasuredHandler>(*http_destination, clock, receiver->metrics());
  measured_contacts =
      std::make_unique<gateway::MeasuredHandler>(*contacts_destination, clock, receiver->metrics());
  services = std::make_unique<ServiceDestinations>(
      ServiceDestinations::Parts{.executor = io.get_executor(),
                                 .timers = timers,
                                 .lookup = lookup,
                                 .network = network,
                                 .filter = filter,
                                 .secrets = *secrets,
                                 .database = database,
                                 .client = client,
                                 .random = random,
                                 .helo = helo_of(config),
                                 .metrics = receiver->metrics(),
                                 .environment = process_environment});
  delivery::DestinationHandlers handlers{
      {model::DestinationKind::kHttp, measured_http.get()},
      {model::DestinationKind::kContacts, measured_contacts.get()}};
  services->add_to(handlers);
  dispatcher =
      std::make_unique<delivery::Dispatcher>(io.get_executor(), timers, database, outbox, random,
                                             std::move(handlers), dispatcher_options(config));
}

Result<void> Application::Impl::start() {
  TRY_VOID(prepare_store());
  // The port may be one that the system chooses, and others must know it before the first request.
  TRY_VOID(server.start());
  public_url = config.server.public_url;
  if (public_url.empty()) {
    public_url = (config.server.tls_certificate.empty() ? "http://" : "https://") +
                 server.local_endpoint().to_string();
  }
  links = jobs::DownloadLinks(public_url, *secrets,
                              std::chrono::hours{config.jobs.download_link_hours});
  const auto on_published = [this](delivery::Published published) {
    dispatcher->take(std::move(published));
  };
  engine = std::make_unique<jobs::Engine>(io.get_executor(), timers, database, verifier, outbox,
                                          ids, &cpu_pool, on_published,
                                          engine_options(config, outbox.node_id(), links));
  singles = std::make_unique<jobs::SingleVerifications>(io.get_executor(), timers, database,
                                                        verifier, outbox, ids, on_published,
                                                        singles_options(config, outbox.node_id()));
  housekeeping = std::make_unique<jobs::Housekeeping>(io.get_executor(), timers, database,
                                                      housekeeping_options(config));
  retry_jobs = std::make_unique<RetryJobs>(database, cpu_pool, clock, ids, *engine, *housekeeping);
  eraser = std::make_unique<jobs::Eraser>(
      io.get_executor(), timers, database, verifier, &cpu_pool, [this] { engine->wake(); },
      [this](std::string_view tenant_id, const std::set<std::string>& event_ids) {
        dispatcher->reread(tenant_id, event_ids);
      },
      jobs::EraserOptions{});
  http_destination = std::make_unique<destinations::HttpDestination>(
      listeners, *secrets, clock,
      destinations::HttpDestinationOptions{.user_agent = "verihook/" + std::string(kVersion)});
  contacts_destination = std::make_unique<destinations::ContactsDestination>(
      database, client, clock, *secrets, postgres_contacts, &cpu_pool,
      destinations::OwnJobs{own_results, retry_jobs.get()}, contacts_options(config, public_url));
  receiver = std::make_unique<gateway::Receiver>(
      database, clock, ids, *secrets, outbox, quarantine, config.receive.trusted_proxies,
      on_published,
      gateway::ReceiverOptions{.body_bytes_max = config.receive.body_bytes_max,
                               .pressure = &pressure,
                               .shares = &shares});
  make_dispatcher();
  replayer = std::make_unique<delivery::Replayer>(io.get_executor(), timers, database, outbox,
                                                  *dispatcher, delivery::ReplayerOptions{});
  alerts = std::make_unique<gateway::AlertWatch>(
      io.get_executor(), timers, database, outbox, shares, [this] { return delivery_figures(); },
      on_published, alert_options(config));
  context = std::make_unique<api::Context>(make_context());
  router = std::make_unique<http::Router>(api::make_routes(*context));
  dispatcher->start();
  replayer->start();
  engine->start();
  singles->start();
  housekeeping->start();
  eraser->start();
  quarantine.start();
  alerts->start();
  upkeep_tasks.spawn("upkeep", upkeep());
  upkeep_tasks.spawn("pressure", watch_pressure());
  upkeep_tasks.spawn("lists", watch_lists());
  if (config.smtp.audit_at_start) upkeep_tasks.spawn("self-audit", look_at_itself());
  return {};
}

// What is kept for a time and no longer.
Task<void> Application::Impl::upkeep() {
  for (;;) {
    co_await sleep_for(timers, kUpkeepInterval);
    co_await receiver->forget_old_ids(kUpkeepRows);
    co_await quarantine.forget_old(kUpkeepSlice);
    const WallTime now = clock.wall_now();
    co_await database.write([&](store::Connection& db) {
      return store::forget_idempotent_answers(db, now, kUpkeepRows);
    });
  }
}

gateway::DeliveryFigures Application::Impl::delivery_figures() const {
  const auto stats = dispatcher->stats();
  return {.delivered = static_cast<std::int64_t>(stats.attempts_delivered),
          .failed = static_cast<std::int64_t>(stats.attempts_retried + stats.attempts_dead),
          .oldest_due_age = stats.oldest_due_age_of_working};
}

// So that no webhook is taken that could not be kept or dealt with.
Task<void> Application::Impl::watch_pressure() {
  std::filesystem::path folder = std::filesystem::path(config.store.sqlite_path()).parent_path();
  if (folder.empty()) folder = ".";
  const gateway::PressureLimits limits = pressure_limits(config);
  for (;;) {
    gateway::PressureFigures figures;
    // It is asked of every destination, so only where it is wanted.
    if (limits.queue_age_max) figures.queue_age = delivery_figures().oldest_due_age;
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    if (!error) figures.disk_free_bytes = space.available;
    pressure.update(figures);
    co_await sleep_for(timers, kPressureInterval);
  }
}

// Reading large lists takes a while, so it is done beside the io thread.
Task<void> Application::Impl::watch_lists() {
  for (;;) {
    co_await sleep_for(timers, kListsInterval);
    if (!lists->look()) continue;
    auto fresh = co_await run_on(cpu_pool, [this] { return lists->read(); });
    if (lists->take(std::move(fresh))) verifier.use_lists(lists->get());
  }
}

// Beside everything else, which waits for nothing of it.
Task<void> Application::Impl::look_at_itself() {
  log_audit(co_await audit(
      config, {cache, network, filter, clock, random, net::local_address_towards}, &cpu_pool));
}

Task<void> Application::Impl::stop() {
  const Deadline deadline = Deadline::after(clock, kStopDeadline);
  upkeep_tasks.cancel();
  co_await upkeep_tasks.join();
  // Streams end now, or the server would wait for them.
  listeners.close();
  engine->bell().close();
  co_await server.stop(deadline);
  co_await quarantine.stop();
  co_await alerts->stop();
  co_await engine->stop();
  co_await singles->stop();
  co_await eraser->stop();
  co_await housekeeping->stop();
  co_await replayer->stop();
  co_await dispatcher->stop(deadline);
  co_await services->stop();
  co_await verifier.stop();
  co_await cache.stop();
}

Application::Application(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Application::~Application() = default;

Result<std::unique_ptr<Application>> Application::create(const Config& config,
                                                         asio::io_context& io) {
  TRY(lists,
      address::CurrentLists::load({config.lists.file, config.lists.local}, embedded_lists()));
  TRY(filter, address_filter_here(config));
  TRY(roots, net::TrustStore::load(config.network.extra_ca_file));
  auto foundation = std::make_unique<Foundation>();
  TRY(secrets,
      crypto::SecretBox::load_or_create(config.secrets.master_key_file, foundation->random));
  dns::CaresOptions options;
  options.servers = config.dns.servers;
  options.in_flight_max = config.dns.in_flight_max;
  TRY(resolver, dns::CaresResolver::create(io.get_executor(), foundation->timers, options));
  return std::unique_ptr<Application>(new Application(std::make_unique<Impl>(
      config, io, std::move(foundation), std::move(secrets), std::move(lists), std::move(resolver),
      std::move(filter), std::move(roots))));
}

Result<void> Application::start() { return impl_->start(); }
Task<void> Application::stop() { return impl_->stop(); }

void Application::on_failed(std::function<void(const Error&)> call) {
  impl_->on_failed = std::move(call);
}

net::Endpoint Application::local_endpoint() const { return impl_->server.local_endpoint(); }
std::string Application::public_url() const { return impl_->public_url; }
std::string Application::first_key() const { return impl_->first_key; }
verification::Verifier& Application::verifier() { return impl_->verifier; }

}  // namespace verihook::app
