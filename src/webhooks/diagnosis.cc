#include "webhooks/diagnosis.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/encoding.h"
#include "webhooks/body_forms.h"

namespace verihook::webhooks {
namespace {

constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kReadingsMax = 12;
constexpr std::size_t kReserialisedBytesMax = std::size_t{1} << 20;
constexpr std::string_view kPrefixes[] = {"sha256=", "sha-256=", "v1=", "v0=", "v1,", "hmac "};
constexpr std::string_view kSchemes[] = {"Basic ", "Bearer ", "Token ", ""};

constexpr std::array<std::string_view, 14> kCauseNames = {"clock_skew",
                                                          "timestamp_unit",
                                                          "header_name",
                                                          "prefix",
                                                          "encoding",
                                                          "secret_white_space",
                                                          "secret_encoding",
                                                          "expired_secret",
                                                          "secret_of_other_source",
                                                          "body_reserialised",
                                                          "body_line_end",
                                                          "other_kind",
                                                          "no_signature",
                                                          "unknown_secret"};

// One thing put right: "the signature is right when …".
struct Mended {
  Cause cause;
  std::string when;
};

// A way to read the request: the configured one, or one that differs in where the signature stands
// and how it is written.
struct Reading {
  VerifierConfig config;
  std::optional<Mended> mended;  // nothing: as configured
};

bool is_shared_secret(VerifierKind kind) {
  return kind == VerifierKind::kBasic || kind == VerifierKind::kApiKey;
}

// Verifies variations of the request until the budget is spent.
class Bench {
 public:
  explicit Bench(const RefusedRequest& request) : request_(request) {}

  const RefusedRequest& request() const { return request_; }

  bool fits(const VerifierConfig& config, std::string_view body) {
    const std::size_t cost = (body.size() + 256) * std::max<std::size_t>(1, config.secrets.size());
    if (cost > budget_) return false;
    budget_ -= cost;
    const auto status =
        verify(config, request_.headers, body, request_.arrived_at, request_.tolerance).status;
    return status == VerifyStatus::kAccepted || status == VerifyStatus::kStale;
  }
  // With this secret instead of its own. `raw`: the secret is the key, whatever it looks like.
  bool fits_secret(const VerifierConfig& config, const std::string& secret, bool raw) {
    VerifierConfig changed = config;
    changed.secrets = {secret};
    if (raw) changed.secret_encoding = SecretEncoding::kRaw;
    return fits(changed, request_.body);
  }

