// The self-audit: can this host verify addresses, and what stands in its way? Facts are gathered
// elsewhere (audit_facts.h asks the DNS and mail servers, app/host_facts.h looks at this machine);
// here they are judged, each by a rule of its own. Pure; any thread.
//
// Mail servers answer questions only to hosts that look like mail servers: a public address with a
// name that leads back to it, a greeting and a sender that agree with it, and on no block list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/mail_exchangers.h"
#include "dns/resolver.h"
#include "net/network.h"
#include "smtp/outcome.h"
#include "verification/spf_record.h"

namespace verihook::verification {

enum class CheckStatus {
  kOk,    // as it should be
  kWarn,  // verification works, worse than it could
  kFail,  // it does not, or is refused by many
};
std::string_view to_string(CheckStatus status);

struct AuditCheck {
  std::string name;    // what was looked at, like "port 25"
  std::string source;  // the egress source and address that it is about; empty: this host
  CheckStatus status = CheckStatus::kOk;
  std::string seen;    // one phrase
  std::string advice;  // one sentence; empty when all is well
};

struct AuditReport {
  std::vector<AuditCheck> checks;
  bool host_can_verify = true;       // no failure that concerns every source
  std::size_t sources = 0;           // addresses of ours that were looked at
  std::size_t sources_that_can = 0;  // of those, without a failure

  bool can_verify() const { return host_can_verify && sources_that_can > 0; }
};

struct ResolverFacts {
  std::string domain;            // that was asked about
  std::optional<Error> failure;  // of that question
  bool domain_exists = false;    // what it was answered
  Milliseconds latency{0};       // of that answer
  std::string random_name;       // that cannot exist
  std::optional<Error> random_failure;
  bool random_exists = false;  // the resolver invents answers
};

// A try to be greeted by somebody's mail host. No outcome: it greeted us, and EHLO went well.
struct PortProbe {
  std::string domain;
  std::string host;  // empty: the domain has none that could be looked up
  std::optional<smtp::Outcome> refusal;
};

struct BlockListAnswer {
  std::string zone;
  std::vector<net::IpAddress> codes;  // empty: not listed
  std::optional<Error> failure;
};

// One of our addresses, with the names under which we show ourselves there.
struct SourceFacts {
  std::string source;  // name of the EgressSource
  bool proxied = false;
  std::string helo;
  std::string sender_domain;
  std::optional<net::IpAddress> address;  // as mail servers see it, as far as we know
  bool visible = false;  // it can be what they see: public, or allowed by the operator
  struct Name {
    std::string name;
    bool confirmed = false;  // it leads back to the address
  };
  std::optional<Error> names_failure;
  std::vector<Name> names;  // PTR records
  std::optional<Error> helo_failure;
  std::vector<net::IpAddress> helo_addresses;
  dns::MailRoute sender_route = dns::MailRoute::kDnsError;
  SpfResult spf = SpfResult::kNone;
  std::string spf_why;
  std::vector<BlockListAnswer> block_lists;
  std::vector<PortProbe> probes;  // in the order of the tries; the last one decides
};

// What the machine is like.
struct HostFacts {
  WallTime wall{};
  Milliseconds clock_jump{0};  // between the two clocks, during the audit
  std::string store_folder;    // empty: the store is elsewhere
  std::optional<Error> store_failure;
  std::uint64_t free_bytes = 0;
  Milliseconds flush_time{0};  // of a small write to stable storage
  std::string master_key_file;
  std::optional<Error> master_key_failure;  // kNotFound: it is made at the first start
  std::uint64_t descriptors_max = 0;
  std::uint64_t descriptors_wanted = 0;  // by the limits of the configuration
};

struct AuditFacts {
  ResolverFacts resolver;
  std::vector<SourceFacts> sources;
  std::optional<HostFacts> host;  // nothing: not looked at
};

AuditReport judge_audit(const AuditFacts& facts);

}  // namespace verihook::verification
