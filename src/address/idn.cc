#include "address/idn.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/utf8.h>
#include <utility>

#include "address/address_scanner.h"
#include "base/text.h"

namespace verihook::address {
namespace {

constexpr std::size_t kDomainInputOctetsMax =
    1024;  // four octets for each of 255 characters, rounded
constexpr std::size_t kDomainOutputOctetsMax = 4096;
constexpr std::size_t kDnsNameOctetsMax = 253;  // 255 on the wire, less first length and root
constexpr std::uint32_t kLengthErrors =
    UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG;

struct CloseIdna {
  void operator()(UIDNA* idna) const { uidna_close(idna); }
};

struct Conversion {
  std::string text;
  std::uint32_t errors = 0;  // UIDNA_ERROR_*
};

using Convert = decltype(&uidna_nameToASCII_UTF8);

std::optional<Conversion> convert(std::string_view domain, Convert function) {
  if (domain.size() > kDomainInputOctetsMax) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UIDNA, CloseIdna> idna(
      uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE |
                          UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_USE_STD3_RULES,
                      &status));
  if (U_FAILURE(status)) return std::nullopt;
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  std::array<char, kDomainOutputOctetsMax> buffer;
  const auto size =
      function(idna.get(), domain.data(), static_cast<std::int32_t>(domain.size()), buffer.data(),
               static_cast<std::int32_t>(buffer.size()), &info, &status);
  if (U_FAILURE(status) || size < 0 || static_cast<std::size_t>(size) > buffer.size()) {
    return std::nullopt;
  }
  return Conversion{std::string(buffer.data(), static_cast<std::size_t>(size)), info.errors};
}

// What one pass over the labels of a lower-case ASCII domain finds.
struct Labels {
  bool has_empty = false;
  bool has_long = false;
  bool has_a_label = false;
};

Labels look_at_labels(std::string_view domain) {
  Labels found;
  for (std::size_t start = 0;;) {
    const auto end = std::min(domain.find('.', start), domain.size());
    const auto label = domain.substr(start, end - start);
    if (label.empty()) found.has_empty = true;
    if (label.size() > kLabelOctetsMax) found.has_long = true;
    if (label.starts_with("xn--")) found.has_a_label = true;
    if (end == domain.size()) return found;
    start = end + 1;
  }
}

}  // namespace

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    if ((word & kHighBits) != 0) return false;
    text.remove_prefix(sizeof word);
  }
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::optional<std::string> to_nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return std::nullopt;
  std::string normalized;
  icu::StringByteSink<std::string> sink(&normalized);
  nfc->normalizeUTF8(0, icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())), sink,
                     nullptr, status);
  if (U_FAILURE(status)) return std::nullopt;
  return normalized;
}

bool has_forbidden_character(std::string_view utf8) {
  if (is_ascii(utf8)) return false;
  const auto* bytes = utf8.data();
  const auto size = static_cast<std::int32_t>(utf8.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 point = 0;
    U8_NEXT(bytes, at, size, point);
    if (point < 0x80 && point >= 0) continue;
    if (point < 0xa0 || point == 0x2028 || point == 0x2029 || U_IS_UNICODE_NONCHAR(point)) {
      return true;
    }
  }
  return false;
}

std::expected<std::string, SyntaxRule> to_ascii_domain(std::string_view domain) {
  std::expected<std::string, SyntaxRule> result;
  std::string& ascii = *result;
  if (is_ascii(domain)) ascii = to_lower(domain);
  auto labels = look_at_labels(ascii);
  if (ascii.empty() || labels.has_a_label) {
    auto converted = convert(domain, &uidna_nameToASCII_UTF8);
    if (!converted || (converted->errors & ~kLengthErrors) != 0 || !is_ascii(converted->text)) {
      return std::unexpected(SyntaxRule::kInvalidIdn);
    }
    ascii = std::move(converted->text);
    // Mapping can make a dot of other characters, so the result is looked at once more.
    labels = look_at_labels(ascii);
  }
  if (labels.has_empty) return std::unexpected(SyntaxRule::kInvalidIdn);
  if (labels.has_long) return std::unexpected(SyntaxRule::kLabelTooLong);
  if (ascii.size() > kDnsNameOctetsMax) return std::unexpected(SyntaxRule::kDomainTooLong);
  return result;
}

std::string to_unicode_domain(std::string_view ascii_domain) {
  if (is_ascii(ascii_domain) && !look_at_labels(ascii_domain).has_a_label) {
    return std::string(ascii_domain);
  }
  auto shown = convert(ascii_domain, &uidna_nameToUnicodeUTF8);
  if (!shown || shown->errors != 0) return std::string(ascii_domain);
  return std::move(shown->text);
}

}  // namespace verihook::address
