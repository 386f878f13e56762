#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "async/and_finally.h"
#include "async/bounded_queue.h"
#include "async/doorbell.h"
#include "async/run_on.h"
#include "async/semaphore.h"
#include "async/task_group.h"
#include "async/with_deadline.h"
#include "base/log.h"
#include "tests/support/virtual_time.h"

namespace verihook {
namespace {

using testing::VirtualTime;
using namespace std::chrono_literals;

class AsyncTest : public ::testing::Test {
 protected:
  asio::io_context io_{1};
  VirtualTime time_{io_};
  TaskGroup group_{io_.get_executor(), "test"};
  std::vector<std::string> seen_;

  Task<void> note_after(Milliseconds delay, std::string what) {
    co_await sleep_for(time_, delay);
    const auto state = co_await asio::this_coro::cancellation_state;
    seen_.push_back(cancelled(state) ? what + " cancelled" : what);
  }
};

TEST_F(AsyncTest, SleepsEndInTheOrderOfTheirDeadlines) {
  group_.spawn("late", note_after(48h, "late"));
  group_.spawn("early", note_after(1ms, "early"));
  time_.run();
  EXPECT_EQ(seen_, (std::vector<std::string>{"early", "late"}));
  EXPECT_EQ(time_.clock().wall_now(), *parse_iso8601("2026-01-03T00:00:00Z"));
}

TEST_F(AsyncTest, AdvanceFiresOnlyWhatIsDue) {
  group_.spawn("late", note_after(10s, "late"));
  group_.spawn("early", note_after(1s, "early"));
  time_.advance(5s);
  EXPECT_EQ(seen_, std::vector<std::string>{"early"});
  time_.advance(5s);
  EXPECT_EQ(seen_.size(), 2u);
}

TEST_F(AsyncTest, ADoorbellWakesForNewsForTimeAndForWhatRangMeanwhile) {
  Doorbell bell(time_);
  const auto note = [&](std::uint64_t heard, Deadline deadline, std::string what) -> Task<void> {
    const bool woken = co_await bell.wait(heard, deadline);
    seen_.push_back(what + (woken ? "" : " cancelled"));
  };
  const auto in = [&](Milliseconds delay) { return Deadline::after(time_.clock(), delay); };
  bell.ring();
  group_.spawn("rang before", note(0, in(1h), "rang before"));
  group_.spawn("on time", note(1, in(1s), "on time"));
  group_.spawn("rung for", note(1, in(1h), "rung for"));
  group_.spawn("for ever", note(2, Deadline::never(), "for ever"));
  time_.advance(2s);
  EXPECT_EQ(seen_, (std::vector<std::string>{"rang before", "on time"}));
  bell.ring();
  time_.advance(1ms);
  EXPECT_EQ(seen_.back(), "rung for");
  time_.advance(2h);
  EXPECT_EQ(seen_.size(), 3u);
  group_.cancel();
  time_.run();
  EXPECT_EQ(seen_.back(), "for ever cancelled");
}

TEST_F(AsyncTest, AnAlarmCallsOnceAndNotAfterDisarming) {
  int calls = 0;
  Alarm alarm(time_, io_.get_executor());
  alarm.arm(Deadline::after(time_.clock(), 5s), [&] { ++calls; });
  alarm.arm(Deadline::after(time_.clock(), 7s), [&] { calls += 10; });
  time_.run();
  EXPECT_EQ(calls, 10);
  alarm.arm(Deadline::after(time_.clock(), 5s), [&] { ++calls; });
  alarm.disarm();
  time_.run();
  EXPECT_EQ(calls, 10);
}

TEST_F(AsyncTest, AMutedAlarmIsSilentAndMayBeArmedAgainForLaterOrSooner) {
  std::vector<MonotonicTime> calls;
  const MonotonicTime begin = time_.clock().monotonic_now();
  const auto note_time = [&] { calls.push_back(time_.clock().monotonic_now()); };
  Alarm alarm(time_, io_.get_executor());
  alarm.arm(Deadline::at(begin + 5s), note_time);
  alarm.mute();
  time_.advance(6s);
  EXPECT_TRUE(calls.empty());
  for (const auto after : {10s, 20s, 15s}) {
    alarm.mute();
    alarm.arm(Deadline::at(begin + after), note_time);
  }
  time_.run();
  EXPECT_EQ(calls, std::vector<MonotonicTime>{begin + 15s});
}

TEST_F(AsyncTest, AWaitWithADeadlineEndsByWhateverComesFirst) {
  WaitList list;
  std::vector<std::optional<Errc>> ends;
  auto wait = [&](Deadline deadline) -> Task<void> {
    const auto ended = co_await list.wait(time_, deadline);
    ends.push_back(ended ? std::nullopt : std::optional(ended.error().code));
  };
  group_.spawn("woken", wait(Deadline::never()));
  group_.spawn("late", wait(Deadline::after(time_.clock(), 2s)));
  const auto cancelled = group_.spawn("cancelled", wait(Deadline::after(time_.clock(), 9s)));
  time_.advance(3s);
  EXPECT_EQ(ends, std::vector<std::optional<Errc>>{Errc::kTimeout});
  EXPECT_EQ(list.size(), 2u);
  EXPECT_TRUE(list.wake_one());
  group_.cancel(cancelled);
  time_.run();
  EXPECT_EQ(ends,
            (std::vector<std::optional<Errc>>{Errc::kTimeout, std::nullopt, Errc::kCancelled}));
  EXPECT_EQ(list.size(), 0u);
}

TEST_F(AsyncTest, AGroupCancelsAndJoinsItsChildren) {
  group_.spawn("a", note_after(1h, "a"));
  group_.spawn("b", note_after(2h, "b"));
  auto stop = [&]() -> Task<void> {
    co_await sleep_for(time_, 1s);
    EXPECT_EQ(group_.labels(), (std::vector<std::string>{"a", "b"}));
    group_.cancel();
    co_await group_.join();
    seen_.push_back("joined");
  };
  asio::co_spawn(io_, stop(), asio::detached);
  time_.run();
  EXPECT_FALSE(group_.spawn("c", note_after(1s, "c")));
  EXPECT_EQ(seen_.back(), "joined");
  EXPECT_LT(time_.clock().wall_now(), *parse_iso8601("2026-01-01T00:00:02Z"));
}

TEST_F(AsyncTest, AChildThatThrowsEndsAlone) {
  auto thrower = []() -> Task<void> {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    throw std::runtime_error("a fault on purpose");
  };
  set_log_level(LogLevel::kOff);
  group_.spawn("thrower", thrower());
  group_.spawn("other", note_after(1s, "other"));
  time_.run();
  EXPECT_EQ(seen_, std::vector<std::string>{"other"});
  EXPECT_EQ(group_.size(), 0u);
}

TEST_F(AsyncTest, ASemaphoreAdmitsInOrderAndNeverTooMany) {
  Semaphore places(2);
  int inside = 0;
  int most = 0;
  auto visit = [&](int number) -> Task<void> {
    auto permit = co_await places.acquire();
    most = std::max(most, ++inside);
    co_await sleep_for(time_, 1s);
    --inside;
    seen_.push_back(std::to_string(number));
  };
  for (int i = 0; i < 5; ++i) group_.spawn("visit", visit(i));
  time_.run();
  EXPECT_EQ(most, 2);
  EXPECT_EQ(seen_, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(places.free(), 2u);
}

TEST_F(AsyncTest, ACancelledWaiterLosesNoPlace) {
  Semaphore places(1);
  TaskGroup waiting(io_.get_executor(), "waiting");
  auto hold = [&]() -> Task<void> {
    auto permit = co_await places.acquire();
    co_await sleep_for(time_, 1h);
  };
  group_.spawn("holder", hold());
  waiting.spawn("waiter", hold());
  time_.advance(1s);
  EXPECT_EQ(places.waiting(), 1u);
  waiting.cancel();
  time_.run();
  EXPECT_EQ(places.free(), 1u);
}

TEST_F(AsyncTest, AQueueHoldsProducersBackAndDrainsAfterClose) {
  BoundedQueue<int> queue(2);
  std::vector<int> got;
  auto produce = [&]() -> Task<void> {
    for (int i = 0; i < 5; ++i) co_await queue.push(i);
    queue.close();
  };
  auto consume = [&]() -> Task<void> {
    while (auto item = co_await queue.pop()) {
      got.push_back(*item);
      EXPECT_LE(queue.size(), 2u);
      co_await sleep_for(time_, 1s);
    }
    seen_.push_back("closed");
  };
  group_.spawn("produce", produce());
  group_.spawn("consume", consume());
  time_.run();
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(seen_, std::vector<std::string>{"closed"});
}

TEST_F(AsyncTest, WithDeadlineKeepsTheAnswerOrSaysTimeout) {
  auto answer = [&](Milliseconds delay) -> Task<Result<int>> {
    co_await sleep_for(time_, delay);
    if (cancelled(co_await asio::this_coro::cancellation_state))
      co_return fail(Errc::kCancelled, "cancelled");
    co_return 42;
  };
  auto run = [&]() -> Task<void> {
    const auto quick =
        co_await with_deadline(time_, Deadline::after(time_.clock(), 2s), answer(1s));
    EXPECT_EQ(quick, 42);
    const auto slow = co_await with_deadline(time_, Deadline::after(time_.clock(), 2s), answer(1h));
    EXPECT_EQ(slow.error().code, Errc::kTimeout);
    seen_.push_back("done");
  };
  group_.spawn("run", run());
  time_.run();
  EXPECT_EQ(seen_, std::vector<std::string>{"done"});
  EXPECT_LT(time_.clock().wall_now(), *parse_iso8601("2026-01-01T00:00:04Z"));
}

TEST_F(AsyncTest, WithDeadlinePassesTheCallersCancellationOn) {
  auto answer = [&]() -> Task<Result<int>> {
    co_await sleep_for(time_, 1h);
    co_return fail(Errc::kCancelled, "cancelled");
  };
  auto run = [&]() -> Task<void> {
    const auto result = co_await with_deadline(time_, Deadline::after(time_.clock(), 2h), answer());
    EXPECT_EQ(result.error().code, Errc::kCancelled);
    seen_.push_back("done");
  };
  group_.spawn("run", run());
  time_.advance(1s);
  group_.cancel();
  time_.run();
  EXPECT_EQ(seen_, std::vector<std::string>{"done"});
}

TEST(RunOn, WorksOnThePoolAndComesBack) {
  asio::io_context io(1);
  asio::thread_pool pool(1);
  const auto io_thread = std::this_thread::get_id();
  bool done = false;
  auto run = [&]() -> Task<void> {
    const auto worker = co_await run_on(pool, [] { return std::this_thread::get_id(); });
    EXPECT_TRUE(worker != io_thread);
    EXPECT_TRUE(std::this_thread::get_id() == io_thread);
    done = true;
  };
  asio::co_spawn(io, run(), asio::detached);
  io.run();
  EXPECT_TRUE(done);
}

TEST_F(AsyncTest, WhatIsToBeDoneFinallyIsDoneAlsoAfterACancellationAndAnException) {
  const auto work = [this](std::string how) -> Task<int> {
    co_await sleep_for(time_, 10s);
    if (how == "throws") throw std::runtime_error("thrown");
    // Of a cancelled coroutine this is the end.
    co_await sleep_for(time_, 10s);
    seen_.push_back(how);
    co_return 1;
  };
  const auto child = [&](std::string how) -> Task<void> {
    co_await and_finally(work(how), note_after(5s, "cleaned after " + how));
    seen_.push_back("went on after " + how);
  };
  group_.spawn("good", child("good"));
  time_.run();
  group_.spawn("throws", child("throws"));
  time_.run();
  group_.spawn("cancelled", child("cancelled"));
  time_.advance(1s);
  group_.cancel();
  time_.run();
  EXPECT_EQ(seen_, (std::vector<std::string>{"good", "cleaned after good", "went on after good",
                                             "cleaned after throws", "cleaned after cancelled"}));
}

}  // namespace
}  // namespace verihook
