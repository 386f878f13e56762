#include "app/audit.h"

#include <algorithm>

#include "app/egress.h"
#include "app/host_facts.h"
#include "async/run_on.h"
#include "base/log.h"

namespace verihook::app {
namespace {

// Beside connections: the store's files, the log, pipes, the resolver's sockets.
constexpr std::uint64_t kOtherDescriptors = 256;

HostQuestions host_questions(const Config& config) {
  HostQuestions questions;
  if (config.store.url.starts_with("sqlite:")) questions.store_file = config.store.sqlite_path();
  questions.master_key_file = config.secrets.master_key_file;
  questions.descriptors_wanted = config.smtp.connections_max +
                                 config.server.limits.connections_max +
                                 config.delivery.in_flight_max + kOtherDescriptors;
  return questions;
}

std::string joined(const verification::AuditReport& report, verification::CheckStatus status) {
  std::string text;
  for (const auto& check : report.checks) {
    if (check.status != status) continue;
    if (!text.empty()) text += "; ";
    text += check.name;
    if (!check.source.empty()) text += " of " + check.source;
    text += ": " + check.seen;
  }
  return text;
}

}  // namespace

std::vector<std::string> well_known_block_lists() {
  return {"zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"};
}

Task<verification::AuditReport> audit(const Config& config,
                                      verification::AuditSurroundings surroundings,
                                      asio::thread_pool* pool,
                                      std::vector<std::string> block_lists) {
  const Clock& clock = surroundings.clock;
  Random& random = surroundings.random;
  const auto wall = clock.wall_now();
  const auto monotonic = clock.monotonic_now();
  auto host = co_await run_on(pool, [questions = host_questions(config), &clock, &random] {
    return gather_host_facts(questions, clock, random);
  });
  verification::AuditOptions options;
  options.sources = egress_sources_of(config);
  options.port = config.smtp.port;
  for (const DnsName& name : config.smtp.audit_hosts) options.probe_domains.push_back(name.value);
  options.block_lists = std::move(block_lists);
  for (const DnsName& zone : config.smtp.block_lists) {
    if (std::ranges::find(options.block_lists, zone.value) == options.block_lists.end()) {
      options.block_lists.push_back(zone.value);
    }
  }
  auto facts =
      co_await verification::gather_audit_facts(std::move(options), std::move(surroundings));
  const auto passed = std::chrono::duration_cast<Milliseconds>(clock.monotonic_now() - monotonic);
  host.clock_jump = std::chrono::abs(clock.wall_now() - wall - passed);
  facts.host = std::move(host);
  co_return verification::judge_audit(facts);
}

void log_audit(const verification::AuditReport& report) {
  using verification::CheckStatus;
  const std::string failed = joined(report, CheckStatus::kFail);
  const std::string better = joined(report, CheckStatus::kWarn);
  if (!report.can_verify()) {
    log_warning("this host cannot verify addresses; `verihook doctor` says what to do",
                {{"failed", failed}});
  } else if (!failed.empty()) {
    log_warning("this host cannot verify from everywhere; `verihook doctor` says what to do",
                {{"failed", failed}});
  }
  if (!better.empty()) {
    log_info("the self-audit found what could be better", {{"found", better}});
  } else if (failed.empty()) {
    log_info("the self-audit found that this host can verify");
  }
}

}  // namespace verihook::app
