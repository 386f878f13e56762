#include "destinations/stream_destination.h"

#include "destinations/event_facts.h"
#include "destinations/failure.h"
#include "destinations/http_destination.h"
#include "destinations/stored_settings.h"

namespace verihook::destinations {
namespace {

// One or more tokens of a subject; `keep_dots`: they part tokens, else they are part of one.
std::string tokens_of(std::string_view value, bool keep_dots) {
  std::string tokens;
  for (const char c : value) {
    const bool parts = c == '.' && keep_dots;
    const bool fits =
        static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '*' && c != '>' && c != '.';
    if (parts && (tokens.empty() || tokens.back() == '.')) tokens += '_';
    tokens += fits || parts ? c : '_';
  }
  if (tokens.empty() || tokens.back() == '.') tokens += '_';
  return tokens;
}

void set_redis_target(const StoredSettings& settings, StreamMessage& message) {
  message.target = settings.text(stream_setting::kStream);
  if (message.target.empty()) message.target = kDefaultStream;
  message.length_max = settings.number(stream_setting::kLengthMax, 0);
  message.length_exact = settings.truth(stream_setting::kLengthExact);
}

// JetStream knows by the id what it has already: the same event for another destination, or sent
// again on purpose, is another message.
void set_nats_target(const StoredSettings& settings, const model::Event& event,
                     const model::Delivery& delivery, StreamMessage& message) {
  const std::string subject = settings.text(stream_setting::kSubject);
  message.target = subject_of(subject.empty() ? kDefaultSubject : subject, event);
  message.expected_stream = settings.text(stream_setting::kStream);
  message.id = event.id + "." + delivery.destination_id;
  if (!delivery.replay_id.empty()) message.id += "." + delivery.replay_id;
}

}  // namespace

std::string subject_of(std::string_view subject_template, const model::Event& event) {
  std::string subject;
  while (!subject_template.empty()) {
    const auto take = [&](std::string_view name, std::string_view value, bool keep_dots) {
      if (!subject_template.starts_with(name)) return false;
      subject += tokens_of(value, keep_dots);
      subject_template.remove_prefix(name.size());
      return true;
    };
    if (take("{event_type}", event.type, true) || take("{source}", event.source_name, false) ||
        take("{tenant_id}", event.tenant_id, false)) {
      continue;
    }
    subject += subject_template.front();
    subject_template.remove_prefix(1);
  }
  // Those are the server's own, and a sender may name its events as it likes.
  if (subject.starts_with('$')) subject.front() = '_';
  return subject;
}

bool is_subject_template(std::string_view subject) {
  model::Event event;
  event.type = event.source_name = event.tenant_id = "x";
  const std::string example = subject_of(subject, event);
  return !subject.empty() && !subject.starts_with('$') && example == tokens_of(example, true) &&
         !example.contains('{') && !example.contains('}');
}

StreamMessage stream_message_of(const model::Destination& destination, const model::Event& event,
                                const model::Delivery& delivery, WallTime attempt_time) {
  const StoredSettings settings(destination.settings);
  StreamMessage message;
  message.id = event.id;
  message.fields = facts_of(event, delivery);
  message.payload = payload_of(event, attempt_time);
  if (destination.kind == model::DestinationKind::kNats) {
    set_nats_target(settings, event, delivery, message);
  } else {
    set_redis_target(settings, message);
  }
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