 private:
  const RefusedRequest& request_;
  std::size_t budget_ = kDiagnosisBytesMax;
};

std::string other_header(std::string_view name, const VerifierConfig& config) {
  return fmt::format("it is read from {} instead of {}", name,
                     config.headers.empty() ? "" : config.headers.front());
}

// Where it stands, what stands before it, how it is written: the first that differs is the cause,
// and all are told.
std::optional<Mended> difference(const VerifierConfig& config, const VerifierConfig& reading) {
  std::vector<Mended> all;
  const std::string& name = reading.headers.front();
  if (std::ranges::none_of(config.headers, [&](const std::string& known) {
        return equals_ignoring_case(known, name);
      })) {
    all.push_back({Cause::kHeaderName, other_header(name, config)});
  }
  if (reading.prefix != config.prefix && !(reading.prefix.empty() && !config.prefix_required)) {
    all.push_back(
        {Cause::kPrefix, reading.prefix.empty()
                             ? fmt::format("the prefix {} is not asked for", config.prefix)
                             : fmt::format("{} before it is left out", reading.prefix)});
  }
  if (reading.encoding != config.encoding && !is_shared_secret(config.kind)) {
    const bool hex = reading.encoding == SignatureEncoding::kHex;
    all.push_back({Cause::kEncoding, hex ? "it is read as hex instead of base64"
                                         : "it is read as base64 instead of hex"});
  }
  if (all.empty()) return std::nullopt;
  Mended joined = std::move(all.front());
  for (std::size_t i = 1; i < all.size(); ++i) joined.when += " and " + all[i].when;
  return joined;
}

VerifierConfig read_as(const VerifierConfig& config, std::string_view name,
                       std::string_view prefix) {
  VerifierConfig reading = config;
  reading.headers = {std::string(name)};
  reading.prefix = prefix;
  reading.prefix_required = true;
  return reading;
}

// A value of one signature is recognised by its length.
void add_single(const VerifierConfig& config, std::string_view name, std::string_view value,
                std::vector<VerifierConfig>& readings) {
  std::vector<std::string_view> prefixes(std::begin(kPrefixes), std::end(kPrefixes));
  prefixes.push_back(config.prefix);
  prefixes.push_back("");
  for (const std::string_view prefix : prefixes) {
    if (!value.starts_with(prefix)) continue;
    const std::string_view rest = value.substr(prefix.size());
    const auto hex = crypto::hex_decode(rest);
    const auto base64 = crypto::base64_decode(rest);
    const bool is_hex = hex && hex->size() == kMacBytes;
    if (!is_hex && !(base64 && base64->size() == kMacBytes)) continue;
    readings.push_back(read_as(config, name, prefix));
    readings.back().encoding = is_hex ? SignatureEncoding::kHex : SignatureEncoding::kBase64;
    return;
  }
}

// "svix-signature" comes with "svix-id" and "svix-timestamp".
void add_standard(const VerifierConfig& config, std::string_view name, std::string_view value,
                  std::vector<VerifierConfig>& readings) {
  constexpr std::string_view kEnd = "-signature";
  const bool bare = crypto::base64_decode(value).value_or("").size() == kMacBytes;
  if (!value.starts_with(config.prefix) && !bare) return;
  readings.push_back(read_as(config, name, bare ? "" : config.prefix));
  if (!name.ends_with(kEnd)) return;
  const std::string family(name.substr(0, name.size() - kEnd.size()));
  readings.back().id_header = family + "-id";
  readings.back().timestamp_header = family + "-timestamp";
}

void add_shared(const VerifierConfig& config, std::string_view name, std::string_view value,
                std::vector<VerifierConfig>& readings) {
  for (const std::string_view scheme : kSchemes) {
    if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) continue;
    readings.push_back(read_as(config, name, scheme));
    return;
  }
}

std::vector<Reading> readings_of(const RefusedRequest& request) {
  const VerifierConfig& config = request.verifier;
  std::vector<VerifierConfig> found;
  for (const auto& [name, raw] : request.headers) {
    const std::string_view value = trim(raw);
    if (value.empty()) continue;
    if (is_shared_secret(config.kind)) {
      add_shared(config, name, value, found);
    } else if (config.kind == VerifierKind::kStandardWebhooks) {
      add_standard(config, name, value, found);
    } else if (config.kind == VerifierKind::kStripe) {
      if (value.starts_with("t=")) found.push_back(read_as(config, name, config.prefix));
    } else {
      add_single(config, name, value, found);
    }
  }
  std::vector<Reading> readings = {{config, std::nullopt}};
  for (VerifierConfig& reading : found) {
    auto mended = difference(config, reading);
    if (mended && readings.size() < kReadingsMax) {
      readings.push_back({std::move(reading), std::move(mended)});
    }
  }
  return readings;
}

using Trial = std::optional<Mended> (*)(Bench& bench, const Reading& reading);

std::optional<Mended> as_it_is(Bench& bench, const Reading& reading) {
  if (!reading.mended || !bench.fits(reading.config, bench.request().body)) return std::nullopt;
  return Mended{reading.mended->cause, ""};
}

std::optional<Mended> other_white_space(Bench& bench, const Reading& reading) {
  for (const std::string& secret : reading.config.secrets) {
    const std::string trimmed(trim(secret));
    if (trimmed != secret && bench.fits_secret(reading.config, trimmed, false)) {
      return Mended{Cause::kSecretWhiteSpace, "the white space around our secret is left out"};
    }
    for (const std::string_view end : {"\n", "\r\n", " "}) {
      if (bench.fits_secret(reading.config, secret + std::string(end), true)) {
        return Mended{Cause::kSecretWhiteSpace,
                      "white space is added to our secret: the sender's has some at its end"};
      }
    }
  }
  return std::nullopt;
}

// What else the bytes of the key can be, and how to say so.
std::vector<std::pair<std::string, std::string_view>> other_keys(const std::string& secret) {
  constexpr std::string_view kPrefix = "whsec_";
  const std::string bare =
      secret.starts_with(kPrefix) ? secret.substr(kPrefix.size()) : std::string(secret);
  std::vector<std::pair<std::string, std::string_view>> keys;
  keys.emplace_back(secret, "the secret is taken as it is, not decoded");
  if (bare != secret) keys.emplace_back(bare, "whsec_ is left out of the secret");
  if (auto key = crypto::base64_decode(bare)) {
    keys.emplace_back(std::move(*key), "the secret is decoded from base64");
  }
  if (auto key = crypto::hex_decode(bare)) {
    keys.emplace_back(std::move(*key), "the secret is decoded from hex");
  }
  std::erase_if(keys, [](const auto& key) { return key.first.empty(); });
  return keys;
}

std::optional<Mended> other_key(Bench& bench, const Reading& reading) {
  if (is_shared_secret(reading.config.kind)) return std::nullopt;
  for (const std::string& secret : reading.config.secrets) {
    for (const auto& [key, when] : other_keys(secret)) {
      if (bench.fits_secret(reading.config, key, true)) {
        return Mended{Cause::kSecretEncoding, std::string(when)};
      }
    }
  }
  return std::nullopt;
}

std::optional<Mended> other_secret(Bench& bench, const Reading& reading) {
  for (const KnownSecret& known : bench.request().others) {
    if (!bench.fits_secret(reading.config, known.secret, false)) continue;
    if (known.source.empty()) {
      return Mended{Cause::kExpiredSecret,
                    "it is checked with a secret of this source that has expired"};
    }
    return Mended{Cause::kSecretOfOtherSource,
                  fmt::format("it is checked with a secret of the source \"{}\"", known.source)};
  }
  return std::nullopt;
}

std::optional<Mended> other_body(Bench& bench, const Reading& reading) {
  const std::string_view body = bench.request().body;
  if (is_shared_secret(reading.config.kind) || body.size() > kReserialisedBytesMax) {
    return std::nullopt;
  }
  for (const BodyForm& form : body_forms(body)) {
    if (!bench.fits(reading.config, form.text)) continue;
    if (form.line_end) {
      return Mended{Cause::kBodyLineEnd, fmt::format("the body is taken {}", form.what)};
    }
    return Mended{Cause::kBodyReserialised,
                  fmt::format("the body is {}: it was written anew after it was signed, or "
                              "something else was signed than sent",
                              form.what)};
  }
  return std::nullopt;
}

std::optional<Mended> other_kind(Bench& bench, const Reading& reading) {
  if (reading.mended) return std::nullopt;
  using enum VerifierKind;
  for (const VerifierKind kind : {kStandardWebhooks, kStripe, kSlack, kGithub, kShopify,
                                  kBillionVerify, kHmac, kApiKey, kBasic}) {
    if (kind == reading.config.kind) continue;
    VerifierConfig changed = default_verifier(kind);
    changed.secrets = reading.config.secrets;
    if (bench.fits(changed, bench.request().body)) {
      return Mended{Cause::kOtherKind, fmt::format("it is checked as {}", to_string(kind))};
    }
  }
  return std::nullopt;
}

constexpr Trial kTrials[] = {as_it_is,     other_white_space, other_key,
                             other_secret, other_body,        other_kind};

std::optional<std::string_view> value_of(ReceivedHeaders headers, std::string_view name) {
  for (const auto& [field, value] : headers) {
    if (!name.empty() && equals_ignoring_case(field, name)) return trim(value);
  }
  return std::nullopt;
}

// The timestamp that the signature goes with, as the request has it.
std::optional<std::string_view> timestamp_of(const RefusedRequest& request) {
  if (request.verifier.kind != VerifierKind::kStripe) {
    return value_of(request.headers, request.verifier.timestamp_header);
  }
  const auto header = value_of(request.headers, request.verifier.headers.front());
  if (!header) return std::nullopt;
  for (const std::string_view entry : split(*header, ',')) {
    if (trim(entry).starts_with("t=")) return trim(entry).substr(2);
  }
  return std::nullopt;
}

struct Unit {
  std::uint64_t per_second;
  std::string_view name;
};
constexpr Unit kUnits[] = {
    {1'000, "milliseconds"}, {1'000'000, "microseconds"}, {1'000'000'000, "nanoseconds"}};
constexpr std::chrono::hours kPlausible{24};

std::optional<Diagnosis> wrong_unit(const RefusedRequest& request) {
  const auto text = timestamp_of(request);
  const auto number = text ? parse_u64(*text) : std::nullopt;
  if (!number) return std::nullopt;
  for (const Unit& unit : kUnits) {
    const auto seconds = static_cast<std::int64_t>(*number / unit.per_second);
    if (std::chrono::abs(request.arrived_at - from_unix_ms(seconds * 1000)) > kPlausible) continue;
    return Diagnosis{
        Cause::kTimestampUnit,
        fmt::format("The timestamp of the signature is in {}; whole seconds since 1970 "
                    "are expected.",
                    unit.name)};
  }
  return std::nullopt;
}

Diagnosis undiagnosed(const VerifyOutcome& outcome) {
  if (outcome.status == VerifyStatus::kMissing) {
    return {Cause::kNoSignature,
            "Nothing in the request is a signature that fits: " + outcome.detail + "."};
  }
  return {Cause::kUnknownSecret, "No common mistake explains it (" + outcome.detail +
                                     "): most likely the sender has another secret."};
}

}  // namespace

