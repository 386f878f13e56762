#include "gateway/receiver.h"

#include <deque>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/hmac.h"
#include "gateway/measured_handler.h"
#include "store/accounts.h"
#include "store/destinations.h"
#include "store/events.h"
#include "store/rejected_requests.h"
#include "store/sqlite/sqlite_driver.h"
#include "tests/support/run_task.h"
#include "tests/support/virtual_time.h"

namespace verihook::gateway {
namespace {

using verihook::testing::run_task;
using verihook::testing::VirtualTime;

constexpr std::string_view kSecret = "whsec_test_secret";

// The SQLite driver, whose commits fail when a test says so.
class FaultyDriver final : public store::Driver {
 public:
  explicit FaultyDriver(const std::optional<Error>& fault) : fault_(fault) {}
  Result<std::unique_ptr<store::Connection>> open_writer() override { return inner_.open_writer(); }
  Result<std::unique_ptr<store::Connection>> open_reader() override { return inner_.open_reader(); }
  Result<void> begin(store::Connection& writer) override { return inner_.begin(writer); }
  Result<void> commit(store::Connection& writer) override {
    if (fault_) return std::unexpected(*fault_);
    return inner_.commit(writer);
  }
  void rollback(store::Connection& writer) override { inner_.rollback(writer); }
  Result<void> maintain(store::Connection& writer) override { return inner_.maintain(writer); }
  Result<void> scrub(store::Connection& writer) override { return inner_.scrub(writer); }
  std::string translate_schema(std::string_view sql) const override {
    return inner_.translate_schema(sql);
  }
  bool reads_through_writer() const override { return true; }

 private:
  const std::optional<Error>& fault_;
  store::sqlite::SqliteDriver inner_{"", {.in_memory = true, .vfs = ""}};
};

class TextBody final : public http::BodyReader {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Task<Result<std::string_view>> read_some() override {
    co_return std::exchange(done_, true) ? std::string_view() : std::string_view(text_);
  }
  Task<Result<std::string>> read_all(std::size_t limit_bytes) override {
    if (error) co_return std::unexpected(*error);
    if (text_.size() > limit_bytes) co_return fail(Errc::kTooLarge, "too large");
    co_return text_;
  }
  std::optional<Error> error;

 private:
  const std::string text_;
  bool done_ = false;
};

// A request and what belongs to it.
struct Sent {
  explicit Sent(std::string text) : body(std::move(text)) {
    request.method = http::Method::kPost;
    request.path = "/webhooks/door";
    request.captures = {{"source", "door"}};
    request.id = "req_1";
    request.peer.address = net::IpAddress::parse("203.0.113.9").value();
    request.body = &body;
  }
  TextBody body;
  http::Request request;
};

std::string signature_of(std::string_view body, std::string_view secret = kSecret) {
  return crypto::hex_encode(crypto::hmac_sha256(secret, body));
}

std::unique_ptr<Sent> signed_request(const std::string& body, std::string_view secret = kSecret) {
  auto sent = std::make_unique<Sent>(body);
  sent->request.headers.add("X-Webhook-Signature", signature_of(body, secret));
  return sent;
}

class ReceiverTest : public ::testing::Test {
 protected:
  ReceiverTest() {
    EXPECT_TRUE(database_.open().has_value());
    source_.tenant_id = model::kDefaultTenant;
    source_.id = "src_1";
    source_.name = "door";
    source_.verifier = R"({"kind":"hmac"})";
    source_.secrets = {{box_.seal(kSecret, "default|src_1").value(), std::nullopt}};
    write([&](store::Connection& db) {
      return store::insert_tenant(db, {std::string(model::kDefaultTenant), "default", {}});
    });
    write([&](store::Connection& db) { return store::insert_source(db, source_); });
    quarantine_.start();
  }
  ~ReceiverTest() override {
    run_task(io_, [](Quarantine& quarantine) -> Task<bool> {
      co_await quarantine.stop();
      co_return true;
    }(quarantine_));
  }

