// ProviderSettings: how to talk back to whoever sent an event: the members of a source's and of a
// contacts destination's `settings` that name hosts and hold the key for them. The key goes to the
// hosts that stand in the same object and to no other, or one tenant's host would get another's
// key.
//
//   {"api_key":"…","allowed_hosts":["api.example.com","10.0.0.5:8443"],
//    "results_url":"https://api.example.com/v1/bulk/download/{job_id}",
//    "submit_url":"https://api.example.com/v1/bulk/verify"}
//
// What callers send has `api_key`; what is stored has `api_key_sealed`, bound to its row. Other
// members belong to others and are kept as they are. Pure but for the sealing; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "crypto/secret_box.h"
#include "http/url.h"

namespace verihook::destinations {

inline constexpr std::size_t kAllowedHostsMax = 100;
inline constexpr std::size_t kProviderKeyBytesMax = 1024;

struct ProviderSettings {
  std::string api_key;                     // sent as a bearer token; empty: none
  std::vector<std::string> allowed_hosts;  // "host": at any port; "host:port"; IPv6 in brackets
  std::string results_url;  // for failed jobs whose event has no download_url; has {job_id}
  std::string submit_url;   // where the rest of a failed job is submitted to

  bool allows(const http::Url& url) const;
};

// `place` is tenant and row, as for every sealed secret: "tenant|src_…". An empty text is {}.
Result<ProviderSettings> open_provider_settings(std::string_view stored,
                                                const crypto::SecretBox& secrets,
                                                std::string_view place);

// Checks what a caller sent and makes of it what is stored. Without an `api_key` the one in
// `previous` (stored before, "{}" for nothing) is kept; null takes it away. kInvalidArgument names
// the member.
Result<std::string> seal_provider_settings(const boost::json::object& given,
                                           std::string_view previous,
                                           const crypto::SecretBox& secrets,
                                           std::string_view place);

// What callers may see of stored settings: `has_api_key` in place of the key.
Result<boost::json::object> public_provider_settings(std::string_view stored);

// "{job_id}" replaced, percent-encoded.
std::string expand_job_id(std::string_view url_template, std::string_view job_id);

}  // namespace verihook::destinations
