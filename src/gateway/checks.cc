#include "gateway/checks.h"

#include <optional>
#include <utility>

#include "gateway/received_event.h"
#include "webhooks/body_timestamp.h"
#include "webhooks/strict_json.h"
#include "webhooks/verify.h"

namespace verihook::gateway {
namespace {

using webhooks::VerifierKind;

// Providers whose `timestamp`, if there is one at all, is not the time of the attempt.
bool has_foreign_timestamp(VerifierKind kind) {
  return kind == VerifierKind::kGithub || kind == VerifierKind::kShopify;
}

class Checks {
 public:
  Checks(const PreparedSource& door, const Arrived& arrived) : door_(door), arrived_(arrived) {}

  std::optional<Refusal> signature() {
    const auto verdict = webhooks::verify(door_.verifier, arrived_.headers.fields(), arrived_.body,
                                          arrived_.at, tolerance());
    switch (verdict.status) {
      case webhooks::VerifyStatus::kAccepted:
        has_signed_time_ = verdict.signed_at.has_value();
        return std::nullopt;
      case webhooks::VerifyStatus::kMissing:
        return Refusal{Outcome::kMissingSignature, verdict.detail};
      case webhooks::VerifyStatus::kStale:
        has_signed_time_ = verdict.signed_at.has_value();
        return Refusal{Outcome::kStaleTimestamp, verdict.detail};
      case webhooks::VerifyStatus::kInvalid:
        break;
    }
    return Refusal{Outcome::kInvalidSignature, verdict.detail};
  }

  std::optional<Refusal> json() {
    auto parsed = webhooks::parse_strict_json(arrived_.body, webhooks::received_json_limits());
    if (parsed && (parsed->is_object() || parsed->is_array())) {
      checked_.json = std::move(*parsed);
      return std::nullopt;
    }
    // The parser's message may quote a member's name, which is the sender's text: not for the log.
    return Refusal{Outcome::kNotJson, parsed ? "neither an object nor an array" : "not JSON"};
  }

  // A signed header that tells the time is the better evidence, and bodies of such providers tell
  // when the event happened, which may have been long ago.
  std::optional<Refusal> timestamp() {
    const bool required = door_.settings.require_timestamp;
    if (has_signed_time_) return std::nullopt;
    if (!required && has_foreign_timestamp(door_.verifier.kind)) return std::nullopt;
    const webhooks::BodyTimestampRule rule{.tolerance = tolerance(), .required = required};
    const auto verdict = webhooks::check_body_timestamp(checked_.json, arrived_.at, rule);
    if (verdict == webhooks::BodyTimestamp::kOk) return std::nullopt;
    return Refusal{Outcome::kStaleTimestamp, std::string(webhooks::to_string(verdict))};
  }

  std::optional<Refusal> tenant() {
    if (door_.settings.tenant_rule == TenantRule::kIgnore) return std::nullopt;
    const auto named = string_member(checked_.json, "tenant_id");
    if (named == door_.source.tenant_id) return std::nullopt;
    if (named && !named->empty() && door_.settings.tenant_rule == TenantRule::kRoute) {
      checked_.routed_tenant = *named;
      return std::nullopt;
    }
    return Refusal{Outcome::kUnknownTenant, "the body names another tenant or none"};
  }

  void refuse(Refusal refusal) { checked_.refusals.push_back(std::move(refusal)); }
  Checked take() { return std::move(checked_); }

 private:
  Milliseconds tolerance() const {
    return std::chrono::seconds{door_.source.timestamp_tolerance_s};
  }

  const PreparedSource& door_;
  const Arrived& arrived_;
  bool has_signed_time_ = false;
  Checked checked_;
};

}  // namespace

Checked check(const PreparedSource& door, const Arrived& arrived, OnRefusal on_refusal) {
  Checks checks(door, arrived);
  for (const auto one : {&Checks::signature, &Checks::json, &Checks::timestamp, &Checks::tenant}) {
    auto refusal = (checks.*one)();
    if (!refusal) continue;
    checks.refuse(std::move(*refusal));
    if (on_refusal == OnRefusal::kStop) break;
  }
  return checks.take();
}

}  // namespace verihook::gateway
