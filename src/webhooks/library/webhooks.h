// verihook::webhooks: sign webhooks, check them and read their payloads, by the code that the
// server does it with. C++23 and libcrypto are all it needs; installed as <verihook/webhooks.h>
// with a CMake package (docs/library.md).
//
//   namespace webhooks = verihook::webhooks::v1;
//   const auto verifier = webhooks::Verifier::make("standard-webhooks", {secret}).value();
//   const auto checked = verifier.check(headers, raw_body);
//   if (!checked.accepted()) return answer(401);       // checked.detail says why, for your log
//   const auto event = webhooks::parse_event(raw_body);
//   if (!event) return answer(400);                    // event.error().message says why
//   if (const auto* done = std::get_if<webhooks::BulkCompleted>(&event->data)) …
//
// Nothing here waits, reads a clock that you cannot hand in, or keeps state; objects are immutable,
// cheap to copy, and any thread may use them. What can be wrong about input is a Result. Exceptions
// are std::bad_alloc, and std::runtime_error when OpenSSL itself fails. The namespace has the
// version of the interface: what would change its meaning will be v2, beside it.
#pragma once

#include <version>
#ifndef __cpp_lib_expected
#error "verihook/webhooks.h needs C++23: compile with -std=c++23"
#endif

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace verihook::webhooks::v1 {

// Since 1970 in UTC; the precision of everything here.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
inline Time now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Names in any case and values, in the order of the request; a repeated header is there twice.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Error {
  std::string message;  // one sentence: what is wrong and what to do; holds no secret
};
template <class T>
using Result = std::expected<T, Error>;

// How far a signed time, or a payload's `timestamp`, may be from now in either direction.
inline constexpr std::chrono::seconds kTolerance{300};

// ---- Signing ------------------------------------------------------------------------------------

struct SignerOptions {
  // Newest first; two or more while one is being rotated out. Any text is a shared secret and signs
  // by HMAC-SHA256; "whsk_" and base64 is a private Ed25519 key and makes v1a signatures.
  std::vector<std::string> secrets{};
  // The header of the plain signature: lower-case hex HMAC-SHA256 of the body under the newest
  // shared secret, the key being the secret's characters.
  std::string hex_header = "X-Webhook-Signature";
  std::string hex_prefix{};          // before the digits, such as "sha256="
  bool billionverify_header = true;  // the same again in X-BillionVerify-Signature
};

class Signer {
 public:
  // Fails without a secret, for an empty one, a public key, and a damaged private one.
  static Result<Signer> make(SignerOptions options);

  // The headers to send with exactly these bytes: the plain ones, and webhook-id, webhook-timestamp
  // and webhook-signature of Standard Webhooks 1.0, signed with every secret over
  // `id.seconds.body`. The id names the event: the same on each attempt, and without a full stop.
  // Sign anew for each attempt; receivers refuse a time that is further off than their tolerance.
  Headers sign(std::string_view id, std::string_view body, Time attempt = now()) const;

 private:
  struct State;
  explicit Signer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// "whsec_" and 32 random bytes in base64.
std::string generate_secret();

// For receivers that should be able to check and not to sign.
struct KeyPair {
  std::string private_key;  // "whsk_…": a secret of a Signer
  std::string public_key;   // "whpk_…": a secret of a Verifier of kind standard-webhooks
};
KeyPair generate_key_pair();

// ---- Checking -----------------------------------------------------------------------------------

enum class Status {
  kAccepted,  // signed by a holder of a secret, and not too long ago where a time is signed
  kMissing,   // a header that belongs to the signature is not there
  kInvalid,   // malformed, repeated, or of no secret
  kStale,     // authentic, but the signed time is further off than the tolerance
};

struct Checked {
  Status status = Status::kInvalid;
  std::string detail{};             // why, for your log and not for the sender; holds no secret
  std::optional<Time> signed_at{};  // where a time is signed; to the second
  std::string signed_id{};          // where an id is signed: know the event again by it

  bool accepted() const { return status == Status::kAccepted; }
};

// Why a request is refused: what makes its signature right when it is put right.
struct Diagnosis {
  std::string cause;     // "body_reserialised", "clock_skew", …: listed in docs/receiving.md
  std::string sentence;  // for people; holds no secret and no part of the body
};

class Verifier {
 public:
  // `kind` is one of "hmac" (X-Webhook-Signature, hex), "standard-webhooks", "billionverify",
  // "stripe", "github", "shopify", "slack", "basic" (a secret is "user:password"), "api-key" and
  // "none" (which accepts everything). 1 to 10 secrets of 1 to 1,024 bytes; each may have signed. A
  // secret "whpk_…" is a public key and checks v1a signatures.
  static Result<Verifier> make(std::string_view kind, std::vector<std::string> secrets,
                               std::chrono::seconds tolerance = kTolerance);

  // The same with the headers, prefix, encoding and signed content of your provider, as a source
  // of the server has them (docs/receiving.md): {"kind":"hmac","header":"X-Sig","secrets":["…"],
  // "prefix":"v0=","encoding":"base64","signed_content":"{timestamp}.{body}",
  // "timestamp_header":"X-Time"}. Errors name the field.
  static Result<Verifier> from_json(std::string_view json,
                                    std::chrono::seconds tolerance = kTolerance);

  // `raw_body` are the bytes as they came, before anything parsed them. All listed signatures are
  // compared with all secrets in constant time.
  Checked check(const Headers& headers, std::string_view raw_body, Time arrival = now()) const;

  // Of a request that check() refuses. Tries what is most often wrong, hashing 64 MiB at most: for
  // your log and your tools, not for each forged request of a stranger.
  Diagnosis diagnose(const Headers& headers, std::string_view raw_body, Time arrival = now()) const;

 private:
  struct State;
  explicit Verifier(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// ---- Payloads (docs/delivery.md) ----------------------------------------------------------------

// Of a job's addresses. valid, invalid, risky and unknown add up to total; the rest overlap them.
struct Summary {
  std::int64_t total = 0;
  std::int64_t valid = 0;
  std::int64_t invalid = 0;
  std::int64_t risky = 0;
  std::int64_t unknown = 0;
  std::int64_t disposable = 0;
  std::int64_t catch_all = 0;
  std::int64_t role = 0;
  std::int64_t free = 0;
  std::int64_t duplicates = 0;
};

struct BulkCompleted {  // "bulk.completed"
  Summary summary{};
  std::int64_t processing_time_ms = 0;
  std::string download_url{};
};

struct BulkProgress {  // "bulk.progress"
  std::int64_t processed_count = 0;
  std::int64_t total_count = 0;
  double percent_complete = 0;                 // 0 to 100, one decimal
  std::optional<Time> estimated_completion{};  // nothing while there is no rate yet
  Summary summary{};
};

struct BulkFailed {          // "bulk.failed"
  std::string error_code{};  // "PROCESSING_ERROR", "EGRESS_BLOCKED", "CANCELLED", …
  std::string error_message{};
  bool partial_results_available = false;
  std::int64_t processed_count = 0;
  std::int64_t total_count = 0;
  std::optional<std::string> download_url{};  // of the partial results
};

struct VerificationCompleted {  // "verification.completed"
  std::string verification_id{};
  std::string result = "{}";  // JSON: docs/results.md
};

struct EndpointDisabled {  // "endpoint.disabled"
  std::string endpoint_id{};
  std::string url{};
  std::string disabled_reason{};
};

struct DeliveryDeadLettered {  // "delivery.dead_lettered"
  std::string delivery_id{};
  std::string endpoint_id{};
  std::string failed_event_id{};
  std::string failed_event_type{};
  std::int64_t attempt_count = 0;
  std::optional<std::int64_t> last_status_code{};  // nothing when there was no answer
  std::string last_error{};
};

struct SourceRejecting {  // "source.rejecting"
  std::string source{};
  std::int64_t rejected_count = 0;
  std::int64_t window_s = 0;  // in how many seconds
  std::string last_reason{};
};

struct Alert {                           // "alert.raised", "alert.cleared"
  std::string alert{};                   // "failure_rate", …
  std::optional<std::string> subject{};  // the source that it is about
  std::string message{};
  double value = 0;
  double limit = 0;
};

struct WebhookTest {  // "webhook.test"
  std::string endpoint_id{};
  std::string message{};
};

struct OtherEvent {};  // a type that this version does not know: answer 2xx all the same

struct Event {
  std::string event_type{};
  std::string webhook_id{};  // the same on each attempt of an event: know duplicates by it
  std::string tenant_id{};
  std::optional<std::string> job_id{};
  Time timestamp{};                  // of this attempt; 1970 when there is none
  std::optional<Time> created_at{};  // when it happened
  std::string metadata = "{}";       // JSON: what the caller gave the job
  std::variant<OtherEvent, BulkCompleted, BulkProgress, BulkFailed, VerificationCompleted,
               EndpointDisabled, DeliveryDeadLettered, SourceRejecting, Alert, WebhookTest>
      data{};
};

// Of a body whose signature is good. Fails for what is no JSON object (or has a key twice), when
// event_type or webhook_id is missing, and when a member is of another type than it should be; the
// error names the member. Other members may be missing or null, and members that are not known are
// passed over.
Result<Event> parse_event(std::string_view raw_body);

// Whether a payload's own time is near enough. It is signed with the body, so it limits how long a
// captured request can be sent again where the signature itself has no time ("hmac",
// "billionverify").
bool is_timestamp_valid(Time timestamp, Time arrival = now(),
                        std::chrono::seconds tolerance = kTolerance);

}  // namespace verihook::webhooks::v1