std::string_view to_string(Cause cause) { return kCauseNames[static_cast<std::size_t>(cause)]; }

Diagnosis clock_skew(WallTime claimed, WallTime arrived_at, Milliseconds tolerance) {
  const std::int64_t skew_s =
      std::chrono::round<std::chrono::seconds>(arrived_at - claimed).count();
  return {Cause::kClockSkew,
          fmt::format("It says that it was made {} s {} it arrived, {} s are allowed: the clocks "
                      "differ, or it was held back.",
                      std::abs(skew_s), skew_s >= 0 ? "before" : "after", tolerance.count() / 1000),
          skew_s};
}

Diagnosis diagnose(const RefusedRequest& request) {
  const auto outcome = verify(request.verifier, request.headers, request.body, request.arrived_at,
                              request.tolerance);
  if (outcome.status == VerifyStatus::kStale && outcome.signed_at) {
    return clock_skew(*outcome.signed_at, request.arrived_at, request.tolerance);
  }
  if (auto unit = wrong_unit(request)) return *std::move(unit);
  Bench bench(request);
  const auto readings = readings_of(request);
  for (const Trial trial : kTrials) {
    for (const Reading& reading : readings) {
      const auto mended = trial(bench, reading);
      if (!mended) continue;
      std::string when = reading.mended ? reading.mended->when : "";
      if (!when.empty() && !mended->when.empty()) when += ", and ";
      return {mended->cause, "The signature is right when " + when + mended->when + "."};
    }
  }
  return undiagnosed(outcome);
}

}  // namespace verihook::webhooks
