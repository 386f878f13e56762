// StreamDestination: hands an event to a stream: an entry of a Redis stream (XADD), or a message to
// NATS JetStream, which is delivered when JetStream has acknowledged it. The entry has the facts of
// the event (event_facts.h) and its payload; `webhook_id` is the same on every repetition, so
// whoever reads the stream can leave out what comes twice, and JetStream does so by itself
// (Nats-Msg-Id).
//
// What the server says of the entry is the attempt's response. Lives on the io thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "crypto/secret_box.h"
#include "delivery/destination_handler.h"
#include "destinations/services/stream_links.h"

namespace verihook::destinations {

inline constexpr ServiceScheme kRedisSchemes[] = {{"redis", false, 6379}, {"rediss", true, 6379}};
inline constexpr ServiceScheme kNatsSchemes[] = {{"nats", false, 4222}, {"tls", true, 4222}};

// The members of `settings`, as they are called there.
namespace stream_setting {
// redis: the key; nats: the stream that is to take the message, empty: any
inline constexpr std::string_view kStream = "stream";
inline constexpr std::string_view kSubject = "subject";           // nats
inline constexpr std::string_view kLengthMax = "length_max";      // redis: MAXLEN; 0: none
inline constexpr std::string_view kLengthExact = "length_exact";  // redis: MAXLEN = instead of ~
}  // namespace stream_setting
inline constexpr std::string_view kDefaultStream = "verihook";
inline constexpr std::string_view kDefaultSubject = "verihook.{event_type}";
inline constexpr std::size_t kSubjectBytesMax = 255;

// Whether `subject` makes a subject of every event: no wildcards, no empty token, nothing of the
// server's own ($…), and no other braces than {event_type}, {source} and {tenant_id}.
bool is_subject_template(std::string_view subject);
// The subject of an event. What NATS would not take of a value becomes `_`, and so do the dots of
// sources and tenants; a value that is missing is `_`.
std::string subject_of(std::string_view subject_template, const model::Event& event);

class StreamDestination final : public delivery::DestinationHandler {
 public:
  // All must outlive it. `links` and `schemes` are those of the one kind that it is for.
  StreamDestination(StreamLinks& links, std::span<const ServiceScheme> schemes,
                    const crypto::SecretBox& secrets, const Clock& clock)
      : links_(links), schemes_(schemes), secrets_(secrets), clock_(clock) {}

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;

 private:
  StreamLinks& links_;
  const std::span<const ServiceScheme> schemes_;
  const crypto::SecretBox& secrets_;
  const Clock& clock_;
};

// Pure; the message of one attempt.
StreamMessage stream_message_of(const model::Destination& destination, const model::Event& event,
                                const model::Delivery& delivery, WallTime attempt_time);

}  // namespace verihook::destinations
