// What a received request says about itself, whoever the provider is: the type of its event, the
// job, and the key by which a repetition is known. One table of where each kind of provider puts
// them. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "http/message.h"
#include "webhooks/verify.h"

namespace verihook::gateway {

inline constexpr std::size_t kEventTypeBytesMax = 128;
inline constexpr std::size_t kDedupKeyBytesMax = 256;  // longer ones are kept as their SHA-256

// The type of events that do not tell theirs, or tell one that no filter could name.
inline constexpr std::string_view kUnknownEventType = "unknown";

// `event_type`, or where the provider puts it; GitHub's with its action: "pull_request.opened".
std::string event_type_of(webhooks::VerifierKind kind, const http::Headers& headers,
                          const boost::json::value& body);

// The member that the source names (a dotted path), else `webhook_id`, else `event_id`, else the
// provider's own, else the SHA-256 of the bytes.
std::string dedup_key_of(webhooks::VerifierKind kind, std::string_view configured_member,
                         const http::Headers& headers, const boost::json::value& body,
                         std::string_view raw_body);

// `job_id`, empty when it has none.
std::string job_id_of(const boost::json::value& body);
// A string member of the body; nothing when it is absent or something else.
std::optional<std::string_view> string_member(const boost::json::value& body,
                                              std::string_view name);

// The headers as a JSON object, repeated ones joined by ", ", without what is or holds a secret:
// credentials, cookies, and for `basic` and `api-key` the headers that the verifier looks at.
std::string headers_json(const http::Headers& headers, const webhooks::VerifierConfig& verifier);

}  // namespace verihook::gateway
