// Writing down what an attempt came to, inside a store write: the attempt, the delivery's new
// state, what changes for its destination, and the events that follow. All of it or nothing. Any
// thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "async/task.h"
#include "delivery/outbox.h"
#include "delivery/outcome.h"
#include "model/destination.h"
#include "model/event.h"
#include "store/database.h"

namespace verihook::delivery {

// What happens to the note of a row of failures that a destination carries.
enum class FailingNote {
  kKeep,   // as it is
  kWrite,  // the row of failures is long enough to be remembered over a restart
  kClear,  // it succeeded
};

struct AttemptRecord {
  model::Delivery delivery;  // as it was held
  std::shared_ptr<const model::Event> event;
  model::Attempt attempt;  // its number is given when it is written
  Decision decision;
  FailingNote failing_note = FailingNote::kKeep;
  WallTime now{};
};

struct Recorded {
  model::DeliveryState state = model::DeliveryState::kPending;    // of the delivery, as it is now
  WallTime next_attempt_at{};                                     // while it is pending
  std::shared_ptr<const model::Destination> changed_destination;  // null: unchanged
  std::vector<Published> announcements;  // endpoint.disabled, delivery.dead_lettered
};

// A success counts whatever became of the delivery meanwhile. After a failure, a delivery that was
// superseded or cancelled stays so, and one that another node has taken over is left to that node.
// kNotFound when the delivery was erased.
Result<Recorded> record(store::Connection& db, const Outbox& outbox, const AttemptRecord& record);

// Records them in one write, and gives the outcome of each in its place. Where one of them fails
// for a reason of its own, the others are recorded all the same.
Task<std::vector<Result<Recorded>>> record_all(store::Database& database, const Outbox& outbox,
                                               std::span<const AttemptRecord> records);

}  // namespace verihook::delivery
