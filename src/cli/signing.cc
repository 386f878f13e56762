// `verihook sign` and `verihook check-signature`: signatures by hand, to find out why two sides
// disagree.
#include <array>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/text.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "crypto/system_random.h"
#include "webhooks/diagnosis.h"
#include "webhooks/signature.h"
#include "webhooks/verify.h"

namespace verihook::cli {
namespace {

using ReceivedHeader = std::pair<std::string, std::string>;

Result<std::string> sign(const SignOptions& options) {
  TRY(body, read_input(options.file));
  const SystemClock clock;
  crypto::SystemRandom random;
  IdMaker ids(clock, random);
  const std::string id = options.id.empty() ? ids.make(id_prefix::kEvent) : options.id;
  if (id.contains('.')) {
    return fail(Errc::kInvalidArgument, "the id must not hold a full stop; give another --id");
  }
  WallTime at = clock.wall_now();
  if (!options.timestamp.empty()) {
    constexpr std::uint64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
    const auto seconds = parse_u64(options.timestamp);
    if (!seconds || *seconds > kSecondsMax) {
      return fail(Errc::kInvalidArgument, "--timestamp must be whole seconds since 1970");
    }
    at = from_unix_ms(static_cast<std::int64_t>(*seconds) * 1000);
  }
  TRY(key, webhooks::parse_signing_key(options.secret));
  webhooks::SigningOptions signing;
  signing.keys = {std::move(key)};
  std::string out;
  for (const auto& [name, value] : webhooks::sign(signing, {id, body, at})) {
    out += fmt::format("{}: {}\n", name, value);
  }
  return out;
}

Result<webhooks::VerifierConfig> verifier_of(const CheckSignatureOptions& options) {
  using enum webhooks::VerifierKind;
  for (const auto kind :
       {kHmac, kStandardWebhooks, kBillionVerify, kStripe, kGithub, kShopify, kSlack}) {
    if (webhooks::to_string(kind) != options.kind) continue;
    // As for a source: a public key checks v1a signatures, and a private one is refused.
    const std::string json = "{\"kind\":\"" + options.kind + "\"}";
    return webhooks::parse_stored_verifier(json, {options.secret});
  }
  return fail(Errc::kInvalidArgument,
              "--kind must be hmac, standard-webhooks, billionverify, stripe, github, shopify or "
              "slack");
}

Result<std::vector<ReceivedHeader>> read_headers(const std::vector<std::string>& lines) {
  std::vector<ReceivedHeader> headers;
  for (const std::string& line : lines) {
    const auto colon = line.find(':');
    if (colon == line.npos || colon == 0) {
      return fail(Errc::kInvalidArgument,
                  "--header must be 'Name: value', not '" + printable(line) + "'");
    }
    headers.emplace_back(trim(std::string_view(line).substr(0, colon)),
                         trim(std::string_view(line).substr(colon + 1)));
  }
  return headers;
}

Result<int> check(const CheckSignatureOptions& options) {
  TRY(config, verifier_of(options));
  TRY(headers, read_headers(options.headers));
  TRY(body, read_input(options.file));
  const SystemClock clock;
  const Milliseconds tolerance{options.tolerance_s * 1000};
  const WallTime now = clock.wall_now();
  const auto outcome = webhooks::verify(config, headers, body, now, tolerance);
  const Terminal terminal = terminal_of(Channel::kOut);
  if (outcome.accepted()) {
    write(Channel::kOut, paint(terminal, Colour::kGreen, "the signature is good") + "\n");
    return kDone;
  }
  std::string text = paint(terminal, Colour::kRed,
                           fmt::format("the signature is {}", webhooks::to_string(outcome.status)));
  if (!outcome.detail.empty()) text += ": " + printable(outcome.detail);
  const auto diagnosis = webhooks::diagnose({config, headers, body, now, tolerance});
  write(Channel::kOut, fmt::format("{}\n{}\n", text, printable(diagnosis.sentence)));
  return kFailed;
}

}  // namespace

int run(const SignOptions& options) {
  const auto text = sign(options);
  if (!text) return complain(text.error());
  write(Channel::kOut, *text);
  return kDone;
}

int run(const CheckSignatureOptions& options) {
  const auto code = check(options);
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