  template <class Function>
  void write(Function function) {
    const auto done = run_task(io_, database_.write(function));
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
  }
  void change_source() {
    write([&](store::Connection& db) { return store::update_source(db, source_); });
    receiver_.sources().forget("door");
  }
  http::Response send(std::unique_ptr<Sent> sent) {
    return run_task(io_, receiver_.receive(sent->request));
  }
  std::string payload(std::string_view id = "evt_1") const {
    return R"({"event_type":"bulk.completed","webhook_id":")" + std::string(id) +
           R"(","job_id":"job_1","timestamp":")" + to_iso8601(time_.clock().wall_now()) + "\"}";
  }
  std::vector<model::Event> stored(std::string_view tenant = model::kDefaultTenant) {
    return run_task(io_, database_.read([&](store::Connection& db) {
             return store::list_events(db, tenant, {});
           }))
        .value();
  }

  // The requests of the door that were refused, oldest first, once they are written.
  std::vector<model::RejectedRequest> rejected() {
    time_.advance(std::chrono::seconds{2});
    store::RejectedRequestFilter filter;
    filter.oldest_first = true;
    auto found = run_task(io_, database_.read([&](store::Connection& db) {
                   return store::list_rejected_requests(db, model::kDefaultTenant, "src_1", filter);
                 })).value();
    for (auto& one : found) {
      one = run_task(io_, database_.read([&](store::Connection& db) {
              return store::find_rejected_request(db, one.tenant_id, "src_1", one.id);
            })).value();
    }
    return found;
  }
  Result<Admission> admit(const model::RejectedRequest& request) {
    return run_task(io_, receiver_.admit(source_, request));
  }
  void use_secret(std::string_view secret) {
    source_.secrets = {{box_.seal(secret, "default|src_1").value(), std::nullopt}};
    change_source();
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  std::optional<Error> fault_;
  SeededRandom random_{7};
  IdMaker ids_{time_.clock(), random_};
  crypto::SecretBox box_{crypto::AesKey(std::array<std::byte, crypto::kAesKeyBytes>{}), random_};
  store::Database database_{std::make_unique<FaultyDriver>(fault_),
                            {.inline_executor = io_.get_executor()},
                            [](const Error&) {}};
  delivery::Outbox outbox_{time_.clock(), random_, "node_1"};
  std::vector<delivery::Published> published_;
  Quarantine quarantine_{io_.get_executor(), time_, database_, box_, nullptr, {}};
  DoorPressure pressure_{{.queue_age_max = std::chrono::seconds{60}, .disk_free_bytes_min = {}}};
  Receiver receiver_{database_,
                     time_.clock(),
                     ids_,
                     box_,
                     outbox_,
                     quarantine_,
                     {net::Cidr::parse("10.0.0.0/8").value()},
                     [this](delivery::Published p) { published_.push_back(std::move(p)); },
                     {.pressure = &pressure_}};
  model::Source source_;
};

TEST_F(ReceiverTest, StoresWhatIsSignedAndThenSaysSo) {
  auto sent = signed_request(payload());
  sent->request.headers.add("Authorization", "Bearer secret");
  const http::Response answer = send(std::move(sent));
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, R"({"received":true})");
  const auto events = stored();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, "bulk.completed");
  EXPECT_EQ(events[0].job_id, "job_1");
  EXPECT_EQ(events[0].source_name, "door");
  EXPECT_EQ(events[0].peer, "203.0.113.9");
  EXPECT_EQ(events[0].dedup_key, "evt_1");
  EXPECT_EQ(events[0].body, payload());
  EXPECT_EQ(events[0].origin, model::EventOrigin::kReceived);
  EXPECT_EQ(events[0].request_headers.find("secret"), std::string::npos);
  ASSERT_EQ(published_.size(), 1u);
  EXPECT_EQ(published_[0].event->id, events[0].id);
}

