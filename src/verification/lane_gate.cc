#include "verification/lane_gate.h"

#include "smtp/classify.h"

namespace verihook::verification {

Task<LaneGate::Permit> LaneGate::enter() {
  bool first = waiting_.size() == 0;
  for (;;) {
    if (first) {
      const Lane::Answer answer = lane_.ask(now());
      if (answer.turn == Lane::Turn::kGo) {
        // There may be room for another, and only one is woken at a time.
        waiting_.wake_one();
        co_return Permit(*this);
      }
      if (answer.turn == Lane::Turn::kClosed) co_return Permit();
      if (answer.at) {
        if (!alarm_) alarm_.emplace(timers_, co_await asio::this_coro::executor);
        alarm_->arm(Deadline::at(*answer.at), [this] { waiting_.wake_one(); });
      }
    }
    first = true;
    // A cancellation that came before the wait would not end it.
    const bool stopped = cancelled(co_await asio::this_coro::cancellation_state);
    const bool woken = !stopped && co_await waiting_.wait();
    if (!woken) {
      // Whoever was woken and does not come hands the turn on.
      waiting_.wake_one();
      co_return Permit();
    }
  }
}

void LaneGate::leave() {
  lane_.end(now());
  waiting_.wake_one();
}

void LaneGate::greeted() {
  lane_.greeted();
  waiting_.wake_one();
}

void LaneGate::refused(smtp::ReplyClass why, const smtp::Outcome& outcome) {
  lane_.refused(why, smtp::classify(outcome).retry_after, outcome, now());
  waiting_.wake_all();
}

void LaneGate::answered(smtp::ReplyClass what, const smtp::Outcome& outcome) {
  lane_.answered(what, outcome, now());
  if (closed()) waiting_.wake_all();
}

}  // namespace verihook::verification
