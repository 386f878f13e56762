// DestinationHandler: how one kind of destination is handed an event. The dispatcher has one per
// kind and calls it on its io thread, many attempts at once; it decides what follows from the
// answer. A handler keeps to the deadline, throws nothing that it foresees, and makes the same
// event safe to hand over twice: deliveries are at least once. A cancelled attempt may have arrived
// or not; what it then answers is recorded when it is a success and else forgotten.
#pragma once

#include <map>
#include <memory>

#include "async/task.h"
#include "base/deadline.h"
#include "delivery/outcome.h"
#include "model/destination.h"
#include "model/event.h"

namespace verihook::delivery {

class DestinationHandler {
 public:
  virtual ~DestinationHandler() = default;

  // One attempt. All arguments outlive it.
  virtual Task<AttemptResult> attempt(const model::Destination& destination,
                                      const model::Event& event, const model::Delivery& delivery,
                                      Deadline deadline) = 0;

  // How long an attempt of this kind may take.
  virtual Milliseconds attempt_timeout_ms() const { return Milliseconds{15'000}; }
};

// Not owned; every kind that a destination may have must be there.
using DestinationHandlers = std::map<model::DestinationKind, DestinationHandler*>;

}  // namespace verihook::delivery
