#include "destinations/stream_destination.h"

#include "destinations/event_facts.h"
#include "destinations/failure.h"
#include "destinations/http_destination.h"
#include "destinations/stored_settings.h"

namespace verihook::destinations {

StreamMessage stream_message_of(const model::Destination& destination, const model::Event& event,
                                const model::Delivery& delivery, WallTime attempt_time) {
  const StoredSettings settings(destination.settings);
  StreamMessage message;
  message.id = event.id;
  message.fields = facts_of(event, delivery);
  message.payload = payload_of(event, attempt_time);
  message.target = settings.text(stream_setting::kStream);
  if (message.target.empty()) message.target = kDefaultStream;
  message.length_max = settings.number(stream_setting::kLengthMax, 0);
  message.length_exact = settings.truth(stream_setting::kLengthExact);
  return message;
}

Task<delivery::AttemptResult> StreamDestination::attempt(const model::Destination& destination,
                                                         const model::Event& event,
                                                         const model::Delivery& delivery,
                                                         Deadline deadline) {
  auto address = open_service_url(destination, schemes_, secrets_);
  if (!address) co_return failed(address.error());
  const auto said = co_await links_.publish(
      destination.id, std::move(*address),
      stream_message_of(destination, event, delivery, clock_.wall_now()), deadline);
  if (!said) co_return failed(said.error());
  delivery::AttemptResult result;
  result.success = true;
  result.response_head = response_head(*said);
  co_return result;
}

}  // namespace verihook::destinations
