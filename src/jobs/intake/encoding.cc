#include "jobs/intake/encoding.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace verihook::jobs {
namespace {

constexpr std::int64_t kNotUtf8Max = 100;

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Errc::kInvalidArgument,
              "the list is " + std::string(what) + "; save it as text in UTF-8 and send it again");
}

struct Beginning {
  std::string_view bytes;
  std::string_view what;
};
using namespace std::string_view_literals;
// The longer of two that begin alike comes first.
constexpr std::array<Beginning, 8> kForeign = {{
    {"\xff\xfe\0\0"sv, "in UTF-32"},
    {"\0\0\xfe\xff"sv, "in UTF-32"},
    {"\xff\xfe"sv, "in UTF-16"},
    {"\xfe\xff"sv, "in UTF-16"},
    {"PK\x03\x04"sv, "a ZIP archive or an Excel workbook"},
    {"\xd0\xcf\x11\xe0"sv, "an old Excel workbook"},
    {"%PDF-"sv, "a PDF document"},
    {"BZh9"sv, "compressed with bzip2"},
}};

// Eight bytes at once: nearly every entry is that.
bool all_ascii_without_nul(std::string_view text) {
  constexpr std::uint64_t kHigh = 0x8080'8080'8080'8080;
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  std::uint64_t found = 0;
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    // A byte of 0 borrows into its highest bit.
    found |= word | (word - kOnes);
    text.remove_prefix(8);
  }
  for (const char c : text) {
    const std::uint64_t byte = static_cast<unsigned char>(c);
    found |= byte | (byte - 1);
  }
  return (found & kHigh) == 0;
}

}  // namespace

Result<std::size_t> check_start(std::string_view start) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (start.starts_with(kMark)) return kMark.size();
  for (const Beginning& foreign : kForeign) {
    if (start.starts_with(foreign.bytes)) return refuse(foreign.what);
  }
  start = start.substr(0, kStartBytes);
  const auto nuls = std::ranges::count(start, '\0');
  // Text of a Western language in UTF-16 is half of zeros.
  if (nuls > 0 && 4 * nuls >= std::ssize(start)) {
    return refuse("in UTF-16 or no text at all: it is full of zero bytes");
  }
  return std::size_t{0};
}

std::optional<Rejection> EncodingWatch::look(std::string_view entry) {
  if (all_ascii_without_nul(entry)) return std::nullopt;
  if (entry.contains('\0')) return Rejection::kNulByte;
  if (is_valid_utf8(entry)) {
    ++beyond_ascii_;
    return std::nullopt;
  }
  ++not_utf8_;
  return Rejection::kNotUtf8;
}

Result<void> EncodingWatch::verdict() const {
  if (not_utf8_ < kNotUtf8Max || beyond_ascii_ > 0) return {};
  return refuse("not in UTF-8 (perhaps in Latin-1 or Windows-1252)");
}

}  // namespace verihook::jobs
