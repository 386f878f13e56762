#include "cli/command_options.h"

#include <CLI/CLI.hpp>

namespace verihook::cli {
namespace {

constexpr std::int64_t kDaysMax = 36'500;

}  // namespace

void add_source_settings(CLI::App& command, SourcesOptions& options) {
  command.add_option("--kind", options.kind, "How requests are checked: hmac, stripe, …");
  command.add_option("--secret", options.secrets, "A secret; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--header", options.header, "Where the signature stands");
  command.add_option("--prefix", options.prefix, "What stands before it, like sha256=");
  command.add_option("--encoding", options.encoding, "hex or base64");
  command.add_option("--allow", options.ip_allowlist, "A range of addresses; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("CIDR");
  command.add_option("--mode", options.mode, "enforce or shadow");
  command.add_option("--dedup-key", options.dedup_key, "The member that names an event");
  command.add_option("--tolerance", options.timestamp_tolerance_s,
                     "Seconds by which a time may be off");
  command.add_option("--body-bytes-max", options.body_bytes_max, "Longest body");
}

void add_contacts_verify_options(CLI::App& command, ContactsVerifyOptions& options) {
  command
      .add_option("--destination", options.destination,
                  "A contacts destination, by name or id (default: the embedded table)")
      ->type_name("NAME");
  auto* all = command.add_flag("--all", options.all, "Every contact");
  command.add_flag("--never", options.never, "Those that were never verified")->excludes(all);
  command
      .add_option("--older-than-days", options.older_than_days,
                  "Those that were verified longer ago than that")
      ->check(CLI::Range(std::int64_t{0}, kDaysMax))
      ->type_name("DAYS")
      ->excludes(all);
  command.add_option("--name", options.name, "A name for the job")->type_name("NAME");
  command.add_flag("--no-smtp", options.no_smtp, "Do not ask the mail servers");
  command
      .add_option("--idempotency-key", options.idempotency_key,
                  "Asking twice with one key makes one job")
      ->type_name("KEY");
  command.footer(
      "The results go back to the same table when the job ends. With --never and "
      "--older-than-days\n"
      "it is what was due; run it on a schedule to keep a table clean.\n"
      "Server: --server URL (or VERIHOOK_URL) and --api-key KEY (or VERIHOOK_API_KEY).");
  command.callback([&options] {
    if (!options.all && !options.never && !options.older_than_days) {
      throw CLI::RequiredError("--all, --never or --older-than-days");
    }
  });
}

}  // namespace verihook::cli
