// MeasuredHandler: a destination's handler with a watch: each received event that arrives is
// reported to the metrics with the time since it came in, which is the latency that
// /metrics/webhooks tells. Everything else is the inner handler's. Lives on the io thread.
#pragma once

#include "delivery/destination_handler.h"
#include "gateway/webhook_metrics.h"

namespace verihook::gateway {

class MeasuredHandler final : public delivery::DestinationHandler {
 public:
  // All must outlive it.
  MeasuredHandler(delivery::DestinationHandler& inner, const Clock& clock, WebhookMetrics& metrics)
      : inner_(inner), clock_(clock), metrics_(metrics) {}

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;
  Milliseconds attempt_timeout_ms() const override { return inner_.attempt_timeout_ms(); }

 private:
  delivery::DestinationHandler& inner_;
  const Clock& clock_;
  WebhookMetrics& metrics_;
};

}  // namespace verihook::gateway
