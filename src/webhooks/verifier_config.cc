// The table of verifiers, and their configuration as JSON.
#include <algorithm>
#include <array>
#include <cstdint>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "webhooks/asymmetric.h"
#include "webhooks/strict_json.h"
#include "webhooks/verify.h"

namespace verihook::webhooks {

namespace json = boost::json;

namespace {

constexpr std::size_t kNameBytesMax = 128;  // of a header name, a prefix or a template

// The fields of the JSON form beside "kind", as bits: what a kind may be given.
enum Field : unsigned {
  kSecretsField = 1U << 0,
  kHeaderField = 1U << 1,
  kPrefixField = 1U << 2,
  kEncodingField = 1U << 3,
  kSignedContentField = 1U << 4,
  kTimestampHeaderField = 1U << 5,
  kIdHeaderField = 1U << 6,
  kSecretEncodingField = 1U << 7,
};

struct FieldName {
  std::string_view name;
  Field field;
};

constexpr FieldName kFieldNames[] = {
    {"secrets", kSecretsField},
    {"header", kHeaderField},
    {"prefix", kPrefixField},
    {"encoding", kEncodingField},
    {"signed_content", kSignedContentField},
    {"timestamp_header", kTimestampHeaderField},
    {"id_header", kIdHeaderField},
    {"secret_encoding", kSecretEncodingField},
};

struct Row {
  VerifierKind kind;
  std::string_view name;
  unsigned fields;
  std::array<std::string_view, 4> headers;
  std::string_view prefix;
  bool prefix_required;
  SignatureEncoding encoding;
  std::string_view signed_content;
  std::string_view timestamp_header;
  std::string_view id_header;
  SecretEncoding secret_encoding;
};

constexpr auto kHex = SignatureEncoding::kHex;
constexpr auto kBase64 = SignatureEncoding::kBase64;
constexpr auto kRaw = SecretEncoding::kRaw;

constexpr Row kRows[] = {
    {VerifierKind::kHmac,
     "hmac",
     kSecretsField | kHeaderField | kPrefixField | kEncodingField | kSignedContentField |
         kTimestampHeaderField | kIdHeaderField,
     {"X-Webhook-Signature"},
     "",
     true,
     kHex,
     "{body}",
     "",
     "",
     kRaw},
    {VerifierKind::kStandardWebhooks,
     "standard-webhooks",
     kSecretsField | kSecretEncodingField,
     {"webhook-signature"},
     "v1,",
     true,
     kBase64,
     "{id}.{timestamp}.{body}",
     "webhook-timestamp",
     "webhook-id",
     SecretEncoding::kAuto},
    {VerifierKind::kBillionVerify,
     "billionverify",
     kSecretsField | kHeaderField,
     {"X-BillionVerify-Signature", "X-Webhook-Signature", "X-BV-Signature", "X-EV-Signature"},
     "sha256=",
     false,
     kHex,
     "{body}",
     "",
     "",
     kRaw},
    {VerifierKind::kStripe,
     "stripe",
     kSecretsField,
     {"Stripe-Signature"},
     "",
     true,
     kHex,
     "{timestamp}.{body}",
     "",
     "",
     kRaw},
    {VerifierKind::kGithub,
     "github",
     kSecretsField,
     {"X-Hub-Signature-256"},
     "sha256=",
     true,
     kHex,
     "{body}",
     "",
     "",
     kRaw},
    {VerifierKind::kShopify,
     "shopify",
     kSecretsField,
     {"X-Shopify-Hmac-SHA256"},
     "",
     true,
     kBase64,
     "{body}",
     "",
     "",
     kRaw},
    {VerifierKind::kSlack,
     "slack",
     kSecretsField,
     {"X-Slack-Signature"},
     "v0=",
     true,
     kHex,
     "v0:{timestamp}:{body}",
     "X-Slack-Request-Timestamp",
     "",
     kRaw},
    {VerifierKind::kBasic,
     "basic",
     kSecretsField,
     {"Authorization"},
     "Basic ",
     true,
     kBase64,
     "",
     "",
     "",
     kRaw},
    {VerifierKind::kApiKey,
     "api-key",
     kSecretsField | kHeaderField | kPrefixField,
     {"X-API-Key"},
     "",
     true,
     kHex,
     "",
     "",
     "",
     kRaw},
    {VerifierKind::kNone, "none", 0, {}, "", true, kHex, "", "", "", kRaw},
};

const Row& row_of(VerifierKind kind) { return *std::ranges::find(kRows, kind, &Row::kind); }

std::unexpected<Error> bad_field(std::string_view field, std::string_view expected) {
  return fail(Errc::kInvalidArgument,
              "\"verifier." + std::string(field) + "\" must be " + std::string(expected) + ".");
}

constexpr std::string_view kOtherTokenCharacters = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || kOtherTokenCharacters.find(c) != std::string_view::npos;
  });
}

