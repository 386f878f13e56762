// HttpSettings: what an http destination is told about its endpoint beside the options that all
// kinds share: whose credentials to show. Callers send
//   {"basic_credentials":"user:password"} or {"bearer_token":"…"},
//   {"client_certificate":"PEM, with its chain","client_key":"PEM"};
// what is stored has each of them sealed, bound to its destination, and then in base64. What
// callers may see says which there are: `has_bearer_token`. Pure but for the sealing; any thread.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "crypto/secret_box.h"

namespace verihook::destinations {

struct HttpSettings {
  std::string basic_credentials;  // "user:password"; empty: none, as for the others
  std::string bearer_token;
  std::string client_certificate;
  std::string client_key;
};

// `place` is secret_place of the destination. An empty text is {}. kInternal when it does not open.
Result<HttpSettings> open_http_settings(std::string_view stored, const crypto::SecretBox& secrets,
                                        std::string_view place);

// Checks what a caller sent, which replaces all that was there. kInvalidArgument names the member.
Result<HttpSettings> read_http_settings(const boost::json::object& given);

Result<std::string> seal_http_settings(const HttpSettings& settings,
                                       const crypto::SecretBox& secrets, std::string_view place);

// As JSON.
std::string public_http_settings(std::string_view stored);

}  // namespace verihook::destinations
