#include "address/idn.h"

#include <algorithm>
#include <array>
#include <cstdint>
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

bool has_a_label(std::string_view lower_case_domain) {
  return lower_case_domain.starts_with("xn--") ||
         lower_case_domain.find(".xn--") != std::string_view::npos;
}

// Mapping can make a dot of other characters, so the result is looked at once more.
bool has_empty_label(std::string_view domain) {
  return domain.empty() || domain.front() == '.' || domain.back() == '.' ||
         domain.find("..") != std::string_view::npos;
}

}  // namespace

bool is_ascii(std::string_view text) {
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
  std::string ascii;
  if (is_ascii(domain)) ascii = to_lower(domain);
  if (ascii.empty() || has_a_label(ascii)) {
    auto converted = convert(domain, &uidna_nameToASCII_UTF8);
    if (!converted || (converted->errors & ~kLengthErrors) != 0 || !is_ascii(converted->text)) {
      return std::unexpected(SyntaxRule::kInvalidIdn);
    }
    ascii = std::move(converted->text);
  }
  if (has_empty_label(ascii)) return std::unexpected(SyntaxRule::kInvalidIdn);
  if (find_long_label(ascii)) return std::unexpected(SyntaxRule::kLabelTooLong);
  if (ascii.size() > kDnsNameOctetsMax) return std::unexpected(SyntaxRule::kDomainTooLong);
  return ascii;
}

std::string to_unicode_domain(std::string_view ascii_domain) {
  if (is_ascii(ascii_domain) && !has_a_label(ascii_domain)) return std::string(ascii_domain);
  auto shown = convert(ascii_domain, &uidna_nameToUnicodeUTF8);
  if (!shown || shown->errors != 0) return std::string(ascii_domain);
  return std::move(shown->text);
}

}  // namespace verihook::address