TEST_F(ReceiverTest, AnswersInTheOrderOfTheChecks) {
  source_.ip_allowlist = {"203.0.113.0/24"};
  source_.body_bytes_max = 400;
  source_.settings = R"({"tenant_rule":"route"})";
  change_source();
  const auto expect = [&](std::unique_ptr<Sent> sent, unsigned status, std::string_view error) {
    const http::Response answer = send(std::move(sent));
    EXPECT_EQ(answer.status, status);
    EXPECT_TRUE(answer.body.starts_with(R"({"error":")" + std::string(error) + "\",\"code\":\""))
        << answer.body;
    EXPECT_NE(answer.body.find(R"("request_id":"req_1")"), std::string::npos);
  };
  const std::string too_long(401, 'x');
  // Each request fails every later check as well.
  auto nobody = std::make_unique<Sent>(too_long);
  nobody->request.captures = {{"source", "elsewhere"}};
  expect(std::move(nobody), 404, "Unknown source");
  auto stranger = std::make_unique<Sent>(too_long);
  stranger->request.peer.address = net::IpAddress::parse("198.51.100.1").value();
  expect(std::move(stranger), 403, "Forbidden");
  expect(std::make_unique<Sent>(too_long), 413, "Payload too large");
  expect(std::make_unique<Sent>("not json"), 401, "Missing signature");
  expect(signed_request("not json", "another"), 401, "Invalid signature");
  expect(signed_request("not json"), 400, "Invalid JSON");
  expect(signed_request(R"({"timestamp":"2020-01-01T00:00:00Z","tenant_id":"x"})"), 400,
         "Invalid timestamp");
  expect(signed_request(R"({"timestamp":"2030-01-01T00:00:00Z","tenant_id":"x"})"), 400,
         "Invalid timestamp");
  expect(signed_request(R"({"timestamp":true,"tenant_id":"x"})"), 400, "Invalid timestamp");
  expect(signed_request(R"({"tenant_id":"x"})"), 404, "Unknown tenant");
  expect(signed_request(R"({})"), 404, "Unknown tenant");
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(send(signed_request(R"({"tenant_id":"default"})")).status, 200u);
  EXPECT_EQ(receiver_.stats().rejected(), 11u);
}

TEST_F(ReceiverTest, TellsTheTimeByTheBodyToTheSecond) {
  const auto at = [&](std::int64_t seconds) {
    const WallTime time = time_.clock().wall_now() + std::chrono::seconds{seconds};
    return send(signed_request(R"({"timestamp":")" + to_iso8601(time) + "\"}")).status;
  };
  EXPECT_EQ(at(-300), 200u);
  EXPECT_EQ(at(300), 200u);
  EXPECT_EQ(at(-301), 400u);
  EXPECT_EQ(at(301), 400u);
  EXPECT_EQ(send(signed_request(R"({"a":1})")).status, 200u);
  source_.settings = R"({"require_timestamp":true})";
  change_source();
  EXPECT_EQ(send(signed_request(R"({"a":2})")).status, 400u);
}

TEST_F(ReceiverTest, AcceptsNothingThatWasForgedOrChanged) {
  const std::string body = payload();
  const std::string good = signature_of(body);
  for (std::size_t i = 0; i < body.size(); ++i) {
    std::string changed = body;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    auto sent = std::make_unique<Sent>(changed);
    sent->request.headers.add("X-Webhook-Signature", good);
    EXPECT_EQ(send(std::move(sent)).status, 401u) << i;
  }
  for (const std::string& signature :
       {good.substr(1), good + "0", "sha256=" + good, std::string(64, '0'), signature_of(body, ""),
        signature_of(body + " "), crypto::base64_encode(crypto::hmac_sha256(kSecret, body))}) {
    auto sent = std::make_unique<Sent>(body);
    sent->request.headers.add("X-Webhook-Signature", signature);
    EXPECT_EQ(send(std::move(sent)).status, 401u) << signature;
  }
  auto twice = signed_request(body);
  twice->request.headers.add("x-webhook-signature", good);
  EXPECT_EQ(send(std::move(twice)).status, 401u);
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(send(signed_request(body)).status, 200u);
}

