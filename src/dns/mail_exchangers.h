// MailExchangers: where the mail of a domain goes, by RFC 5321 section 5.1 and RFC 7505. The hosts
// are names only; whoever connects asks for their addresses and passes these through the address
// filter.
#pragma once

#include <string>
#include <vector>

#include "dns/resolver.h"

namespace verihook::dns {

enum class MailRoute {
  kHosts,     // MX records name the hosts
  kImplicit,  // no MX, but the domain itself has an address
  kNullMx,    // the domain says that it takes no mail
  kNoMail,    // neither MX nor address, or only MX names that lead nowhere
  kNoDomain,  // NXDOMAIN
  kDnsError,  // the resolver failed: nothing is known about the domain
};

struct MailExchangers {
  MailRoute route = MailRoute::kDnsError;
  std::vector<MxRecord> hosts;    // to try, in this order; at most kMailHostsMax
  std::vector<MxRecord> records;  // what the MX answer held, as evidence
  std::chrono::seconds ttl{0};    // how long this may be kept
  Error error;                    // of kDnsError
};

inline constexpr std::size_t kMailHostsMax = 8;

// Equal preferences are ordered by name, so that domains of one provider get the same list.
// `domain` in A-labels without the final dot.
Task<MailExchangers> find_mail_exchangers(Resolver& resolver, std::string domain,
                                          Deadline deadline);

// False for what cannot be the name of somebody's mail host: addresses written as names, localhost,
// single labels, bytes that no host name has.
bool is_usable_mail_host(std::string_view host);

}  // namespace verihook::dns
