#include "tests/simulation/world.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "jobs/intake.h"
#include "jobs/results.h"
#include "store/destinations.h"
#include "webhooks/verify.h"

namespace verihook::simulation {
namespace {

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr int kDomains = 12;
constexpr std::uint16_t kSmtpPort = 25;
constexpr Milliseconds kGreylistingTime{300'000};

net::Endpoint mail_server(int number) {
  return {*net::IpAddress::parse("192.0.2." + std::to_string(number + 1)), kSmtpPort};
}

}  // namespace

// The program's parts in the order of app/wiring.
struct World::Node {
  explicit Node(World& world)
      : ids(world.time.clock(), world.random),
        database(world.store_.driver(), {.inline_executor = world.io.get_executor()},
                 [](const Error&) {}),
        outbox(world.time.clock(), world.random, "node_simulated"),
        verifier(world.io.get_executor(), world.time, world.random, nullptr, world.lists_,
                 world.resolver_, world.network_, verifier_options()),
        http_destination(world.endpoints_, *world.secrets_, world.time.clock()),
        dispatcher(world.io.get_executor(), world.time, database, outbox, world.random,
                   {{model::DestinationKind::kHttp, &http_destination}}, {}),
        engine(
            world.io.get_executor(), world.time, database, verifier, outbox, ids, nullptr,
            [this](delivery::Published published) { dispatcher.take(std::move(published)); },
            engine_options()),
        singles(
            world.io.get_executor(), world.time, database, verifier, outbox, ids,
            [this](delivery::Published published) { dispatcher.take(std::move(published)); },
            singles_options()) {}

  static verification::VerifierOptions verifier_options() {
    verification::VerifierOptions options;
    options.helo = "verify.example";
    options.mail_from = "verify@verify.example";
    return options;
  }
  static jobs::EngineOptions engine_options() {
    jobs::EngineOptions options;
    options.node_id = "node_simulated";
    options.links = jobs::DownloadLinks("https://verihook.example");
    return options;
  }

  static jobs::SingleVerificationsOptions singles_options() {
    jobs::SingleVerificationsOptions options;
    options.node_id = "node_simulated";
    options.in_progress_max = 8;
    options.in_progress_per_tenant_max = 8;
    return options;
  }

  Task<void> stop(Deadline deadline) {
    co_await engine.stop();
    co_await singles.stop();
    co_await dispatcher.stop(deadline);
    co_await verifier.stop();
  }

