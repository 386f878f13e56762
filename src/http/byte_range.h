// Which bytes of a document a request asks for (RFC 9110 section 14). One range only: of several
// the whole document is given, as the standard allows. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace verihook::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Whether the request asks for a range of the document that has this strong ETag (with its
// quotation marks): a Range field, and no If-Range that names another document.
bool asks_for_range(const Headers& headers, std::string_view etag);

enum class Wanted {
  kWhole,          // also when the field cannot be understood
  kRange,          // 206
  kNotSatisfiable  // 416
};
// What a Range field asks of a document of `size` bytes; sets `range` when it is kRange.
Wanted parse_range(std::string_view field, std::uint64_t size, ByteRange& range);

// Whether If-None-Match names the document: 304.
bool has_already(const Headers& headers, std::string_view etag);

}  // namespace verihook::http
