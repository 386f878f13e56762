// SPF records as text (RFC 7208 sections 4.5 to 7): read into terms, and macros written out. Pure;
// spf.h evaluates them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/ip.h"

namespace verihook::verification {

enum class SpfResult {
  kPass,       // the address may send for the domain
  kFail,       // it may not
  kSoftFail,   // it probably may not
  kNeutral,    // the domain does not say
  kNone,       // the domain has no record
  kTempError,  // the DNS failed
  kPermError,  // the record cannot be used
};
std::string_view to_string(SpfResult result);

enum class SpfMechanism {
  kAll,      // everybody
  kInclude,  // whom another domain's record passes
  kA,        // the addresses of a name
  kMx,       // the addresses of a domain's mail hosts
  kPtr,      // whose name ends in the domain
  kIp,       // a range: ip4 or ip6
  kExists,   // when a name has an address
};

struct SpfTerm {
  SpfResult result = SpfResult::kPass;  // when it matches
  SpfMechanism mechanism = SpfMechanism::kAll;
  std::string domain;  // with macros; empty: the domain of the record
  unsigned prefix_v4 = 32;
  unsigned prefix_v6 = 128;
  net::Cidr range;   // of kIp
  std::string text;  // as it stands in the record
};

struct SpfRecord {
  std::vector<SpfTerm> terms;
  std::optional<std::string> redirect;
};

// Whether a TXT record is an SPF record at all.
bool is_spf_record(std::string_view text);

// kInvalidArgument names the term that is wrong: one is enough to make the record unusable.
Result<SpfRecord> parse_spf_record(std::string_view text);

// Who is judged, and what macros are made of.
struct SpfIdentity {
  net::IpAddress address;  // that connects
  std::string sender;      // of MAIL FROM
  std::string helo;
};

// Section 7. `domain` is that of the record in hand; the outcome is at most 253 bytes.
Result<std::string> expand_spf_macros(std::string_view text, const SpfIdentity& identity,
                                      std::string_view domain);

// What stands behind the @ of an address.
std::string_view domain_of_sender(std::string_view sender);

}  // namespace verihook::verification
