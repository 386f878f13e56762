#include "verification/audit_facts.h"

#include <algorithm>

#include "base/text.h"
#include "dns/mail_exchangers.h"
#include "dns/reverse_name.h"
#include "smtp/client.h"
#include "verification/spf.h"

namespace verihook::verification {
namespace {

constexpr std::size_t kNamesConfirmedMax = 5;

// Only to learn which address of ours the system would take: nothing is sent there.
net::IpAddress somewhere_public(Family family) {
  constexpr std::string_view kV4 = "198.41.0.4";
  constexpr std::string_view kV6 = "2001:503:ba3e::2:30";
  return net::IpAddress::parse(family == Family::kIpv4 ? kV4 : kV6).value();
}

// A domain whose mail host is to greet us.
struct Candidate {
  std::string domain;
  std::string host;
  std::vector<net::IpAddress> addresses;
  std::optional<Error> failure;
};

class Gatherer {
 public:
  Gatherer(AuditOptions options, AuditSurroundings surroundings)
      : options_(std::move(options)), with_(std::move(surroundings)) {}

  Task<AuditFacts> gather();

 private:
  Task<ResolverFacts> ask_resolver();
  Task<Candidate> find_candidate(std::string domain);
  std::vector<SourceFacts> identities(const EgressSource& source) const;
  std::optional<net::IpAddress> local_address(Family family) const;
  Task<void> look_up(SourceFacts& facts, std::string mail_from);
  Task<void> look_up_names(SourceFacts& facts);
  Task<void> ask_block_lists(SourceFacts& facts);
  Task<void> probe(SourceFacts& facts, const EgressSource& source);
  Task<PortProbe> probe_one(const Candidate& candidate, net::IpAddress address,
                            const EgressSource& source);
  std::string random_label();
  Deadline soon() const { return Deadline::after(with_.clock, options_.dns_timeout_ms); }

