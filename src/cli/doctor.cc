// `verihook doctor`: can this host verify? Looks from this process, without a server.
#include "app/address_rules.h"
#include "app/audit.h"
#include "cli/audit_view.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "crypto/system_random.h"
#include "dns/cares_resolver.h"
#include "net/local_address.h"
#include "net/real_network.h"

namespace verihook::cli {
namespace {

Task<Result<verification::AuditReport>> look(const app::Config& config,
                                             verification::AuditSurroundings surroundings,
                                             std::vector<std::string> block_lists) {
  co_return co_await app::audit(config, std::move(surroundings), nullptr, std::move(block_lists));
}

Result<verification::AuditReport> examine(const DoctorOptions& options) {
  TRY(config, app::load_config(options.config, app::process_environment));
  // What is found goes to standard output; the log has nothing to add.
  set_log_level(LogLevel::kOff);
  TRY(roots, net::TrustStore::load(config.network.extra_ca_file));
  ClientSession session;
  crypto::SystemRandom random;
  TRY(filter, app::address_filter_here(config));
  dns::CaresOptions dns_options;
  dns_options.servers = config.dns.servers;
  TRY(resolver, dns::CaresResolver::create(session.executor(), session.timers(), dns_options));
  net::RealNetwork network(session.executor(), session.timers(), filter, roots);
  std::vector<std::string> block_lists;
  if (options.dnsbl && config.smtp.block_lists.empty()) block_lists = app::well_known_block_lists();
  return session.run(look(
      config, {*resolver, network, filter, session.clock(), random, net::local_address_towards},
      std::move(block_lists)));
}

}  // namespace

int run(const DoctorOptions& options) {
  const auto report = examine(options);
  if (!report) return complain(report.error());
  write(Channel::kOut, options.json ? audit_json(*report) + "\n"
                                    : audit_text(terminal_of(Channel::kOut), *report));
  return report->can_verify() ? kDone : kFailed;
}

}  // namespace verihook::cli
