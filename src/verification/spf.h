// Whether an address may send mail for a domain, by the domain's SPF record (RFC 7208), with its
// limits: ten terms that ask the DNS, two answers without a record, ten mail hosts of one "mx". It
// takes no decision about anybody else's mail here: the self-audit asks it about our own sender.
#pragma once

#include <string>

#include "base/deadline.h"
#include "dns/resolver.h"
#include "verification/spf_record.h"

namespace verihook::verification {

inline constexpr int kSpfLookupsMax = 10;
inline constexpr int kSpfVoidLookupsMax = 2;
inline constexpr std::size_t kSpfNamesMax = 10;  // mail hosts of one "mx", names of one "ptr"

struct SpfAnswer {
  SpfResult result = SpfResult::kNone;
  std::string why;  // the term that decided, or what is wrong; one phrase
};

// Judges the domain of `identity.sender`. The resolver outlives the task.
Task<SpfAnswer> check_spf(dns::Resolver& resolver, SpfIdentity identity, Deadline deadline);

}  // namespace verihook::verification
