#include "api/destination_settings.h"

#include "crypto/encoding.h"
#include "destinations/http_destination.h"
#include "destinations/provider_settings.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

constexpr std::size_t kCredentialBytesMax = 1'024;

Result<void> read_http_settings(const Context& context, Fields settings,
                                model::Destination& destination) {
  TRY(basic, settings.optional_string("basic_credentials", kCredentialBytesMax));
  TRY(bearer, settings.optional_string("bearer_token", kCredentialBytesMax));
  TRY_VOID(settings.refuse_others());
  if (basic && bearer) {
    return fail(Errc::kInvalidArgument,
                "settings may have basic_credentials or bearer_token, not both");
  }
  if (basic && basic->find(':') == basic->npos) {
    return fail(Errc::kInvalidArgument, "settings.basic_credentials must be user:password");
  }
  std::string text;
  webhooks::JsonWriter json(text);
  json.begin_object();
  if (basic || bearer) {
    const std::string place = destinations::secret_place(destination);
    TRY(sealed, context.secrets.seal(basic ? *basic : *bearer, place));
    json.member(basic ? "basic_credentials" : "bearer_token", crypto::base64_encode(sealed));
  }
  json.end_object();
  destination.settings = std::move(text);
  return {};
}

}  // namespace

Result<void> read_settings(const Context& context, Fields& fields,
                           model::Destination& destination) {
  TRY(settings, fields.optional_object("settings"));
  if (!settings) return {};
  if (destination.kind == model::DestinationKind::kHttp) {
    return read_http_settings(context, std::move(*settings), destination);
  }
  TRY(sealed, destinations::seal_provider_settings(settings->object(), destination.settings,
                                                   context.secrets,
                                                   destinations::secret_place(destination)));
  destination.settings = sealed;
  return {};
}

}  // namespace verihook::api
