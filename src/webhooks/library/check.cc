// Checking for users of the library.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "webhooks/diagnosis.h"
#include "webhooks/library/webhooks.h"
#include "webhooks/strict_json.h"
#include "webhooks/verify.h"

namespace verihook::webhooks::v1 {
namespace {

Status status_of(VerifyStatus status) {
  switch (status) {
    case VerifyStatus::kAccepted:
      return Status::kAccepted;
    case VerifyStatus::kMissing:
      return Status::kMissing;
    case VerifyStatus::kInvalid:
      return Status::kInvalid;
    case VerifyStatus::kStale:
      return Status::kStale;
  }
  return Status::kInvalid;
}

}  // namespace

struct Verifier::State {
  VerifierConfig config;
  Milliseconds tolerance;

  static Result<Verifier> make(const boost::json::value& json, std::chrono::seconds tolerance) {
    auto config = parse_verifier(json);
    if (!config) return std::unexpected(Error{std::move(config.error().message)});
    if (tolerance < std::chrono::seconds{0}) {
      return std::unexpected(Error{"the tolerance must not be negative"});
    }
    return Verifier(std::make_shared<const State>(std::move(*config), tolerance));
  }
};

Result<Verifier> Verifier::make(std::string_view kind, std::vector<std::string> secrets,
                                std::chrono::seconds tolerance) {
  boost::json::object json{{"kind", kind}};
  if (!secrets.empty()) json["secrets"] = boost::json::array(secrets.begin(), secrets.end());
  return State::make(json, tolerance);
}

Result<Verifier> Verifier::from_json(std::string_view json, std::chrono::seconds tolerance) {
  const auto value = parse_strict_json(json);
  if (!value) return std::unexpected(Error{value.error().message});
  return State::make(*value, tolerance);
}

Checked Verifier::check(const Headers& headers, std::string_view raw_body, Time arrival) const {
  auto outcome = verify(state_->config, headers, raw_body, arrival, state_->tolerance);
  return {.status = status_of(outcome.status),
          .detail = std::move(outcome.detail),
          .signed_at = outcome.signed_at,
          .signed_id = std::move(outcome.signed_id)};
}

Diagnosis Verifier::diagnose(const Headers& headers, std::string_view raw_body,
                             Time arrival) const {
  auto found = webhooks::diagnose({state_->config, headers, raw_body, arrival, state_->tolerance});
  return {.cause = std::string(to_string(found.cause)), .sentence = std::move(found.sentence)};
}

}  // namespace verihook::webhooks::v1
