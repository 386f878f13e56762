#include "destinations/event_facts.h"

#include <string_view>

#include "webhooks/payload.h"

namespace verihook::destinations {

std::vector<std::pair<std::string, std::string>> facts_of(const model::Event& event,
                                                          const model::Delivery& delivery) {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    std::string line(value);
    // What a sender put into its body may hold anything.
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    facts.emplace_back(name, std::move(line));
  };
  add("webhook_id", event.id);
  add("event_type", event.type);
  add("tenant_id", event.tenant_id);
  add("created_at", to_iso8601(event.created_at));
  add("job_id", webhooks::head_of(event).job_id);
  add("source", event.source_name);
  add("dedup_key", event.dedup_key);
  add("replay_id", delivery.replay_id);
  return facts;
}

std::string payload_of(const model::Event& event, WallTime attempt_time) {
  if (event.origin == model::EventOrigin::kReceived) return event.body;
  return webhooks::render(webhooks::head_of(event), event.body, attempt_time);
}

}  // namespace verihook::destinations