  IdMaker ids;
  store::Database database;
  delivery::Outbox outbox;
  verification::Verifier verifier;
  destinations::HttpDestination http_destination;
  delivery::Dispatcher dispatcher;
  jobs::Engine engine;
  jobs::SingleVerifications singles;
};

World::World(std::uint64_t seed)
    : random(seed),
      network_(io.get_executor(), time, seed),
      secrets_(std::make_unique<crypto::SecretBox>(std::array<std::byte, crypto::kAesKeyBytes>{},
                                                   random)),
      lists_(*address::Lists::load("verihook-lists 1\nlist role own 1\nadmin\n")) {
  store_.random = SeededRandom(seed * 31 + 7);
  for (int number = 0; number < kDomains; ++number) add_domain(number);
  endpoints_.on(
      "customer.example", "",
      [this](const http::ClientRequest& request) { return answer_webhook(request); },
      Milliseconds{20});
  start_node();
}

World::~World() {
  if (node_) kill_node();
  bool stopped = false;
  asio::co_spawn(io, network_.stop(), [&](std::exception_ptr) { stopped = true; });
  for (int turn = 0; turn < 100 && !stopped; ++turn) time.advance(Milliseconds{1'000});
}

// Every third domain accepts any recipient, every fourth asks to come back later; pairs of domains
// share their servers, every second of which is far away.
void World::add_domain(int number) {
  const std::string domain = "domain" + std::to_string(number) + ".example";
  const int server = number / 2;
  const std::string host = "mx" + std::to_string(server) + ".example";
  resolver_.set_mx(domain, {{10, host}});
  resolver_.set_addresses(host, {mail_server(server).address.to_string()});
  if (number % 3 == 0) catch_all_domains_.insert(domain);
  if (number % 4 == 1) greylisting_domains_.insert(domain);
  network_.listen(mail_server(server),
                  [this](testing::SimulatedPeer& peer) { return serve_mail(peer); },
                  {.latency = Milliseconds{server % 2 == 0 ? 15 : 150}, .split_reads = true});
}

std::string World::make_address(Greylisted greylisted) {
  const int number = ++addresses_made_;
  std::string domain;
  do {
    domain = "domain" + std::to_string(random.below(kDomains)) + ".example";
  } while (greylisted == Greylisted::kNo && greylisting_domains_.contains(domain));
  const bool exists = random.chance(0.7);
  const std::string email = (exists ? "user" : "nobody") + std::to_string(number) + "@" + domain;
  if (exists) mailboxes_.insert(email);
  if (catch_all_domains_.contains(domain)) {
    truths_[email] = model::Status::kRisky;
  } else {
    truths_[email] = exists ? model::Status::kValid : model::Status::kInvalid;
  }
  return email;
}

Task<void> World::serve_mail(testing::SimulatedPeer& peer) {
  if (random.chance(faults.mail_throttle)) {
    peer.write("421 4.7.0 mx.example Too many concurrent connections\r\n");
    co_return;
  }
  peer.write("220 mx.example ESMTP\r\n");
  const bool breaks = random.chance(faults.mail_connection);
  std::uint64_t lines_left = breaks ? random.below(8) : 10'000;
  for (;;) {
    const auto line = co_await peer.read_line();
    if (!line) co_return;
    if (lines_left-- == 0) {
      peer.reset();
      co_return;
    }
    if (line->starts_with("EHLO")) {
      // Some take one command at a time, so that a conversation is long.
      const bool pipelining = random.chance(0.5);
      peer.write(pipelining ? "250-mx.example\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"
                            : "250-mx.example\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (line->starts_with("RCPT TO:")) {
      peer.write(answer_recipient(*line));
    } else if (line->starts_with("QUIT")) {
      peer.write("221 2.0.0 Bye\r\n");
      co_return;
    } else {
      peer.write("250 2.0.0 Ok\r\n");
    }
  }
}

std::string World::answer_recipient(const std::string& line) {
  const auto begin = line.find('<') + 1;
  const std::string email = line.substr(begin, line.find('>') - begin);
  probes.push_back({email, time.clock().wall_now()});
  const std::string domain = email.substr(email.find('@') + 1);
  if (greylisting_domains_.contains(domain)) {
    const WallTime now = time.clock().wall_now();
    const auto [first, is_new] = first_asked_.try_emplace(email, now);
    if (now < first->second + kGreylistingTime) {
      return "451 4.7.1 Greylisting in action, please come back later\r\n";
    }
  }
  if (mailboxes_.contains(email) || catch_all_domains_.contains(domain)) {
    return "250 2.1.5 Ok\r\n";
  }
  return "550 5.1.1 User unknown\r\n";
}

Result<http::ClientResponse> World::answer_webhook(const http::ClientRequest& request) {
  Received one;
  one.body = request.body;
  const auto payload = boost::json::parse(request.body).as_object();
  one.event_type = payload.at("event_type").as_string();
  one.webhook_id = payload.at("webhook_id").as_string();
  if (payload.at("job_id").is_string()) one.job_id = payload.at("job_id").as_string();
  if (payload.contains("verification_id")) {
    one.verification_id = payload.at("verification_id").as_string();
  }
  webhooks::VerifierConfig verifier =
      webhooks::default_verifier(webhooks::VerifierKind::kStandardWebhooks);
  verifier.secrets = {std::string(kSecret)};
  one.signature_ok = webhooks::verify(verifier, request.headers.fields(), request.body,
                                      time.clock().wall_now(), std::chrono::seconds{300})
                         .accepted();
  received.push_back(std::move(one));
  if (random.chance(faults.endpoint_timeout)) return fail(Errc::kTimeout, "no answer");
  http::ClientResponse response;
  response.status = random.chance(faults.endpoint) ? 500 : 200;
  return response;
}

void World::add_endpoint() {
  model::Destination endpoint;
  endpoint.tenant_id = model::kDefaultTenant;
  endpoint.id = node_->ids.make(id_prefix::kWebhook);
  endpoint.url = "https://customer.example/hooks";
  endpoint.options.retry_schedule = model::default_endpoint_schedule();
  endpoint.created_at = endpoint.updated_at = time.clock().wall_now();
  endpoint.secrets.push_back(
      {*secrets_->seal(kSecret, destinations::secret_place(endpoint)), std::nullopt});
  const auto added = run(node_->database.write(
      [&](store::Connection& db) { return store::insert_destination(db, endpoint); }));
  ASSERT_TRUE(added) << added.error().message;
}

template <class Value>
Value World::run(Task<Value> task) {
  std::optional<Value> value;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, Value result) {
    if (error) std::rethrow_exception(error);
    value.emplace(std::move(result));
  });
  for (int turn = 0; turn < 10'000 && !value; ++turn) time.advance(Milliseconds{1});
  return std::move(value.value());
}

void World::start_node() {
  node_ = std::make_unique<Node>(*this);
  const auto opened = node_->database.open();
  ASSERT_TRUE(opened) << opened.error().message;
  node_->dispatcher.start();
  node_->engine.start();
  node_->singles.start();
  store_.full_chance = 0;
  if (!std::exchange(endpoint_added_, true)) add_endpoint();
  store_.full_chance = faults.disk_full;
}

void World::kill_node() {
  store_.dead = true;
  bool stopped = false;
  asio::co_spawn(io, node_->stop(Deadline::after(time.clock(), Milliseconds{0})),
                 [&](std::exception_ptr) { stopped = true; });
  for (int turn = 0; turn < 1'000 && !stopped; ++turn) time.advance(Milliseconds{100});
  ASSERT_TRUE(stopped);
  node_.reset();
  store_.dead = false;
  store_.dies_after_commit = false;
}

std::string World::submit(std::string_view tenant_id, const std::vector<std::string>& emails,
                          std::size_t chunk_rows) {
  jobs::Intake intake(node_->database, nullptr, time.clock(), std::string(tenant_id),
                      node_->ids.make(id_prefix::kJob), {.chunk_rows = chunk_rows});
  for (const std::string& email : emails) intake.add({.email = email});
  auto job = run(
      intake.commit({}, [](store::Connection&, const model::Job&) -> Result<void> { return {}; }));
  if (!job) return {};
  node_->engine.wake();
  return job->id;
}

std::string World::verify_later(const std::string& email) {
  model::Verification verification;
  verification.tenant_id = model::kDefaultTenant;
  verification.id = node_->ids.make(id_prefix::kVerification);
  verification.email = email;
  verification.created_at = verification.claimable_at = time.clock().wall_now();
  const auto stored = run(node_->database.write(
      [&](store::Connection& db) { return store::insert_verification(db, verification); }));
  if (!stored) return {};
  node_->singles.wake();
  return verification.id;
}

model::Verification World::find_verification(const std::string& id) {
  return run(node_->database.read([&](store::Connection& db) {
           return store::find_verification(db, model::kDefaultTenant, id);
         }))
      .value();
}

Result<model::Job> World::pause(const std::string& job_id) {
  return run(node_->engine.pause(std::string(model::kDefaultTenant), job_id));
}

Result<model::Job> World::resume(const std::string& job_id) {
  return run(node_->engine.resume(std::string(model::kDefaultTenant), job_id));
}

Result<model::Job> World::cancel(const std::string& job_id) {
  return run(node_->engine.cancel(std::string(model::kDefaultTenant), job_id));
}

Result<void> World::remove(const std::string& job_id) {
  return run(node_->engine.remove(std::string(model::kDefaultTenant), job_id));
}

Result<model::Job> World::look_up_job(const std::string& id, std::string_view tenant_id) {
  return run(node_->database.read(
      [&](store::Connection& db) { return store::find_job(db, tenant_id, id); }));
}

model::Job World::find_job(const std::string& id) { return look_up_job(id).value(); }

store::ParkedRows World::find_parked(const std::string& job_id) {
  return run(node_->database.read([&](store::Connection& db) {
           return store::find_parked_rows(db, model::kDefaultTenant, job_id);
         }))
      .value();
}

std::string World::download(const std::string& id) {
  jobs::ResultStream stream(node_->database, nullptr, find_job(id), {});
  std::string whole;
  for (;;) {
    const auto piece = run(stream.next());
    if (!piece || piece->empty()) return whole;
    whole += *piece;
  }
}

store::DeliveryCounts World::delivery_counts() {
  return run(node_->database.read(
                 [](store::Connection& db) { return store::count_deliveries(db); }))
      .value();
}

}  // namespace verihook::simulation
