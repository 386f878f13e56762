// webhooks::parse_verifier and verify on any received request, and sign() against them. The input
// is text: a verifier as JSON on the first line, header lines up to an empty line, then the body;
// the time is fixed. Checked:
// - a verifier is stored and read again as the same;
// - what is accepted is accepted of this secret and this body only, not with its headers repeated,
//   and outside of the tolerance it is stale; a refusal reads the same whatever the secret is;
// - what sign() makes of the same secrets and body is accepted by both families of verifiers;
// - times in ISO 8601 that are read are written and read as the same; no body confuses the check of
//   its timestamp.
#include <algorithm>

#include <boost/json/serialize.hpp>

#include "tests/fuzz/fuzz.h"
#include "webhooks/body_timestamp.h"
#include "webhooks/canonical_json.h"
#include "webhooks/signature.h"
#include "webhooks/strict_json.h"
#include "webhooks/verify.h"

namespace verihook::fuzz {
namespace {

using webhooks::VerifierConfig;
using webhooks::VerifierKind;
using webhooks::VerifyStatus;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr WallTime kNow{std::chrono::milliseconds{1'767'225'600'500}};
constexpr Milliseconds kTolerance{300'000};

struct Received {
  std::string_view config;
  Headers headers;
  std::string_view body;
};

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

Received read(std::string_view input) {
  Received received;
  received.config = take_line(input);
  while (!input.empty()) {
    const auto line = take_line(input);
    if (line.empty()) break;
    const auto colon = line.find(':');
    const auto value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    received.headers.emplace_back(line.substr(0, colon), trim(value));
  }
  received.body = input;
  return received;
}

VerifyStatus status(const VerifierConfig& config, const Headers& headers, std::string_view body,
                    WallTime now = kNow) {
  const auto outcome = webhooks::verify(config, headers, body, now, kTolerance);
  check(outcome.accepted() == outcome.detail.empty() && is_valid_utf8(outcome.detail),
        "a refusal says why, in UTF-8", outcome.detail);
  return outcome.status;
}

// One secret that is none of the configuration's: it is longer.
VerifierConfig with_other_secret(VerifierConfig config) {
  const auto longest = std::ranges::max_element(config.secrets, {}, &std::string::size);
  config.secrets = {*longest + "x"};
  return config;
}

bool signs_body(const VerifierConfig& config) {
  return config.kind != VerifierKind::kNone && config.kind != VerifierKind::kBasic &&
         config.kind != VerifierKind::kApiKey;
}

void check_stored(const VerifierConfig& config) {
  const std::string text = webhooks::canonical(webhooks::to_json(config));
  const auto again = webhooks::parse_stored_verifier(text, config.secrets);
  check(again.has_value(), "a verifier that was accepted can be stored", text);
  check_equal(webhooks::canonical(webhooks::to_json(*again)), text, "a verifier is stored whole");
  check(again->secrets == config.secrets && again->headers == config.headers &&
            again->prefix == config.prefix && again->encoding == config.encoding &&
            again->prefix_required == config.prefix_required &&
            again->signed_content == config.signed_content &&
            again->timestamp_header == config.timestamp_header &&
            again->id_header == config.id_header &&
            again->secret_encoding == config.secret_encoding,
        "a stored verifier does what it did", text);
}

void check_verdict(const VerifierConfig& config, const Received& received) {
  const auto outcome = webhooks::verify(config, received.headers, received.body, kNow, kTolerance);
  if (config.kind == VerifierKind::kNone) return;
  const auto other = webhooks::verify(with_other_secret(config), received.headers, received.body,
                                      kNow, kTolerance);
  check(!other.accepted() && other.status != VerifyStatus::kStale, "another secret accepts nothing",
        received.config);
  if (outcome.status == other.status) {
    check_equal(outcome.detail, other.detail, "a refusal says nothing of the secret");
  }
  if (!outcome.accepted()) return;
  if (signs_body(config)) {
    check(status(config, received.headers, std::string(received.body) + "x") ==
              VerifyStatus::kInvalid,
          "another body is not accepted", received.body);
  }
  Headers twice = received.headers;
  twice.insert(twice.end(), received.headers.begin(), received.headers.end());
  check(status(config, twice, received.body) == VerifyStatus::kInvalid,
        "repeated headers are not accepted", received.config);
  if (outcome.signed_at) {
    for (const Milliseconds away : {kTolerance + Milliseconds{1000}, -2 * kTolerance}) {
      check(status(config, received.headers, received.body, *outcome.signed_at + away) ==
                VerifyStatus::kStale,
            "what is signed too long ago or in the future is stale", received.config);
    }
  }
}

void check_signed(const VerifierConfig& config, std::string_view body) {
  webhooks::SigningOptions signing;
  std::vector<std::string> secrets;  // that can sign; a public key cannot
  for (const std::string& secret : config.secrets) {
    auto key = webhooks::parse_signing_key(secret);
    if (!key) continue;
    signing.keys.push_back(std::move(*key));
    secrets.push_back(secret);
  }
  const Headers headers =
      webhooks::sign(signing, {.id = "evt_1", .body = body, .attempt_time = kNow});
  for (const VerifierKind kind : {VerifierKind::kStandardWebhooks, VerifierKind::kBillionVerify}) {
    VerifierConfig verifier = webhooks::default_verifier(kind);
    for (const std::string& secret : secrets) {
      verifier.secrets = {secret};
      // The hex header holds one value, made with the newest secret.
      if (kind == VerifierKind::kBillionVerify && secret != secrets.front()) continue;
      check(status(verifier, headers, body) == VerifyStatus::kAccepted,
            "what is signed is accepted", webhooks::to_string(kind));
    }
  }
}

void check_times(std::string_view body) {
  if (const auto time = parse_iso8601(body)) {
    const std::string written = to_iso8601(*time);
    check(parse_iso8601(written) == time, "a time is written as it is read", written);
  }
  const auto value = webhooks::parse_strict_json(body, webhooks::received_json_limits());
  if (!value) return;
  const webhooks::BodyTimestampRule rule{.tolerance = kTolerance, .required = true};
  const auto verdict = webhooks::check_body_timestamp(*value, kNow, rule);
  check(!webhooks::to_string(verdict).empty(), "a timestamp has a verdict", body);
}

}  // namespace

void run_one(std::string_view input) {
  const Received received = read(input);
  check_times(received.body);
  const auto json = webhooks::parse_strict_json(received.config);
  if (!json) return;
  const auto config = webhooks::parse_verifier(*json);
  if (!config) {
    check_sentence(config.error().message);
    return;
  }
  check_stored(*config);
  static_cast<void>(status(*config, received.headers, received.body));
  check_verdict(*config, received);
  check_signed(*config, received.body);
}

}  // namespace verihook::fuzz
