// Lane: the way from one of our source addresses to one traffic group, and what may go over it now.
// It keeps the group's limits, learns smaller ones from how the group's servers behave, and is
// the breaker before them: after a refusal that is about us it stays closed for a while, longer
// each time, and then lets one connection try. Pure: the caller brings the time and does the
// waiting (lane_gate.h).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "smtp/outcome.h"
#include "smtp/reply_rule.h"
#include "verification/traffic_limits.h"

namespace verihook::verification {

class Lane {
 public:
  explicit Lane(TrafficLimits limits);

  enum class Turn {
    kGo,     // a connection may begin, and is counted
    kWait,   // not before `at`, or, without one, when a connection has ended
    kClosed  // refused until `at`
  };
  struct Answer {
    Turn turn = Turn::kGo;
    std::optional<MonotonicTime> at{};
  };
  Answer ask(MonotonicTime now);

  // A connection that `ask` counted took our sender: the breaker closes.
  void greeted();
  // It is over.
  void end(MonotonicTime now);
  // The group refused a connection, by the class of its reply; `named` is a delay that it gave.
  // "Too many" while others go on only makes them fewer.
  void refused(smtp::ReplyClass why, std::optional<Milliseconds> named,
               const smtp::Outcome& outcome, MonotonicTime now);
  // What a recipient's reply says about us: several refusals in a row close the lane too.
  void answered(smtp::ReplyClass what, const smtp::Outcome& outcome, MonotonicTime now);
  // A conversation ended by the server after so many recipients, or by us because it had enough.
  void cut_short(std::size_t recipients);
  void had_enough();

  std::size_t recipients_max() const { return recipients_max_; }
  std::size_t connections_max() const { return connections_max_; }
  bool closed(MonotonicTime now) const { return closed_until_ && now < *closed_until_; }
  std::optional<MonotonicTime> closed_until() const { return closed_until_; }
  // With what the lane was closed last; to be asked when it has been.
  const smtp::Outcome& last_refusal() const { return *last_refusal_; }
  std::size_t open_connections() const { return open_; }

 private:
  void close(Milliseconds pause, MonotonicTime now);
  void refill(MonotonicTime now);

  const TrafficLimits limits_;
  std::size_t connections_max_;
  std::size_t recipients_max_;
  std::size_t open_ = 0;
  double tokens_;  // connections that may begin without waiting
  std::optional<MonotonicTime> refilled_at_;
  std::optional<MonotonicTime> grown_at_;
  std::optional<MonotonicTime> closed_until_;
  bool half_open_ = false;                             // the pause is over and one connection tries
  int times_closed_ = 0;                               // in a row
  int refusals_in_a_row_ = 0;                          // of recipients, about us
  std::unique_ptr<const smtp::Outcome> last_refusal_;  // apart, since few are ever refused
};

// Whether a class says that the server refuses us rather than the recipient.
bool is_about_us(smtp::ReplyClass reply_class);

}  // namespace verihook::verification