  const AuditOptions options_;
  const AuditSurroundings with_;
  std::vector<Candidate> candidates_;
};

std::string Gatherer::random_label() {
  constexpr std::size_t kLetters = 20;
  std::string label;
  while (label.size() < kLetters) label += static_cast<char>('a' + with_.random.below(26));
  return label;
}

Task<ResolverFacts> Gatherer::ask_resolver() {
  ResolverFacts facts;
  facts.failure = Error{Errc::kDns, "no domain was given to ask about"};
  for (const std::string& domain : options_.probe_domains) {
    facts.domain = domain;
    const MonotonicTime asked = with_.clock.monotonic_now();
    const auto answer = co_await with_.resolver.mx(domain, soon());
    facts.latency = std::chrono::duration_cast<Milliseconds>(with_.clock.monotonic_now() - asked);
    facts.failure = answer ? std::nullopt : std::optional(answer.error());
    facts.domain_exists = answer && answer->status == dns::NameStatus::kExists;
    if (answer) break;
  }
  if (facts.failure) co_return facts;
  // Resolvers that rewrite do so in real top-level domains, so the name is under one.
  facts.random_name = random_label() + "." + facts.domain.substr(facts.domain.rfind('.') + 1);
  const auto answer = co_await with_.resolver.addresses(facts.random_name, soon());
  if (!answer) facts.random_failure = answer.error();
  facts.random_exists = answer && !answer->records.empty();
  co_return facts;
}

Task<Candidate> Gatherer::find_candidate(std::string domain) {
  Candidate candidate;
  candidate.domain = domain;
  const auto found = co_await dns::find_mail_exchangers(with_.resolver, domain, soon());
  if (found.hosts.empty()) {
    candidate.failure = found.route == dns::MailRoute::kDnsError
                            ? found.error
                            : Error{Errc::kUnreachable, "it has no mail host"};
    co_return candidate;
  }
  const std::string& host = found.hosts.front().host;
  const auto addresses = co_await with_.resolver.addresses(host, soon());
  if (!addresses) {
    candidate.failure = addresses.error();
  } else if (addresses->records.empty()) {
    candidate.failure = Error{Errc::kUnreachable, "its mail host has no address"};
  } else {
    candidate.host = host;
    candidate.addresses = addresses->records;
  }
  co_return candidate;
}

std::optional<net::IpAddress> Gatherer::local_address(Family family) const {
  net::IpAddress target = somewhere_public(family);
  for (const Candidate& candidate : candidates_) {
    const auto found =
        std::ranges::find(candidate.addresses, family, [](const auto& a) { return family_of(a); });
    if (found == candidate.addresses.end()) continue;
    target = *found;
    break;
  }
  const auto here = with_.local_address(target);
  return here ? std::optional(*here) : std::nullopt;
}

// One for each address that mail servers may see: the system's choice may have one of each family.
std::vector<SourceFacts> Gatherer::identities(const EgressSource& source) const {
  SourceFacts facts;
  facts.source = source.name;
  facts.proxied = source.proxy.has_value();
  facts.helo = source.helo;
  facts.sender_domain = to_lower(domain_of_sender(source.mail_from));
  facts.address = source.public_address;
  if (!facts.address && !source.proxy) facts.address = source.address;
  std::vector<SourceFacts> made;
  if (facts.address || source.proxy) {
    made.push_back(facts);
  } else {
    facts.address = local_address(Family::kIpv4);
    if (facts.address) made.push_back(facts);
    facts.address = local_address(Family::kIpv6);
    // A host with private or link-local IPv6 alone has none as far as mail servers are concerned.
    if (facts.address && (made.empty() || with_.filter.allows(*facts.address))) {
      made.push_back(facts);
    }
    if (made.empty()) made.push_back(facts);
  }
  for (SourceFacts& one : made) one.visible = one.address && with_.filter.allows(*one.address);
  return made;
}

Task<void> Gatherer::look_up_names(SourceFacts& facts) {
  const auto answer = co_await with_.resolver.names(*facts.address, soon());
  if (!answer) {
    facts.names_failure = answer.error();
    co_return;
  }
  for (const std::string& name : answer->records) {
    if (facts.names.size() == kNamesConfirmedMax) break;
    const auto back = co_await with_.resolver.addresses(name, soon());
    const bool confirmed = back && std::ranges::count(back->records, *facts.address) > 0;
    facts.names.push_back({name, confirmed});
  }
}

Task<void> Gatherer::ask_block_lists(SourceFacts& facts) {
  for (const std::string& zone : options_.block_lists) {
    const std::string name = dns::reversed_labels(*facts.address) + "." + zone;
    const auto answer = co_await with_.resolver.addresses(name, soon());
    BlockListAnswer& noted = facts.block_lists.emplace_back();
    noted.zone = zone;
    if (answer) {
      noted.codes = answer->records;
    } else {
      noted.failure = answer.error();
    }
  }
}

Task<void> Gatherer::look_up(SourceFacts& facts, std::string mail_from) {
  const auto helo = co_await with_.resolver.addresses(to_lower(facts.helo), soon());
  if (helo) {
    facts.helo_addresses = helo->records;
  } else {
    facts.helo_failure = helo.error();
  }
  const auto route =
      co_await dns::find_mail_exchangers(with_.resolver, facts.sender_domain, soon());
  facts.sender_route = route.route;
  if (!facts.visible) co_return;
  co_await look_up_names(facts);
  SpfIdentity identity{*facts.address, std::move(mail_from), facts.helo};
  const SpfAnswer spf = co_await check_spf(with_.resolver, std::move(identity), soon());
  facts.spf = spf.result;
  facts.spf_why = spf.why;
  co_await ask_block_lists(facts);
}

Task<PortProbe> Gatherer::probe_one(const Candidate& candidate, net::IpAddress address,
                                    const EgressSource& source) {
  auto options = std::make_shared<smtp::ConversationOptions>();
  options->session.helo = source.helo;
  options->session.mail_from = source.mail_from;
  options->session.tls = smtp::TlsPolicy::kNever;
  options->connect = source.connect_options();
  options->connect_timeout = options_.connect_timeout_ms;
  options->banner_timeout = options_.greeting_timeout_ms;
  options->command_timeout = options_.greeting_timeout_ms;
  smtp::Conversation conversation(with_.network, with_.clock, std::move(options),
                                  {{address, options_.port}, candidate.host});
  PortProbe probe{candidate.domain, candidate.host, {}};
  if (!co_await conversation.connect(Deadline::never())) probe.refusal = *conversation.refusal();
  co_await conversation.quit();
  co_return probe;
}

Task<void> Gatherer::probe(SourceFacts& facts, const EgressSource& source) {
  for (const Candidate& candidate : candidates_) {
    if (candidate.failure) {
      smtp::Outcome outcome;
      outcome.kind = smtp::OutcomeKind::kFailed;
      outcome.stage = smtp::Stage::kConnect;
      outcome.error = candidate.failure;
      facts.probes.push_back({candidate.domain, candidate.host, outcome});
      continue;
    }
    const auto fits = [&](const net::IpAddress& address) {
      return facts.address ? address.v6 == facts.address->v6 : source.serves(family_of(address));
    };
    const auto address = std::ranges::find_if(candidate.addresses, fits);
    if (address == candidate.addresses.end()) continue;
    facts.probes.push_back(co_await probe_one(candidate, *address, source));
    if (!facts.probes.back().refusal) co_return;
  }
}

Task<AuditFacts> Gatherer::gather() {
  AuditFacts facts;
  facts.resolver = co_await ask_resolver();
  for (const std::string& domain : options_.probe_domains) {
    candidates_.push_back(co_await find_candidate(domain));
  }
  for (const EgressSource& source : options_.sources) {
    for (SourceFacts& identity : identities(source)) {
      co_await look_up(identity, source.mail_from);
      co_await probe(identity, source);
      facts.sources.push_back(std::move(identity));
    }
  }
  co_return facts;
}

}  // namespace

Task<AuditFacts> gather_audit_facts(AuditOptions options, AuditSurroundings surroundings) {
  Gatherer gatherer(std::move(options), std::move(surroundings));
  co_return co_await gatherer.gather();
}

}  // namespace verihook::verification
