// HttpDestination: hands an event over by an HTTP POST. Events of this program are rendered anew
// for each attempt, with the attempt's time; received events are forwarded as the bytes that came.
// The body is signed on every attempt, over the exact bytes sent, with every secret that has not
// expired.
//
// The secrets are sealed (crypto/secret_box.h), bound to "TENANT_ID|DESTINATION_ID"; the
// credentials in the destination's settings too (http_settings.h).
//
// What a replay sends again has the replay's id in the header webhook-replay.
//
// Only 2xx is a success. Any failure of a webhook endpoint follows its schedule; a received event
// is retried only after what can pass: no answer, 408, 425, 429 and 5xx. 410 means gone. Errors are
// told in fixed sentences, because the client's own may name addresses inside our network. One io
// thread.
#pragma once

#include <string>
#include <string_view>

#include "crypto/secret_box.h"
#include "delivery/destination_handler.h"
#include "destinations/signing_keys.h"
#include "http/client.h"

namespace verihook::destinations {

inline constexpr std::size_t kResponseHeadBytes = 4096;

// What the secrets of a destination are bound to.
std::string secret_place(const model::Destination& destination);

struct HttpDestinationOptions {
  std::string user_agent = "verihook/1.0";
  Milliseconds connect_timeout_ms{5'000};
  Milliseconds total_timeout_ms{15'000};
  std::size_t response_bytes_max = 64 * 1024;
};

class HttpDestination final : public delivery::DestinationHandler {
 public:
  // All must outlive the handler.
  HttpDestination(http::Client& client, const crypto::SecretBox& secrets, const Clock& clock,
                  HttpDestinationOptions options = {});

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;
  Milliseconds attempt_timeout_ms() const override { return options_.total_timeout_ms; }

 private:
  Result<http::ClientRequest> prepare(const model::Destination& destination,
                                      const model::Event& event, Deadline deadline);
  Result<void> add_signatures(const model::Destination& destination, const model::Event& event,
                              WallTime attempt_time, http::ClientRequest& request);
  Result<void> add_credentials(const model::Destination& destination,
                               http::ClientRequest& request) const;

  http::Client& client_;
  const crypto::SecretBox& secrets_;
  const Clock& clock_;
  const HttpDestinationOptions options_;
  SigningKeys signing_keys_;
};

// What a response means. `now` is when it came, for dates in Retry-After.
delivery::AttemptResult result_of(const http::ClientResponse& response, model::EventOrigin origin,
                                  WallTime now);
delivery::AttemptResult result_of(const Error& error);

// How long each phase took, from when each was over.
model::AttemptPhases phases_of(const http::ClientTiming& timing);

// The beginning of a response as text that can be stored and shown: whole UTF-8 characters, and a
// question mark for each byte that is no text.
std::string response_head(std::string_view body);

}  // namespace verihook::destinations
