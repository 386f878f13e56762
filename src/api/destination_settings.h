// What a destination's kind decides of its members, checked and, where it is secret, sealed:
//   http, contacts      destinations/http_settings.h, destinations/contacts_settings.h
//   redis, nats         destinations/stream_destination.h
//   notify              destinations/notify_destination.h
//   command             destinations/command_destination.h; by the configuration file alone
// Shared by the API and by [[destinations]] of the configuration file. Pure but for the sealing.
#pragma once

#include <string_view>

#include "api/fields.h"
#include "crypto/secret_box.h"
#include "model/destination.h"

namespace verihook::api {

// What the operator decides about destinations.
struct DestinationRules {
  const crypto::SecretBox& secrets;
  bool allow_http_targets = false;
};

enum class DefinedBy {
  kCaller,         // of the API
  kConfiguration,  // the configuration file, which may do more
};

// Reads the member `settings`; when it is absent nothing changes. kInvalidArgument names the
// member.
Result<void> read_settings(const crypto::SecretBox& secrets, Fields& fields,
                           model::Destination& destination);

// Takes a `url` for the destination's kind.
Result<void> take_url(const DestinationRules& rules, std::string_view url,
                      model::Destination& destination);

// A destination (/v1/destinations) from all members but `secret` and `signatures`. Its tenant and
// id must be set.
Result<void> read_new_destination(const DestinationRules& rules, Fields& fields, DefinedBy by,
                                  model::Destination& destination);

// What of a destination may be changed later, likewise; what is absent stays as it is.
Result<void> read_destination_changes(const DestinationRules& rules, Fields& fields,
                                      model::Destination& destination);

}  // namespace verihook::api
