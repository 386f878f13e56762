#include "jobs/intake/list_sink.h"

#include "base/text.h"

namespace verihook::jobs {
namespace {

constexpr std::size_t kExcerptBytes = 80;

// Cuts a character off that is cut already.
std::string_view whole_characters(std::string_view text) {
  for (std::size_t cut = 0; cut < 4 && cut < text.size(); ++cut) {
    const auto shorter = text.substr(0, text.size() - cut);
    if (is_valid_utf8(shorter)) return shorter;
  }
  return text;
}

}  // namespace

std::string_view to_string(Rejection reason) {
  switch (reason) {
    case Rejection::kNoAddress:
      return "no_address";
    case Rejection::kBrokenQuoting:
      return "broken_quoting";
    case Rejection::kTooLong:
      return "too_long";
    case Rejection::kTooManyColumns:
      return "too_many_columns";
    case Rejection::kNotUtf8:
      return "not_utf8";
    case Rejection::kNulByte:
      return "nul_byte";
    case Rejection::kNotJson:
      return "not_json";
    case Rejection::kNoEntry:
      return "no_entry";
  }
  return "no_address";
}

std::string excerpt_of(std::string_view text) {
  std::string_view head = text.substr(0, kExcerptBytes);
  if (head.size() < text.size()) head = whole_characters(head);
  const bool readable = is_valid_utf8(head);
  std::string excerpt;
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 || byte == 0x7f;
    excerpt.push_back(control || (!readable && byte >= 0x80) ? '?' : c);
  }
  return excerpt;
}

}  // namespace verihook::jobs
