// What the dispatcher tells metrics and the dashboard. Plain values; counters since the start.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"

namespace verihook::delivery {

// Attempts by how long they took; `counts[i]` are those of at most kBoundsMs[i] that are no more
// than the bound before, the last those above all bounds.
struct LatencyHistogram {
  static constexpr std::array<double, 12> kBoundsMs = {5,   10,   25,   50,   100,   250,
                                                       500, 1000, 2500, 5000, 10000, 15000};
  std::array<std::uint64_t, kBoundsMs.size() + 1> counts{};
  double sum_ms = 0;

  void add(double latency_ms) {
    std::size_t bucket = 0;
    while (bucket < kBoundsMs.size() && latency_ms > kBoundsMs[bucket]) ++bucket;
    ++counts[bucket];
    sum_ms += latency_ms;
  }
};

struct DispatcherStats {
  std::uint64_t attempts_delivered = 0;
  std::uint64_t attempts_retried = 0;     // failed, another follows
  std::uint64_t attempts_dead = 0;        // failed, and the delivery was given up
  std::uint64_t attempts_abandoned = 0;   // cancelled by a stop, outcome unknown
  std::uint64_t attempts_unrecorded = 0;  // the store refused; they are made again
  std::map<std::string, std::uint64_t> failures_by_class;
  LatencyHistogram latency;

  std::uint64_t leased = 0;       // taken from the store
  std::uint64_t released = 0;     // given back unattempted
  std::uint64_t leases_lost = 0;  // taken over by another node, superseded or cancelled

  // Now:
  std::size_t loaded = 0;
  std::size_t in_flight = 0;
  std::size_t endpoints = 0;
  std::size_t breakers_open = 0;
  std::size_t breakers_half_open = 0;
  Milliseconds oldest_due_age{0};  // of what is due and not yet begun
  // The same of endpoints whose breaker is closed: what waits for one that is down is not our
  // fault.
  Milliseconds oldest_due_age_of_working{0};
};

}  // namespace verihook::delivery