bool is_visible_ascii(std::string_view text) {
  return text.size() <= kNameBytesMax &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::size_t count_of(std::string_view text, std::string_view needle) {
  std::size_t count = 0;
  for (auto at = text.find(needle); at != text.npos; at = text.find(needle, at + needle.size())) {
    ++count;
  }
  return count;
}

// A body that is not signed, or signed twice, would leave room for another one.
bool is_template(std::string_view text) {
  const std::size_t placeholders =
      count_of(text, "{body}") + count_of(text, "{timestamp}") + count_of(text, "{id}");
  return text.size() <= kNameBytesMax && count_of(text, "{body}") == 1 &&
         count_of(text, "{") == placeholders && count_of(text, "}") == placeholders;
}

Result<std::string> text_field(std::string_view field, const json::value& value) {
  if (!value.is_string()) return bad_field(field, "a string");
  return std::string(value.get_string());
}

// Keys of the asymmetric family: the public one checks v1a signatures, and the private one is the
// sender's alone.
Result<void> check_key(VerifierKind kind, std::string_view secret) {
  if (secret.starts_with(kPrivateKeyPrefix)) {
    return bad_field("secrets", "without private keys (whsk_): give the public one (whpk_)");
  }
  if (!secret.starts_with(kPublicKeyPrefix)) return {};
  if (kind != VerifierKind::kStandardWebhooks) {
    return bad_field("secrets", "without public keys (whpk_) unless kind is standard-webhooks");
  }
  if (!parse_public_key(secret)) {
    return bad_field("secrets",
                     "a list of secrets, or of public keys: whpk_ and base64 of 32 bytes");
  }
  return {};
}

Result<void> set_secrets(VerifierConfig& config, std::vector<std::string> secrets) {
  if (secrets.empty() || secrets.size() > kSecretsMax) {
    return bad_field("secrets", "a list of 1 to 10 strings");
  }
  for (const std::string& secret : secrets) {
    if (secret.empty() || secret.size() > kSecretBytesMax) {
      return bad_field("secrets", "a list of strings of 1 to 1024 bytes, none of them empty");
    }
    TRY_VOID(check_key(config.kind, secret));
    if (config.kind == VerifierKind::kBasic && secret.find(':') == std::string::npos) {
      return bad_field("secrets", "a list of \"user:password\" for basic");
    }
  }
  config.secrets = std::move(secrets);
  return {};
}

Result<void> set_secrets_field(VerifierConfig& config, const json::value& value) {
  if (!value.is_array()) return bad_field("secrets", "a list of 1 to 10 strings");
  std::vector<std::string> secrets;
  for (const json::value& secret : value.get_array()) {
    TRY(text, text_field("secrets", secret));
    secrets.push_back(std::move(text));
  }
  return set_secrets(config, std::move(secrets));
}

Result<void> set_header_field(std::string_view field, const json::value& value, std::string& out) {
  TRY(text, text_field(field, value));
  if (!is_header_name(text)) return bad_field(field, "the name of a header");
  out = std::move(text);
  return {};
}

Result<void> set_field(VerifierConfig& config, const FieldName& field, const json::value& value) {
  switch (field.field) {
    case kSecretsField:
      return set_secrets_field(config, value);
    case kHeaderField:
      config.headers.assign(1, {});
      return set_header_field(field.name, value, config.headers.front());
    case kTimestampHeaderField:
      return set_header_field(field.name, value, config.timestamp_header);
    case kIdHeaderField:
      return set_header_field(field.name, value, config.id_header);
    case kPrefixField: {
      TRY(text, text_field(field.name, value));
      if (!is_visible_ascii(text)) return bad_field(field.name, "up to 128 ASCII characters");
      config.prefix = std::move(text);
      return {};
    }
    case kEncodingField: {
      TRY(text, text_field(field.name, value));
      if (text != "hex" && text != "base64") return bad_field(field.name, "\"hex\" or \"base64\"");
      config.encoding = text == "hex" ? kHex : kBase64;
      return {};
    }
    case kSignedContentField: {
      TRY(text, text_field(field.name, value));
      if (!is_template(text)) {
        return bad_field(field.name,
                         "a template with {body} once, and {timestamp} and {id} where wanted");
      }
      config.signed_content = std::move(text);
      return {};
    }
    case kSecretEncodingField: {
      TRY(text, text_field(field.name, value));
      if (text == "auto")
        config.secret_encoding = SecretEncoding::kAuto;
      else if (text == "base64")
        config.secret_encoding = SecretEncoding::kBase64;
      else if (text == "raw")
        config.secret_encoding = SecretEncoding::kRaw;
      else
        return bad_field(field.name, "\"auto\", \"base64\" or \"raw\"");
      return {};
    }
  }
  return {};
}

// What no single field can tell.
Result<void> check_whole(const VerifierConfig& config) {
  const auto uses = [&](std::string_view placeholder) {
    return count_of(config.signed_content, placeholder) > 0;
  };
  if (config.kind != VerifierKind::kHmac) return {};
  if (uses("{timestamp}") != !config.timestamp_header.empty()) {
    return bad_field("timestamp_header", "given exactly when signed_content has {timestamp}");
  }
  if (uses("{id}") != !config.id_header.empty()) {
    return bad_field("id_header", "given exactly when signed_content has {id}");
  }
  return {};
}

Result<VerifierConfig> parse_without_secret_rule(const json::value& value) {
  if (!value.is_object()) return fail(Errc::kInvalidArgument, "\"verifier\" must be an object.");
  const json::object& object = value.get_object();
  const json::value* kind = object.if_contains("kind");
  const Row* row = nullptr;
  if (kind != nullptr && kind->is_string()) {
    row = std::ranges::find(kRows, std::string_view(kind->get_string()), &Row::name);
    if (row == std::end(kRows)) row = nullptr;
  }
  if (row == nullptr) {
    std::string names;
    for (const Row& known : kRows) names += (names.empty() ? "" : ", ") + std::string(known.name);
    return bad_field("kind", "one of " + names);
  }
  VerifierConfig config = default_verifier(row->kind);
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name == "kind") continue;
    const FieldName* field = std::ranges::find(kFieldNames, name, &FieldName::name);
    if (field == std::end(kFieldNames) || (row->fields & field->field) == 0) {
      return fail(Errc::kInvalidArgument, "\"verifier." + std::string(name) +
                                              "\" is not a field of a verifier of kind " +
                                              std::string(row->name) + ".");
    }
    TRY_VOID(set_field(config, *field, member.value()));
  }
  TRY_VOID(check_whole(config));
  return config;
}

}  // namespace

