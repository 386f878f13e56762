// JSON in JavaScript's form: the text for which JSON.stringify(JSON.parse(text)) === text, so that
// a receiver who signs its re-serialised body finds the signature that was made over the bytes
// sent. And the caller's metadata, which is accepted only when it survives that. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"

namespace verihook::webhooks {

inline constexpr std::size_t kMetadataBytesMax = 16 * 1024;  // in canonical form
inline constexpr std::size_t kMetadataDepthMax = 32;         // the object itself is level 1

// No white space; keys that are array indexes (0 to 2^32-2, no leading zero) first and ascending,
// the others in the order they were inserted, as JavaScript enumerates them.
std::string canonical(const boost::json::value& value);

// Metadata out of its own text: parse_strict_json, then check_metadata. Error messages name the
// path of the offending member.
Result<boost::json::value> parse_metadata(std::string_view text);

// The rules for a value that parse_strict_json has read as part of a request body: an object (null
// is the same as none), at most kMetadataDepthMax deep, at most kMetadataBytesMax long. Returns the
// canonical text to keep; "{}" for null.
Result<std::string> canonical_metadata(const boost::json::value& metadata);

}  // namespace verihook::webhooks