TEST_F(ReceiverTest, StoresOnceWhatArrivesFiftyTimesAtOnce) {
  std::deque<std::unique_ptr<Sent>> all;
  int fresh = 0;
  int duplicates = 0;
  for (int i = 0; i < 50; ++i) {
    all.push_back(signed_request(payload()));
    asio::co_spawn(io_, receiver_.receive(all.back()->request),
                   [&](std::exception_ptr error, http::Response answer) {
                     ASSERT_FALSE(error);
                     EXPECT_EQ(answer.status, 200u);
                     fresh += answer.body == R"({"received":true})";
                     duplicates += answer.body == R"({"received":true,"duplicate":true})";
                   });
  }
  time_.run(Milliseconds{1});
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(duplicates, 49);
  EXPECT_EQ(stored().size(), 1u);
  EXPECT_EQ(published_.size(), 1u);
}

TEST_F(ReceiverTest, TakesNothingWhileTheStoreIsFullAndTheSameEventAfterwards) {
  fault_ = Error{Errc::kStorageFull, "no space left"};
  const http::Response refused = send(signed_request(payload()));
  EXPECT_EQ(refused.status, 503u);
  EXPECT_EQ(refused.headers.get("Retry-After"), "5");
  EXPECT_TRUE(published_.empty());
  fault_.reset();
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(send(signed_request(payload())).body, R"({"received":true})");
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(ReceiverTest, LetsEverythingThroughInShadowModeButCountsIt) {
  source_.mode = model::SourceMode::kShadow;
  source_.ip_allowlist = {"192.0.2.0/24"};
  change_source();
  EXPECT_EQ(send(std::make_unique<Sent>(payload("evt_1"))).status, 200u);
  EXPECT_EQ(send(signed_request(payload("evt_2"), "another")).status, 200u);
  EXPECT_EQ(send(std::make_unique<Sent>("not json")).status, 200u);
  EXPECT_EQ(receiver_.stats().shadow_accepted, 3u);
  EXPECT_EQ(stored().size(), 3u);
}

TEST_F(ReceiverTest, BelievesForwardedAddressesOfTrustedProxiesOnly) {
  source_.ip_allowlist = {"203.0.113.0/24"};
  change_source();
  auto through_proxy = signed_request(payload("evt_1"));
  through_proxy->request.peer.address = net::IpAddress::parse("10.1.2.3").value();
  through_proxy->request.headers.add("X-Forwarded-For", "203.0.113.77");
  EXPECT_EQ(send(std::move(through_proxy)).status, 200u);
  EXPECT_EQ(stored().front().peer, "203.0.113.77");
  auto spoofed = signed_request(payload("evt_2"));
  spoofed->request.peer.address = net::IpAddress::parse("198.51.100.1").value();
  spoofed->request.headers.add("X-Forwarded-For", "203.0.113.77");
  EXPECT_EQ(send(std::move(spoofed)).status, 403u);
}

TEST_F(ReceiverTest, RoutesToTheTenantThatTheBodyNames) {
  write([&](store::Connection& db) { return store::insert_tenant(db, {"acme", "Acme", {}}); });
  source_.settings = R"({"tenant_rule":"route"})";
  change_source();
  EXPECT_EQ(send(signed_request(R"({"tenant_id":"acme","webhook_id":"e"})")).status, 200u);
  EXPECT_EQ(stored("acme").size(), 1u);
  EXPECT_TRUE(stored().empty());
}

TEST_F(ReceiverTest, SeesChangesOfASourceAtOnceHereAndSoonElsewhere) {
  EXPECT_EQ(send(signed_request(payload("evt_1"))).status, 200u);
  source_.secrets = {{box_.seal("renewed", "default|src_1").value(), std::nullopt}};
  write([&](store::Connection& db) { return store::update_source(db, source_); });
  EXPECT_EQ(send(signed_request(payload("evt_2"))).status, 200u);
  time_.advance(kSourceCacheTime);
  EXPECT_EQ(send(signed_request(payload("evt_3"))).status, 401u);
  EXPECT_EQ(send(signed_request(payload("evt_3"), "renewed")).status, 200u);
  write([&](store::Connection& db) {
    return store::delete_source(db, source_.tenant_id, source_.id);
  });
  receiver_.sources().forget("door");
  EXPECT_EQ(send(signed_request(payload("evt_4"), "renewed")).status, 404u);
}

TEST_F(ReceiverTest, RefusesForNowWhenASecretCannotBeOpened) {
  source_.secrets = {{box_.seal(kSecret, "default|src_other").value(), std::nullopt}};
  change_source();
  EXPECT_EQ(send(signed_request(payload())).status, 503u);
}

TEST_F(ReceiverTest, LeavesExpiredSecretsOut) {
  source_.secrets.push_back({box_.seal("old", "default|src_1").value(),
                             time_.clock().wall_now() + std::chrono::hours{1}});
  change_source();
  EXPECT_EQ(send(signed_request(payload("evt_1"), "old")).status, 200u);
  time_.advance(std::chrono::hours{1});
  EXPECT_EQ(send(signed_request(payload("evt_2"), "old")).status, 401u);
  EXPECT_EQ(send(signed_request(payload("evt_2"))).status, 200u);
}

TEST_F(ReceiverTest, AnswersBodiesThatDoNotArrive) {
  auto slow = signed_request(payload());
  slow->body.error = Error{Errc::kTimeout, "slow"};
  EXPECT_EQ(send(std::move(slow)).status, 408u);
  auto cut = signed_request(payload());
  cut->body.error = Error{Errc::kConnectionLost, "cut"};
  EXPECT_EQ(send(std::move(cut)).status, 400u);
}

TEST_F(ReceiverTest, RemembersIdsForMoreThanAWeek) {
  EXPECT_EQ(send(signed_request(R"({"webhook_id":"e"})")).body, R"({"received":true})");
  time_.advance(std::chrono::hours{24 * 7});
  EXPECT_EQ(run_task(io_, receiver_.forget_old_ids(100)).value(), 0);
  EXPECT_EQ(send(signed_request(R"({"webhook_id":"e"})")).body,
            R"({"received":true,"duplicate":true})");
  time_.advance(std::chrono::hours{25});
  EXPECT_EQ(run_task(io_, receiver_.forget_old_ids(100)).value(), 1);
}

TEST_F(ReceiverTest, TellsItsMetrics) {
  EXPECT_EQ(send(signed_request(payload("evt_1"))).status, 200u);
  receiver_.metrics().note_processed(Milliseconds{10});
  receiver_.metrics().note_processed(Milliseconds{21});
  EXPECT_EQ(send(signed_request(payload("evt_1"))).status, 200u);
  const std::string text = run_task(io_, receiver_.webhook_metrics_json()).value();
  EXPECT_TRUE(text.starts_with(R"({"received":1,"processed":1,"failed":0,"success_rate":"100.00%",)"
                               R"("avg_latency_ms":16,"pending":0,"duplicates":1,"rejected":0,)"))
      << text;
}

TEST(WebhookMetrics, RoundTheRateAsTheContractShowsIt) {
  WebhookMetrics metrics;
  EXPECT_TRUE(webhook_metrics_json({.received = 10000, .processed = 9812, .failed = 3}, metrics)
                  .starts_with(R"({"received":10000,"processed":9812,"failed":3,)"
                               R"("success_rate":"98.12%","avg_latency_ms":null,)"));
  for (int i = 0; i < 1500; ++i) metrics.note_processed(Milliseconds{i < 500 ? 1000 : 10});
  EXPECT_EQ(metrics.average_latency_ms(), 10);
}

class Accepting final : public delivery::DestinationHandler {
 public:
  Task<delivery::AttemptResult> attempt(const model::Destination&, const model::Event&,
                                        const model::Delivery&, Deadline) override {
    delivery::AttemptResult result;
    result.success = success;
    co_return result;
  }
  Milliseconds attempt_timeout_ms() const override { return Milliseconds{7}; }
  bool success = true;
};

TEST(MeasuredHandler, ReportsReceivedEventsThatArrive) {
  asio::io_context io(1);
  VirtualClock clock;
  WebhookMetrics metrics;
  Accepting inner;
  MeasuredHandler measured(inner, clock, metrics);
  EXPECT_EQ(measured.attempt_timeout_ms(), Milliseconds{7});
  model::Event event;
  event.created_at = clock.wall_now();
  clock.advance(std::chrono::hours{1});  // it was refused at first, and admitted an hour later
  model::Delivery delivery;
  delivery.created_at = clock.wall_now();
  clock.advance(Milliseconds{40});
  const auto attempt = [&] {
    run_task(io, measured.attempt({}, event, delivery, Deadline::never()));
    return metrics.average_latency_ms();
  };
  EXPECT_EQ(attempt(), std::nullopt);  // produced here
  event.origin = model::EventOrigin::kReceived;
  inner.success = false;
  EXPECT_EQ(attempt(), std::nullopt);
  inner.success = true;
  EXPECT_EQ(attempt(), 40);
}

TEST(RejectionLog, WritesALineAMinuteAndSource) {
  VirtualClock clock;
  RejectionLog log(clock);
  model::Source one;
  one.id = "src_1";
  model::Source two;
  two.id = "src_2";
  EXPECT_TRUE(log.note(one, Outcome::kInvalidSignature, ""));
  EXPECT_FALSE(log.note(one, Outcome::kInvalidSignature, ""));
  EXPECT_TRUE(log.note(two, Outcome::kForbidden, ""));
  clock.advance(kRejectionLogInterval);
  EXPECT_TRUE(log.note(one, Outcome::kInvalidSignature, ""));
  EXPECT_FALSE(log.note(one, Outcome::kInvalidSignature, ""));
}

TEST(SourceSettings, RefuseRoutingToOtherTenantsBySourcesOfTenants) {
  EXPECT_TRUE(parse_source_settings(R"({"tenant_rule":"route"})", model::kDefaultTenant));
  EXPECT_FALSE(parse_source_settings(R"({"tenant_rule":"route"})", "acme"));
  EXPECT_TRUE(parse_source_settings(R"({"tenant_rule":"require","other":1})", "acme"));
  EXPECT_FALSE(parse_source_settings(R"({"tenant_rule":"any"})", "acme"));
  EXPECT_FALSE(parse_source_settings(R"({"require_timestamp":1})", "acme"));
  EXPECT_FALSE(parse_source_settings("[]", "acme"));
}

TEST(Outcomes, StandInTheTableInTheirOrder) {
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kOutcomes[i].outcome), i);
  }
}

