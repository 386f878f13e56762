// Receiver: the door, POST /webhooks/{source}. It checks a request in the order of the contract's
// section 6 and answers 200 only when the event is on stable storage: the id by which a repetition
// is known, the raw event and its deliveries are one transaction, so a request that was refused for
// want of the store leaves nothing behind and the sender's retry is taken as new. Verification
// comes before the look at the id, so nobody can learn or spend ids without a secret.
//
// A shadow source accepts what fails a check, but only logs and counts the failure; what cannot be
// kept at all (too large, cut off, no store) is refused there too. What other sources refuse goes
// to the quarantine, out of which it can be admitted. Lives on the io thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "delivery/outbox.h"
#include "gateway/door_pressure.h"
#include "gateway/quarantine.h"
#include "gateway/refusal_diagnosis.h"
#include "gateway/rejection_log.h"
#include "gateway/request_shares.h"
#include "gateway/sources.h"
#include "gateway/webhook_metrics.h"
#include "http/message.h"
#include "model/rejected_request.h"
#include "net/ip.h"
#include "store/database.h"

namespace verihook::gateway {

struct ReceiverOptions {
  std::size_t body_bytes_max = 25 * 1024 * 1024;  // of any source, whatever it says itself
  int retry_after_s = 5;                          // told with 503
  const DoorPressure* pressure = nullptr;         // null: the door is never shut
  RequestShares* shares = nullptr;                // null: nobody wants to know what sources refuse
  // Ids are remembered for as long as any sender goes on retrying, and a week at least.
  std::chrono::hours id_memory{24 * 8};
};

// What became of a rejected request that was looked at again.
struct Admission {
  Outcome outcome = Outcome::kAccepted;  // or kDuplicate, or why it is still refused
  std::string event_id;                  // of the event that it is now, or was before
  RefusalDiagnosis diagnosis;            // when it is still refused
};

class Receiver {
 public:
  // Called with the deliveries of an event that has just been committed.
  using OnPublished = std::function<void(delivery::Published)>;

  // Everything passed by reference must outlive the receiver.
  Receiver(store::Database& database, const Clock& clock, IdMaker& ids,
           const crypto::SecretBox& secrets, const delivery::Outbox& outbox, Quarantine& quarantine,
           std::vector<net::Cidr> trusted_proxies, OnPublished on_published,
           ReceiverOptions options = {});
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // The handler of the route; its capture is named "source".
  Task<http::Response> receive(http::Request& request);

  // Looks again at a request of this source that was refused: with the source's secrets of now, as
  // at the time of its arrival, and as a source that enforces. What passes goes the way of all
  // others and is no rejected request any more. kConflict when it is not all there; kNotFound when
  // somebody else has just admitted it; otherwise as the store fails.
  Task<Result<Admission>> admit(model::Source source, model::RejectedRequest request);

  // Whether everything is answered with 503 (door_pressure.h).
  bool is_shut() const { return options_.pressure != nullptr && options_.pressure->is_shut(); }

  Sources& sources() { return sources_; }
  WebhookMetrics& metrics() { return metrics_; }
  const ReceiverStats& stats() const { return metrics_.stats; }

  // The body of GET /metrics/webhooks.
  Task<Result<std::string>> webhook_metrics_json();

  // Forgets ids that are older than `id_memory`, at most `limit` of them; how many it were. For a
  // periodic task.
  Task<Result<std::int64_t>> forget_old_ids(std::int64_t limit);

 private:
  struct Knock;
  struct Stored;

  Task<Outcome> check_and_store(http::Request& request, Knock& knock);
  // Nothing: go on.
  std::optional<Outcome> check_address(const http::Request& request, Knock& knock);
  Task<Result<Stored>> store_event(Knock& knock);
  Result<Stored> store_in(store::Connection& db, const Knock& knock, const model::Event& event);
  // Takes the body out of the knock.
  model::Event make_event(Knock& knock);
  // The outcome, unless the source is a shadow: then it is logged, and nothing.
  std::optional<Outcome> refuse(Knock& knock, Outcome outcome, std::string_view detail);
  http::Response answer(Outcome outcome, std::string_view request_id) const;

  store::Database& database_;
  const Clock& clock_;
  IdMaker& ids_;
  const crypto::SecretBox& secrets_;
  const delivery::Outbox& outbox_;
  Quarantine& quarantine_;
  const std::vector<net::Cidr> trusted_proxies_;
  const OnPublished on_published_;
  const ReceiverOptions options_;
  Sources sources_;
  RejectionLog rejections_;
  WebhookMetrics metrics_;
};

}  // namespace verihook::gateway