std::string_view to_string(VerifierKind kind) { return row_of(kind).name; }

VerifierConfig default_verifier(VerifierKind kind) {
  const Row& row = row_of(kind);
  VerifierConfig config;
  config.kind = kind;
  for (const std::string_view header : row.headers) {
    if (!header.empty()) config.headers.emplace_back(header);
  }
  config.prefix = row.prefix;
  config.prefix_required = row.prefix_required;
  config.encoding = row.encoding;
  config.signed_content = row.signed_content;
  config.timestamp_header = row.timestamp_header;
  config.id_header = row.id_header;
  config.secret_encoding = row.secret_encoding;
  return config;
}

Result<VerifierConfig> parse_verifier(const json::value& json) {
  TRY(config, parse_without_secret_rule(json));
  if (config.secrets.empty() && config.kind != VerifierKind::kNone) {
    return bad_field("secrets", "a list of 1 to 10 strings");
  }
  return std::move(config);
}

json::value to_json(const VerifierConfig& config) {
  const Row& row = row_of(config.kind);
  json::object object;
  object["kind"] = row.name;
  const auto add = [&](Field field, std::string_view name, std::string_view text) {
    if ((row.fields & field) != 0 && !text.empty()) object[name] = text;
  };
  // A kind that looks in several headers shows one only when it was told to look nowhere else.
  if (config.headers.size() == 1) add(kHeaderField, "header", config.headers.front());
  add(kPrefixField, "prefix", config.prefix);
  add(kEncodingField, "encoding", config.encoding == kHex ? "hex" : "base64");
  add(kSignedContentField, "signed_content", config.signed_content);
  add(kTimestampHeaderField, "timestamp_header", config.timestamp_header);
  add(kIdHeaderField, "id_header", config.id_header);
  constexpr std::string_view kSecretEncodings[] = {"auto", "base64", "raw"};
  add(kSecretEncodingField, "secret_encoding",
      kSecretEncodings[static_cast<std::size_t>(config.secret_encoding)]);
  return object;
}

Result<VerifierConfig> parse_stored_verifier(std::string_view json_text,
                                             std::vector<std::string> secrets) {
  TRY(json, parse_strict_json(json_text));
  TRY(config, parse_without_secret_rule(json));
  if (config.kind != VerifierKind::kNone) TRY_VOID(set_secrets(config, std::move(secrets)));
  return std::move(config);
}

}  // namespace verihook::webhooks