TEST_F(ReceiverTest, WhatIsRefusedIsAdmittedOnceTheSecretIsMendedAsAtItsArrival) {
  const std::string body = payload();
  EXPECT_EQ(send(signed_request(body, "the new secret")).status, 401u);
  const auto refused = rejected();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].id, "req_1");
  EXPECT_EQ(refused[0].body, body);
  EXPECT_EQ(refused[0].outcome, "invalid_signature");
  const auto arrived_at = refused[0].received_at;

  const auto still = admit(refused[0]);
  ASSERT_TRUE(still) << still.error().message;
  EXPECT_EQ(still->outcome, Outcome::kInvalidSignature);
  EXPECT_EQ(still->diagnosis.cause, "unknown_secret");
  EXPECT_TRUE(stored().empty());

  use_secret("the new secret");
  time_.advance(std::chrono::hours{3});
  const auto admitted = admit(refused[0]);
  ASSERT_TRUE(admitted) << admitted.error().message;
  EXPECT_EQ(admitted->outcome, Outcome::kAccepted);
  const auto events = stored();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, admitted->event_id);
  EXPECT_EQ(events[0].created_at, arrived_at);
  EXPECT_EQ(events[0].body, body);
  EXPECT_EQ(events[0].peer, "203.0.113.9");
  ASSERT_EQ(published_.size(), 1u);
  EXPECT_TRUE(rejected().empty());
  EXPECT_EQ(admit(refused[0]).error().code, Errc::kNotFound);
}

