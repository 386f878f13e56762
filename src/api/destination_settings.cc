#include "api/destination_settings.h"

#include "destinations/http_destination.h"
#include "destinations/http_settings.h"
#include "destinations/provider_settings.h"

namespace verihook::api {
namespace {

Result<void> take_http_settings(const Context& context, const Fields& settings,
                                model::Destination& destination) {
  TRY(given, destinations::read_http_settings(settings.object()));
  TRY(sealed, destinations::seal_http_settings(given, context.secrets,
                                               destinations::secret_place(destination)));
  destination.settings = sealed;
  return {};
}

}  // namespace

Result<void> read_settings(const Context& context, Fields& fields,
                           model::Destination& destination) {
  TRY(settings, fields.optional_object("settings"));
  if (!settings) return {};
  if (destination.kind == model::DestinationKind::kHttp) {
    return take_http_settings(context, *settings, destination);
  }
  TRY(sealed, destinations::seal_provider_settings(settings->object(), destination.settings,
                                                   context.secrets,
                                                   destinations::secret_place(destination)));
  destination.settings = sealed;
  return {};
}

}  // namespace verihook::api
