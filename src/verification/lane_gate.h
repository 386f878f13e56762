// LaneGate: a Lane with its waiting. Conversations of every exchange of the group queue here, first
// come, first served. Lives on one io thread; permits must be gone before it.
#pragma once

#include <optional>
#include <utility>

#include "async/timers.h"
#include "async/wait_list.h"
#include "verification/lane.h"

namespace verihook::verification {

class LaneGate {
 public:
  LaneGate(Timers& timers, TrafficLimits limits) : timers_(timers), lane_(limits) {}
  LaneGate(const LaneGate&) = delete;
  LaneGate& operator=(const LaneGate&) = delete;

  // One connection that counts as open until this goes.
  class Permit {
   public:
    Permit() = default;
    explicit Permit(LaneGate& gate) : gate_(&gate) {}
    Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    LaneGate* gate_ = nullptr;
  };

  // Waits for a turn. An empty permit when the lane is closed, or the waiting coroutine cancelled.
  Task<Permit> enter();

  // Whether others wait for a connection to end.
  bool contended() const { return waiting_.size() > 0; }
  bool closed() const { return lane_.closed(now()); }
  const Lane& lane() const { return lane_; }
  // What a conversation learned about the group. Who waits hears of a closed lane at once.
  void greeted();
  void refused(smtp::ReplyClass why, const smtp::Outcome& outcome);
  void answered(smtp::ReplyClass what, const smtp::Outcome& outcome);
  void cut_short(std::size_t recipients) { lane_.cut_short(recipients); }
  void had_enough() { lane_.had_enough(); }

  bool idle() const { return lane_.open_connections() == 0 && waiting_.size() == 0; }

 private:
  MonotonicTime now() const { return timers_.clock().monotonic_now(); }
  void leave();

  Timers& timers_;
  Lane lane_;
  WaitList waiting_;
  std::optional<Alarm> alarm_;  // of lanes that had to wait for a time
};

}  // namespace verihook::verification