TEST_F(ReceiverTest, WhatWasReceivedMeanwhileIsAdmittedAsADuplicate) {
  send(signed_request(payload(), "another"));
  const auto refused = rejected();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(send(signed_request(payload())).status, 200u);
  use_secret("another");
  const auto admitted = admit(refused[0]);
  ASSERT_TRUE(admitted) << admitted.error().message;
  EXPECT_EQ(admitted->outcome, Outcome::kDuplicate);
  EXPECT_EQ(admitted->event_id, stored()[0].id);
  EXPECT_EQ(stored().size(), 1u);
  EXPECT_TRUE(rejected().empty());
}

TEST_F(ReceiverTest, NothingOfARejectedRequestIsLostWhenTheStoreIsFull) {
  send(signed_request(payload(), "another"));
  const auto refused = rejected();
  use_secret("another");
  fault_ = Error{Errc::kStorageFull, "full"};
  EXPECT_EQ(admit(refused[0]).error().code, Errc::kStorageFull);
  fault_.reset();
  EXPECT_EQ(rejected().size(), 1u);
  EXPECT_TRUE(stored().empty());
  EXPECT_TRUE(admit(refused[0]).has_value());
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(ReceiverTest, CredentialsOfARefusedRequestAreKeptSealed) {
  source_.verifier = R"({"kind":"basic"})";
  use_secret("user:old");
  auto sent = std::make_unique<Sent>(payload());
  sent->request.headers.add("Authorization", "Basic " + crypto::base64_encode("user:new"));
  EXPECT_EQ(send(std::move(sent)).status, 401u);
  const auto refused = rejected();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].headers.find("Basic"), std::string::npos);
  EXPECT_FALSE(refused[0].secret_headers.empty());
  EXPECT_EQ(refused[0].secret_headers.find("Basic"), std::string::npos);
  use_secret("user:new");
  EXPECT_EQ(admit(refused[0])->outcome, Outcome::kAccepted);
}

TEST_F(ReceiverTest, AShutDoorReadsNothingAndIsAskedAgain) {
  pressure_.update({.queue_age = std::chrono::minutes{2}, .disk_free_bytes = {}});
  auto sent = signed_request(payload());
  sent->body.error = Error{Errc::kTimeout, "nobody is to read this"};
  const http::Response answer = send(std::move(sent));
  EXPECT_EQ(answer.status, 503u);
  EXPECT_TRUE(answer.headers.get("Retry-After"));
  pressure_.update({.queue_age = std::chrono::seconds{0}, .disk_free_bytes = {}});
  EXPECT_EQ(send(signed_request(payload())).status, 200u);
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(ReceiverTest, WhatIsForbiddenAndWhatAShadowAcceptsIsNoRejectedRequest) {
  source_.ip_allowlist = {"192.0.2.0/24"};
  change_source();
  EXPECT_EQ(send(signed_request(payload())).status, 403u);
  source_.ip_allowlist = {};
  source_.mode = model::SourceMode::kShadow;
  change_source();
  EXPECT_EQ(send(signed_request(payload(), "wrong")).status, 200u);
  EXPECT_TRUE(rejected().empty());
}

}  // namespace
}  // namespace verihook::gateway
