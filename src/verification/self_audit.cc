#include "verification/self_audit.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::verification {
namespace {

constexpr Milliseconds kSlowResolver{1'000};
constexpr Milliseconds kSlowDisk{50};
constexpr Milliseconds kClockJumpMax{1'000};
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kFreeBytesMin = 100 * kMebibyte;
constexpr std::uint64_t kFreeBytesComfortable = 1'024 * kMebibyte;
// No honest clock shows a time before this program was written.
constexpr WallTime kEarliest{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}};

struct Finding {
  CheckStatus status = CheckStatus::kOk;
  std::string seen;
  std::string advice{};
};

Finding ok(std::string seen) { return {CheckStatus::kOk, std::move(seen)}; }
Finding warn(std::string seen, std::string advice) {
  return {CheckStatus::kWarn, std::move(seen), std::move(advice)};
}
Finding bad(std::string seen, std::string advice) {
  return {CheckStatus::kFail, std::move(seen), std::move(advice)};
}

// Of this host.

std::optional<Finding> check_resolver(const AuditFacts& facts) {
  const ResolverFacts& resolver = facts.resolver;
  if (resolver.failure) {
    return bad(resolver.failure->message,
               "Give name servers that answer in dns.servers; without one every verdict is "
               "dns_error.");
  }
  if (resolver.random_exists) {
    return bad(fmt::format("answers for {}, which does not exist", resolver.random_name),
               "This resolver invents answers, so domains that do not exist look alive; give an "
               "honest one in dns.servers.");
  }
  if (resolver.random_failure) {
    return warn(
        fmt::format("fails on a name that does not exist: {}", resolver.random_failure->message),
        "Domains that do not exist will be unknown instead of invalid; give another "
        "resolver in dns.servers.");
  }
  if (!resolver.domain_exists) {
    return warn(fmt::format("says that {} does not exist", resolver.domain),
                "Name domains that this resolver knows in smtp.audit_hosts.");
  }
  const auto ms = resolver.latency.count();
  if (resolver.latency > kSlowResolver) {
    return warn(fmt::format("answers in {} ms", ms),
                "A resolver on this host or network makes lists faster.");
  }
  return ok(fmt::format("answers in {} ms, and honestly that a name does not exist", ms));
}

std::optional<Finding> check_clock(const AuditFacts& facts) {
  if (!facts.host) return std::nullopt;
  const std::string now = to_iso8601(facts.host->wall);
  if (facts.host->wall < kEarliest) {
    return bad(now, "Set the clock, best by NTP: receivers refuse webhooks whose time is off.");
  }
  if (facts.host->clock_jump > kClockJumpMax) {
    return warn(fmt::format("jumped by {} ms within seconds", facts.host->clock_jump.count()),
                "Let NTP slew the clock instead of setting it.");
  }
  return ok(now);
}

std::optional<Finding> check_store(const AuditFacts& facts) {
  if (!facts.host || facts.host->store_folder.empty()) return std::nullopt;
  const HostFacts& host = *facts.host;
  if (host.store_failure) {
    return bad(host.store_failure->message,
               "Make the folder of store.url writable for the user that runs verihook.");
  }
  const std::string seen = fmt::format("{} MiB free, a write is safe after {} ms",
                                       host.free_bytes / kMebibyte, host.flush_time.count());
  if (host.free_bytes < kFreeBytesMin) {
    return bad(seen, "Make room: on a full disk nothing is accepted.");
  }
  if (host.free_bytes < kFreeBytesComfortable) return warn(seen, "Make room before it is full.");
  if (host.flush_time > kSlowDisk) {
    return warn(seen, "Put the store on a faster disk: every acknowledgement waits for it.");
  }
  return ok(seen);
}

std::optional<Finding> check_master_key(const AuditFacts& facts) {
  if (!facts.host || facts.host->master_key_file.empty()) return std::nullopt;
  const auto& failure = facts.host->master_key_failure;
  if (!failure) return ok("readable by its owner alone");
  if (failure->code == Errc::kNotFound) return ok("none yet; made at the first start");
  return bad(failure->message, "The server does not start like this; see secrets.master_key_file.");
}

std::optional<Finding> check_descriptors(const AuditFacts& facts) {
  if (!facts.host) return std::nullopt;
  const auto [max, wanted] = std::pair(facts.host->descriptors_max, facts.host->descriptors_wanted);
  const std::string seen = fmt::format("{} files may be open, {} may be wanted", max, wanted);
  if (max >= wanted) return ok(seen);
  return warn(seen, fmt::format("Raise the limit (LimitNOFILE={} in the unit, or ulimit -n), or "
                                "lower smtp.connections_max and server.connections_max.",
                                wanted));
}

// Of one source.

std::optional<Finding> check_address(const SourceFacts& source) {
  if (!source.address) {
    if (source.proxied) {
      return warn("the proxy's outward address is not known",
                  "Add public=ADDRESS to this entry of smtp.sources, so that its name and its "
                  "listings can be checked.");
    }
    return bad("this host has no route to the internet", "Connect it.");
  }
  const std::string seen = source.address->to_string();
  if (source.visible) return ok(seen);
  return warn(seen + ", which others cannot see (NAT)",
              "Give the address that others see: smtp.sources = [\"default public=ADDRESS\"].");
}

std::string refusal_text(const PortProbe& probe) {
  const smtp::Outcome& refusal = *probe.refusal;
  if (refusal.reply) {
    return fmt::format("{} said {} {}", probe.host, refusal.reply->code, refusal.reply->text());
  }
  const std::string what = refusal.error ? refusal.error->message : "the connection ended";
  return fmt::format("{}: {}", probe.host.empty() ? probe.domain : probe.host, what);
}

std::optional<Finding> check_port(const SourceFacts& source) {
  if (source.probes.empty()) {
    return bad("no mail host to try has an address of this family",
               "Name domains with mail hosts in smtp.audit_hosts.");
  }
  std::vector<std::string> refusals;
  bool tried = false;
  bool answered = false;
  bool proxy_failed = false;
  for (const PortProbe& probe : source.probes) {
    if (!probe.refusal) {
      const std::string before =
          refusals.empty() ? "" : fmt::format(" ({})", fmt::join(refusals, "; "));
      const std::string seen = fmt::format("greeted by {}{}", probe.host, before);
      if (refusals.empty()) return ok(seen);
      return warn(seen, "Some providers do not greet this address; see what they say.");
    }
    tried = tried || !probe.host.empty();
    answered = answered || probe.refusal->reply.has_value();
    const auto& error = probe.refusal->error;
    proxy_failed = proxy_failed || (error && net::is_proxy_failure(error->code));
    refusals.push_back(refusal_text(probe));
  }
  const std::string seen = fmt::format("{}", fmt::join(refusals, "; "));
  if (!tried) {
    return bad(seen,
               "No mail host could be looked up: mend the resolver (dns.servers), or name "
               "domains that it knows in smtp.audit_hosts.");
  }
  if (answered) {
    return bad(seen,
               "Port 25 is open, but this address is refused: mend its name and its "
               "reputation, or use another one.");
  }
  if (proxy_failed) {
    return bad(seen, "Mend the proxy of this entry of smtp.sources, or its user and password.");
  }
  return bad(seen,
             "Ask the provider of this host or network to open port 25 outwards, or send "
             "through a SOCKS5 proxy where it is open (smtp.sources).");
}

std::optional<Finding> check_reverse_name(const SourceFacts& source) {
  if (!source.visible) return std::nullopt;
  if (source.names_failure) {
    return warn(source.names_failure->message, "The PTR record could not be looked up; try again.");
  }
  if (source.names.empty()) {
    return bad("the address has no PTR record",
               fmt::format("Have the provider of the address set it to {}; large mail providers "
                           "refuse addresses without a name.",
                           source.helo));
  }
  const auto confirmed = std::ranges::find(source.names, true, &SourceFacts::Name::confirmed);
  if (confirmed == source.names.end()) {
    return bad(
        fmt::format("{}, which does not lead back to the address", source.names[0].name),
        fmt::format("Add an A or AAAA record for {} with this address.", source.names[0].name));
  }
  return ok(confirmed->name + ", and back");
}

std::optional<Finding> check_helo(const SourceFacts& source) {
  const std::string advice =
      "Set smtp.helo (or helo= of the source) to the name in the address's PTR record.";
  if (!dns::is_usable_mail_host(to_lower(source.helo))) {
    return bad(fmt::format("{} is not a full host name", source.helo), advice);
  }
  if (source.helo_failure) {
    return warn(source.helo_failure->message, "The name could not be looked up; try again.");
  }
  if (source.helo_addresses.empty()) return warn(source.helo + " has no address", advice);
  if (!source.visible) return ok(source.helo);
  const auto same_family = [&](const net::IpAddress& one) { return one.v6 == source.address->v6; };
  if (std::ranges::count(source.helo_addresses, *source.address) == 0) {
    const auto other = std::ranges::find_if(source.helo_addresses, same_family);
    const auto& shown = other == source.helo_addresses.end() ? source.helo_addresses[0] : *other;
    return warn(fmt::format("{} is {}, not this address", source.helo, shown.to_string()), advice);
  }
  const bool is_reverse_name = std::ranges::any_of(
      source.names, [&](const auto& name) { return equals_ignoring_case(name.name, source.helo); });
  if (is_reverse_name || source.names.empty()) return ok(source.helo);
  return warn(
      fmt::format("{} leads here, but the PTR record says {}", source.helo, source.names[0].name),
      advice);
}

std::optional<Finding> check_sender(const SourceFacts& source) {
  using dns::MailRoute;
  const std::string& domain = source.sender_domain;
  const std::string advice =
      "Set smtp.mail_from to an address of a domain that takes mail: servers refuse senders that "
      "cannot be answered.";
  switch (source.sender_route) {
    case MailRoute::kHosts:
      return ok(domain + " takes mail");
    case MailRoute::kImplicit:
      return warn(domain + " has an address but no MX record", "Give the domain an MX record.");
    case MailRoute::kNullMx:
      return bad(domain + " says that it takes no mail (null MX)", advice);
    case MailRoute::kNoMail:
      return bad(domain + " has neither an MX record nor an address", advice);
    case MailRoute::kNoDomain:
      return bad(domain + " does not exist", advice);
    case MailRoute::kDnsError:
      break;
  }
  return warn(domain + " could not be looked up", "Try again.");
}

std::optional<Finding> check_spf_record(const SourceFacts& source) {
  if (!source.visible) return std::nullopt;
  const std::string seen = fmt::format("{}: {}", to_string(source.spf), source.spf_why);
  const std::string advice =
      fmt::format("Add {}:{} to the SPF record of {}.", source.address->v6 ? "ip6" : "ip4",
                  source.address->to_string(), source.sender_domain);
  switch (source.spf) {
    case SpfResult::kPass:
      return ok(seen);
    case SpfResult::kFail:
      return bad(seen, advice);
    case SpfResult::kSoftFail:
    case SpfResult::kNeutral:
      return warn(seen, advice);
    case SpfResult::kNone:
      return warn(
          seen, fmt::format("Publish a TXT record for {}: v=spf1 {}:{} -all", source.sender_domain,
                            source.address->v6 ? "ip6" : "ip4", source.address->to_string()));
    case SpfResult::kTempError:
      return warn(seen, "The record could not be looked up; try again.");
    case SpfResult::kPermError:
      break;
  }
  return warn(seen, "Mend the record: many servers treat a broken one as a refusal.");
}

// Answers outside of 127.0.0.0/8 are somebody's parking page; 127.255.255.x is how lists say that
// they do not answer this resolver.
bool is_listing(const net::IpAddress& code) {
  return !code.v6 && code.bytes[0] == 127 && !(code.bytes[1] == 255 && code.bytes[2] == 255);
}

std::optional<Finding> check_block_lists(const SourceFacts& source) {
  if (source.block_lists.empty()) return std::nullopt;
  std::vector<std::string> listed;
  std::vector<std::string> silent;
  for (const BlockListAnswer& answer : source.block_lists) {
    const auto code = std::ranges::find_if(answer.codes, is_listing);
    if (code != answer.codes.end()) {
      listed.push_back(fmt::format("{} ({})", answer.zone, code->to_string()));
    } else if (answer.failure || !answer.codes.empty()) {
      silent.push_back(answer.zone);
    }
  }
  if (!listed.empty()) {
    return bad(fmt::format("listed by {}", fmt::join(listed, ", ")),
               "Ask the list to take the address off once the cause is gone; until then servers "
               "that use it refuse us.");
  }
  if (!silent.empty()) {
    return warn(fmt::format("no answer from {}", fmt::join(silent, ", ")),
                "Large public resolvers are refused by block lists; ask with one of your own.");
  }
  return ok(fmt::format("on none of {}", source.block_lists.size()));
}

struct HostRule {
  std::string_view name;
  std::optional<Finding> (*check)(const AuditFacts&);
};
constexpr HostRule kHostRules[] = {
    {"resolver", check_resolver},
    {"clock", check_clock},
    {"store", check_store},
    {"master key", check_master_key},
    {"open files", check_descriptors},
};

struct SourceRule {
  std::string_view name;
  std::optional<Finding> (*check)(const SourceFacts&);
};
constexpr SourceRule kSourceRules[] = {
    {"address", check_address},         {"port 25", check_port},
    {"PTR", check_reverse_name},        {"HELO", check_helo},
    {"sender", check_sender},           {"SPF", check_spf_record},
    {"block lists", check_block_lists},
};

std::string label_of(const SourceFacts& source) {
  const std::string address = source.address ? source.address->to_string() : "";
  if (address.empty() || address == source.source) return source.source;
  return fmt::format("{} ({})", source.source, address);
}

AuditCheck made(std::string_view name, std::string source, Finding finding) {
  return {std::string(name), std::move(source), finding.status, std::move(finding.seen),
          std::move(finding.advice)};
}

}  // namespace

std::string_view to_string(CheckStatus status) {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "warn", "fail"};
  return kNames[static_cast<std::size_t>(status)];
}

AuditReport judge_audit(const AuditFacts& facts) {
  AuditReport report;
  for (const HostRule& rule : kHostRules) {
    auto finding = rule.check(facts);
    if (!finding) continue;
    report.host_can_verify = report.host_can_verify && finding->status != CheckStatus::kFail;
    report.checks.push_back(made(rule.name, "", std::move(*finding)));
  }
  for (const SourceFacts& source : facts.sources) {
    bool can = true;
    for (const SourceRule& rule : kSourceRules) {
      auto finding = rule.check(source);
      if (!finding) continue;
      can = can && finding->status != CheckStatus::kFail;
      report.checks.push_back(made(rule.name, label_of(source), std::move(*finding)));
    }
    ++report.sources;
    report.sources_that_can += can ? 1 : 0;
  }
  return report;
}

}  // namespace verihook::verification
