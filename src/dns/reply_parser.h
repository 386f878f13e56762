// The reply parser: bytes of one DNS message (RFC 1035) to an Answer. Pure, no I/O; every input,
// hostile ones included, ends in an Answer or an Error kDns (RFC 9267 lists the ways in which
// others failed).
//
// Only what follows the question counts: the CNAME chain is walked from the name that was asked,
// and records of other owners are ignored. SERVFAIL, REFUSED, truncation and referrals are errors,
// never "no such record".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dns/resolver.h"

namespace verihook::dns {

enum class RecordType : std::uint16_t {
  kA = 1,      // an IPv4 address
  kNs = 2,     // a name server; marks a referral when it stands alone
  kCname = 5,  // the owner is an alias
  kSoa = 6,    // carries the time for which "no" may be kept
  kPtr = 12,   // the name of an address
  kMx = 15,    // a mail exchanger
  kTxt = 16,   // text for programs, such as SPF
  kAaaa = 28,  // an IPv6 address
};

inline constexpr std::size_t kMxRecordsMax = 20;
inline constexpr std::size_t kAddressesPerTypeMax = 16;
inline constexpr std::size_t kTextsMax = 64;
inline constexpr std::size_t kTextBytesMax = 16 * 1024;  // of one record
inline constexpr std::size_t kNamesPerAddressMax = 20;
inline constexpr std::size_t kCnameHopsMax = 8;
inline constexpr std::size_t kPointerJumpsMax = 16;
inline constexpr std::chrono::seconds kTtlMax_s = std::chrono::hours{24};
inline constexpr std::chrono::seconds kNegativeTtlMax_s = std::chrono::hours{1};

// `name` is what was asked, in A-labels. MX records come lowest preference first and keep at most
// kMxRecordsMax; host names are lower case, with bytes that no host name has written as \DDD.
Result<MxAnswer> parse_mx_reply(std::span<const std::uint8_t> message, std::string_view name);

// `type` is kA or kAaaa; at most kAddressesPerTypeMax addresses, in the order of the message.
Result<AddressAnswer> parse_address_reply(std::span<const std::uint8_t> message,
                                          std::string_view name, RecordType type);

// TXT records in the order of the message; a record's strings are joined without a space (RFC 7208
// section 3.3).
Result<TextAnswer> parse_text_reply(std::span<const std::uint8_t> message, std::string_view name);

// PTR records. `name` is the reverse name (reverse_name.h).
Result<NameAnswer> parse_name_reply(std::span<const std::uint8_t> message, std::string_view name);

// True when the DNS can carry this name: labels of 1 to 63 bytes, 253 in all, printable, no
// escapes.
bool is_askable_name(std::string_view name);

}  // namespace verihook::dns
