// Receiver: the door, POST /webhooks/{source}. It checks a request in the order of the contract's
// section 6 and answers 200 only when the event is on stable storage: the id by which a repetition
// is known, the raw event and its deliveries are one transaction, so a request that was refused for
// want of the store leaves nothing behind and the sender's retry is taken as new. Verification
// comes before the look at the id, so nobody can learn or spend ids without a secret.
//
// A shadow source accepts what fails a check, but only logs and counts the failure; what cannot be
// kept at all (too large, cut off, no store) is refused there too. Lives on the io thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "async/task.h"
#include "base/clock.h"
#include "base/ids.h"
#include "crypto/secret_box.h"
#include "delivery/outbox.h"
#include "gateway/rejection_log.h"
#include "gateway/sources.h"
#include "gateway/webhook_metrics.h"
#include "http/message.h"
#include "net/ip.h"
#include "store/database.h"

namespace verihook::gateway {

struct ReceiverOptions {
  std::size_t body_bytes_max = 25 * 1024 * 1024;  // of any source, whatever it says itself
  int retry_after_s = 5;                          // told with 503
  // Ids are remembered for as long as any sender goes on retrying, and a week at least.
  std::chrono::hours id_memory{24 * 8};
};

class Receiver {
 public:
  // Called with the deliveries of an event that has just been committed.
  using OnPublished = std::function<void(delivery::Published)>;

  // Everything passed by reference must outlive the receiver.
  Receiver(store::Database& database, const Clock& clock, IdMaker& ids,
           const crypto::SecretBox& secrets, const delivery::Outbox& outbox,
           std::vector<net::Cidr> trusted_proxies, OnPublished on_published,
           ReceiverOptions options = {});
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // The handler of the route; its capture is named "source".
  Task<http::Response> receive(http::Request& request);

  Sources& sources() { return sources_; }
  WebhookMetrics& metrics() { return metrics_; }
  const ReceiverStats& stats() const { return metrics_.stats; }

  // The body of GET /metrics/webhooks.
  Task<Result<std::string>> webhook_metrics_json();

  // Forgets ids that are older than `id_memory`, at most `limit` of them; how many it were. For a
  // periodic task.
  Task<Result<std::int64_t>> forget_old_ids(std::int64_t limit);

 private:
  struct Knock;  // one request on its way through the checks

  Task<Outcome> check_and_store(Knock& knock);
  // Nothing: go on. In the order of the contract.
  std::optional<Outcome> check_address(Knock& knock);
  std::optional<Outcome> check_signature(Knock& knock);
  std::optional<Outcome> check_json(Knock& knock);
  std::optional<Outcome> check_timestamp(Knock& knock);
  std::optional<Outcome> check_tenant(Knock& knock);
  Task<Outcome> store_event(Knock& knock);
  model::Event make_event(Knock& knock);
  // The outcome, unless the source is a shadow: then it is logged, and nothing.
  std::optional<Outcome> refuse(Knock& knock, Outcome outcome, std::string_view detail);
  http::Response answer(const Knock& knock, Outcome outcome) const;

  store::Database& database_;
  const Clock& clock_;
  IdMaker& ids_;
  const delivery::Outbox& outbox_;
  const std::vector<net::Cidr> trusted_proxies_;
  const OnPublished on_published_;
  const ReceiverOptions options_;
  Sources sources_;
  RejectionLog rejections_;
  WebhookMetrics metrics_;
};

}  // namespace verihook::gateway
