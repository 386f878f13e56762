// What the tests of the outbox and the dispatcher share: a store in memory that outlives the
// Database in front of it (so that a crash can be played), virtual time, and a handler that answers
// from a script. For tests only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "delivery/dispatcher.h"
#include "store/destinations.h"
#include "store/events.h"
#include "tests/support/run_task.h"
#include "tests/support/surviving_store.h"
#include "tests/support/virtual_time.h"

namespace verihook::delivery::testing {

using verihook::testing::run_task;
using verihook::testing::SurvivingStore;
using verihook::testing::VirtualTime;

inline AttemptResult accepted() {
  AttemptResult result;
  result.success = true;
  result.status_code = 200;
  return result;
}

inline AttemptResult refused(int status_code) {
  AttemptResult result;
  result.status_code = status_code;
  result.gone = status_code == 410;
  result.error_class = "http_status";
  result.error = "the endpoint answered " + std::to_string(status_code);
  return result;
}

// Answers for each destination what its script says; 200 at once where there is none.
class ScriptedHandler final : public DestinationHandler {
 public:
  struct Answer {
    AttemptResult result;
    Milliseconds latency{0};
    bool keeps_deadline = true;
  };
  struct Seen {
    std::string destination_id;
    std::string event_id;
    std::string job_id;
    std::string type;
    std::string body;
    WallTime at;
    bool success = false;
  };
  using Script = std::function<Answer(const model::Event& event)>;

  explicit ScriptedHandler(Timers& timers) : timers_(timers) {}

  Task<AttemptResult> attempt(const model::Destination& destination, const model::Event& event,
                              const model::Delivery&, Deadline deadline) override {
    const auto script = scripts.find(destination.id);
    const Answer answer =
        script == scripts.end() ? Answer{.result = accepted()} : script->second(event);
    seen.push_back({destination.id, event.id, event.job_id, event.type, event.body,
                    timers_.clock().wall_now(), answer.result.success});
    const std::size_t now = ++in_flight[destination.id];
    in_flight_max[destination.id] = std::max(in_flight_max[destination.id], now);
    const MonotonicTime end = timers_.clock().monotonic_now() + answer.latency;
    const MonotonicTime until = answer.keeps_deadline ? std::min(end, deadline.time()) : end;
    if (answer.latency.count() > 0) co_await sleep_until(timers_, until);
    --in_flight[destination.id];
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return refused(0);
    if (answer.latency > attempt_timeout_ms()) {
      AttemptResult late;
      late.error_class = "timeout";
      late.error = "the endpoint did not answer in time";
      co_return late;
    }
    co_return answer.result;
  }

  std::vector<Seen> of(std::string_view destination_id) const {
    std::vector<Seen> result;
    for (const Seen& one : seen) {
      if (one.destination_id == destination_id) result.push_back(one);
    }
    return result;
  }

  std::map<std::string, Script> scripts;
  std::vector<Seen> seen;
  std::map<std::string, std::size_t> in_flight;
  std::map<std::string, std::size_t> in_flight_max;

 private:
  Timers& timers_;
};

class World {
 public:
  World() = default;
  explicit World(std::uint64_t seed) : random(seed) {}

  void open() {
    database = std::make_unique<store::Database>(
        kept.driver(), store::DatabaseOptions{.inline_executor = io.get_executor()},
        [](const Error&) {});
    const auto opened = database->open();
    EXPECT_TRUE(opened) << opened.error().message;
    outbox = std::make_unique<Outbox>(time.clock(), random, "node_1");
  }
  void start(DispatcherOptions options = {}) {
    if (!database) open();
    dispatcher = std::make_unique<Dispatcher>(
        io.get_executor(), time, *database, *outbox, random,
        DestinationHandlers{{model::DestinationKind::kHttp, &handler}}, options);
    dispatcher->start();
  }
  // Until the deadline passes, what runs may finish.
  void stop(Milliseconds patience) {
    bool stopped = false;
    asio::co_spawn(io, dispatcher->stop(Deadline::after(time.clock(), patience)),
                   [&](std::exception_ptr) { stopped = true; });
    for (int i = 0; i < 1000 && !stopped; ++i) time.advance(Milliseconds{100});
    EXPECT_TRUE(stopped);
    dispatcher.reset();
  }
  // The process dies: nothing of what it does from now on is kept.
  void crash() {
    kept.dead = true;
    stop(Milliseconds{0});
    outbox.reset();
    database.reset();
    kept.dead = false;
    kept.dies_after_commit = false;
  }

  template <class Function>
  auto write(Function function) {
    return run_task(io, database->write(std::move(function)));
  }

  model::Destination add(std::string id, std::function<void(model::Destination&)> change = {}) {
    model::Destination destination;
    destination.tenant_id = "default";
    destination.id = std::move(id);
    destination.url = "https://" + destination.id + ".example/";
    destination.created_at = destination.updated_at = time.clock().wall_now();
    if (change) change(destination);
    const auto added =
        write([&](store::Connection& db) { return store::insert_destination(db, destination); });
    EXPECT_TRUE(added) << added.error().message;
    return destination;
  }
  void change(const std::string& id, std::function<void(model::Destination&)> by) {
    const auto changed = write([&](store::Connection& db) -> Result<void> {
      TRY(destination, store::find_destination(db, "default", id));
      by(destination);
      return store::update_destination(db, destination);
    });
    EXPECT_TRUE(changed) << changed.error().message;
    dispatcher->wake("default", id);
  }

  // Stores the event and hands its deliveries to the dispatcher; its id, empty when it was refused.
  std::string publish(std::string type, std::string job_id = "", std::string tenant = "default",
                      std::function<void(model::Event&)> change = {}) {
    model::Event event;
    event.tenant_id = std::move(tenant);
    event.type = std::move(type);
    event.job_id = std::move(job_id);
    event.body = "\"status\":\"x\"}";
    if (change) change(event);
    auto published =
        write([&](store::Connection& db) { return outbox->publish(db, std::move(event)); });
    if (!published) return {};
    std::string id = published->event->id;
    last_published = *published;
    if (dispatcher) dispatcher->take(std::move(*published));
    return id;
  }

  template <class Function>
  auto read(Function function) {
    return run_task(io, database->read(std::move(function)));
  }
  store::DeliveryCounts counts() {
    return read([](store::Connection& db) { return store::count_deliveries(db); }).value();
  }
  std::vector<model::Delivery> deliveries(store::DeliveryFilter filter,
                                          std::string tenant = "default") {
    filter.limit = 100'000;
    return read([&](store::Connection& db) { return store::list_deliveries(db, tenant, filter); })
        .value();
  }
  std::vector<model::Event> events(const std::string& type, std::string tenant = "default") {
    store::EventFilter filter;
    filter.type = type;
    filter.limit = 100'000;
    return read([&](store::Connection& db) { return store::list_events(db, tenant, filter); })
        .value();
  }
  model::Destination destination(const std::string& id) {
    return read([&](store::Connection& db) { return store::find_destination(db, "default", id); })
        .value();
  }

  asio::io_context io{1};
  VirtualTime time{io};
  SeededRandom random{1};
  SurvivingStore kept;
  ScriptedHandler handler{time};
  Published last_published;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace verihook::delivery::testing
