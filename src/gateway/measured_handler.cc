#include "gateway/measured_handler.h"

namespace verihook::gateway {

Task<delivery::AttemptResult> MeasuredHandler::attempt(const model::Destination& destination,
                                                       const model::Event& event,
                                                       const model::Delivery& delivery,
                                                       Deadline deadline) {
  auto result = co_await inner_.attempt(destination, event, delivery, deadline);
  if (result.success && event.origin == model::EventOrigin::kReceived) {
    // Since it was to be handed on: what is admitted or sent again later is not slow for its age.
    metrics_.note_processed(clock_.wall_now() - delivery.created_at);
  }
  co_return result;
}

}  // namespace verihook::gateway
