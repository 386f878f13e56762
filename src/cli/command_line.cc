#include "cli/command_line.h"

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/wiring.h"
#include "cli/command_options.h"
#include "webhooks/payload.h"

namespace verihook::cli {
namespace {

constexpr const char* kServerFooter =
    "Server: --server URL (or VERIHOOK_URL) and --api-key KEY (or VERIHOOK_API_KEY).";
constexpr const char* kSigningSecret =
    "The secret shared with the receiver, or a private key (whsk_…)";
constexpr std::int64_t kTimeoutMsMax = 600'000;
constexpr std::int64_t kJobsListedMax = 100;

// One CLI11 application with the values that its options fill.
class Parser {
 public:
  Parser() : app_("Verifies e-mail addresses and sends and receives signed webhooks.", "verihook") {
    app_.set_version_flag("--version", fmt::format("verihook {}", app::kVersion),
                          "Print the version and end");
    app_.set_help_flag("-h,--help", "Print this help and end");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--server", connection_.url, "Server that client commands talk to")
        ->envname("VERIHOOK_URL")
        ->type_name("URL");
    app_.add_option("--api-key", connection_.api_key, "API key for that server")
        ->envname("VERIHOOK_API_KEY")
        ->type_name("KEY");
    app_.footer("Begin with: verihook demo\nHelp on a command: verihook COMMAND --help");
    add_server_commands();
    add_verify();
    add_bulk();
    add_jobs();
    add_resources();
    add_dead_letters();
    add_replays();
    add_sources();
    add_contacts();
    add_keys();
    add_erase();
    add_webhook_commands();
    add_lists();
  }

  std::variant<Invocation, Ending> parse(std::vector<std::string> arguments) {
    if (arguments.empty()) return Ending{kWrongUsage, "", app_.help()};
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return ending_of(error);
    }
    return chosen();
  }

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* meaning,
                    std::function<Invocation()> result) {
    CLI::App* made = parent.add_subcommand(name, meaning);
    results_.emplace_back(made, std::move(result));
    return made;
  }

  void add_server_commands() {
    auto* serve = command(app_, "serve", "Run the server", [this] { return serve_; });
    serve->add_option("--config", serve_.config, "TOML file; see `verihook config`")
        ->type_name("FILE");
    serve->footer("Every setting can also be given in the environment: VERIHOOK_SECTION_NAME.");

    auto* demo = command(app_, "demo", "Run the server with a sample job, and show what happens",
                         [this] { return demo_; });
    demo->add_option("--data", demo_.data, "Folder for its data")
        ->type_name("FOLDER")
        ->capture_default_str();
    demo->add_option("--listen", demo_.listen, "Address and port; the next free port when taken")
        ->type_name("ADDRESS:PORT")
        ->capture_default_str();
    demo->add_flag("--exit-after-job", demo_.exit_after_job,
                   "End when the sample job is done, instead of staying up");

    auto* doctor = command(app_, "doctor", "Say whether this host can verify, and what to mend",
                           [this] { return doctor_; });
    doctor->add_option("--config", doctor_.config, "TOML file; see `verihook config`")
        ->type_name("FILE");
    doctor->add_flag("--json", doctor_.json, "One JSON object");
    doctor->add_flag("--dnsbl", doctor_.dnsbl,
                     "Ask DNS block lists about our addresses (smtp.block_lists, or well-known "
                     "ones)");
    doctor->footer(
        "Looks at the resolver, the clock, the store, port 25 outwards, and at the names of the\n"
        "addresses that mail servers see. Needs no server and changes nothing.\n"
        "Exit code 0 when this host can verify, 1 when it cannot.");

    command(app_, "config", "Print every setting with its default and meaning",
            [] { return ConfigOptions{}; });
  }

  static void add_syntax(CLI::App& command, std::string& syntax) {
    command.add_option("--syntax", syntax, "What counts as an address")
        ->check(CLI::IsMember({"standard", "strict", "web_form"}))
        ->capture_default_str();
  }

  void add_verify() {
    auto* verify = command(app_, "verify", "Check addresses one by one, with the evidence", [this] {
      verify_.connection = connection_;
      return verify_;
    });
    verify->add_option("address", verify_.addresses, "Addresses to check")
        ->required()
        ->type_name("ADDRESS");
    verify->add_flag("--json", verify_.json, "One JSON object in a line for each address");
    verify->add_flag("--no-smtp", verify_.no_smtp, "Do not ask the mail servers");
    add_syntax(*verify, verify_.syntax);
    verify->add_flag("--trace", verify_.trace, "Show the DNS answers and the dialogue");
    verify->add_option("--timeout-ms", verify_.timeout_ms, "Time for each address")
        ->check(CLI::Range(std::int64_t{1}, kTimeoutMsMax))
        ->type_name("MS")
        ->capture_default_str();
    verify->add_option("--config", verify_.config, "TOML file for a check without a server")
        ->type_name("FILE");
    verify->footer(
        "Without a server the check is made from this host, with the settings of --config.\n"
        "Server: --server URL (or VERIHOOK_URL) and --api-key KEY (or VERIHOOK_API_KEY).\n"
        "Exit code 0 whatever the verdicts are; 1 when the checks could not be made.");
  }

  void add_bulk() {
    auto* bulk = command(app_, "bulk", "Have a list verified, watch it, get the results", [this] {
      bulk_.connection = connection_;
      return bulk_;
    });
    auto* file = bulk->add_option("file", bulk_.file,
                                  "The list: txt, csv, json or ndjson; `-` is standard input");
    file->type_name("FILE");
    auto* job =
        bulk->add_option("--job", bulk_.job_id, "Go on with a job that was submitted before");
    job->type_name("ID");
    static const std::map<std::string, DownloadFormat> kFormats = {
        {"json", DownloadFormat::kJson},
        {"ndjson", DownloadFormat::kNdjson},
        {"csv", DownloadFormat::kCsv}};
    bulk->add_flag("--wait", bulk_.wait, "Wait until it is done (default on a terminal)");
    bulk->add_option("--out", bulk_.out, "Write the results there; `-` is standard output")
        ->type_name("FILE");
    bulk->add_option("--format", bulk_.format,
                     "json, ndjson or csv (default: by the name of --out)")
        ->transform(CLI::CheckedTransformer(kFormats).description(""))
        ->type_name("FORMAT");
    bulk->add_flag("--no-smtp", bulk_.no_smtp, "Do not ask the mail servers");
    add_syntax(*bulk, bulk_.syntax);
    bulk->add_option("--name", bulk_.name, "A name for the job")->type_name("NAME");
    auto* url = bulk->add_option("--webhook-url", bulk_.webhook_url, "Tell this URL about the job");
    url->type_name("URL");
    bulk->add_option("--webhook-secret", bulk_.webhook_secret, "Secret to sign that with")
        ->type_name("SECRET");
    bulk->add_option("--idempotency-key", bulk_.idempotency_key,
                     "Submitting twice with one key makes one job")
        ->type_name("KEY");
    bulk->footer(kServerFooter);
    bulk->callback([this] {
      if (!bulk_.file.empty() && !bulk_.job_id.empty()) {
        throw CLI::ValidationError("give a FILE or --job ID, not both");
      }
      if (!bulk_.webhook_secret.empty() && bulk_.webhook_url.empty()) {
        throw CLI::ValidationError("--webhook-secret is of no use without --webhook-url");
      }
      if (bulk_.file.empty() && bulk_.job_id.empty())
        throw CLI::RequiredError("FILE (or --job ID)");
    });
  }

  void add_jobs() {
    auto* jobs = app_.add_subcommand("jobs", "List jobs, show one, pause, resume, cancel, retry");
    jobs->require_subcommand(1);
    jobs->footer(kServerFooter);
    auto* list = command(*jobs, "list", "The newest jobs", [this] {
      jobs_list_.connection = connection_;
      return jobs_list_;
    });
    list->add_option("--limit", jobs_list_.limit, "So many at most")
        ->check(CLI::Range(std::int64_t{1}, kJobsListedMax))
        ->type_name("NUMBER")
        ->capture_default_str();
    auto* show = command(*jobs, "show", "One job: state, progress, counts", [this] {
      jobs_show_.connection = connection_;
      return jobs_show_;
    });
    show->add_option("job_id", jobs_show_.job_id, "Its id, job_…")->required()->type_name("ID");
    show->add_flag("--json", jobs_show_.json, "One JSON object");
    constexpr std::pair<const char*, const char*> kActions[] = {
        {"start", "Begin a job that was submitted with start: false"},
        {"pause", "Ask about no further address for now"},
        {"resume", "Go on with a paused job"},
        {"cancel", "End a job with the results so far"},
        {"retry", "A new job of the rows that are unknown or were not reached"},
        {"delete", "Remove a job and its results"}};
    for (const auto& [name, meaning] : kActions) {
      auto* act = command(*jobs, name, meaning, [this, action = std::string(name)] {
        jobs_act_.connection = connection_;
        jobs_act_.action = action;
        return jobs_act_;
      });
      act->add_option("job_id", jobs_act_.job_ids, "Ids, job_…")->required()->type_name("ID");
    }
  }

  struct Action {
    const char* name;
    const char* meaning;
  };

  CLI::App* group(const char* name, const char* meaning) {
    auto* made = app_.add_subcommand(name, meaning);
    made->require_subcommand(1);
    made->footer(kServerFooter);
    return made;
  }

  // `resource` is the name in the API's routes.
  CLI::App* add_list(CLI::App& group, const char* resource) {
    auto* list = command(group, "list", "The newest first", [this, resource] {
      resource_list_.connection = connection_;
      resource_list_.resource = resource;
      resource_list_.selection = given(selection_);
      return resource_list_;
    });
    list->add_option("--limit", resource_list_.limit, "So many at most")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000}))
        ->type_name("NUMBER")
        ->capture_default_str();
    list->add_flag("--json", resource_list_.json, "One JSON object in a line");
    return list;
  }

  void add_acts(CLI::App& group, const char* resource, std::initializer_list<Action> actions) {
    auto* show = command(group, "show", "One of them, as JSON", [this, resource] {
      resource_show_.connection = connection_;
      resource_show_.resource = resource;
      return resource_show_;
    });
    show->add_option("id", resource_show_.id, "Its id")->required()->type_name("ID");
    for (const Action& action : actions) {
      auto* act = command(group, action.name, action.meaning,
                          [this, resource, name = std::string(action.name)] {
                            resource_act_.connection = connection_;
                            resource_act_.resource = resource;
                            resource_act_.action = name;
                            return resource_act_;
                          });
      act->add_option("id", resource_act_.ids, "Ids")->required()->type_name("ID");
    }
  }

  void add_selection(CLI::App& command) {
    constexpr std::pair<const char*, const char*> kNames[] = {
        {"type", "Events of this type"},
        {"job_id", "Events of this job"},
        {"source", "Received through it"},
        {"endpoint", "To this endpoint, by its id"},
        {"since", "Made then or later"},
        {"until", "Made before"},
        {"text", "With this text in the payload or the last error"}};
    for (const auto& [name, meaning] : kNames) {
      std::string option = std::string("--") + name;
      std::ranges::replace(option, '_', '-');
      command.add_option(option, selection_[name], meaning)->type_name("TEXT");
    }
  }

  static Selection given(const std::map<std::string, std::string>& all) {
    Selection selection;
    for (const auto& [name, value] : all) {
      if (!value.empty()) selection.emplace_back(name, value);
    }
    return selection;
  }

  void add_resources() {
    auto* endpoints = group("endpoints", "Webhook endpoints: list, pause, test, rotate");
    add_list(*endpoints, "webhooks");
    add_acts(*endpoints, "webhooks",
             {{"pause", "Stop deliveries, keep the queue"},
              {"resume", "Deliver again, the queue first"},
              {"test", "Send a test event"},
              {"rotate-secret", "Make a new secret; the old one signs for 24 hours more"},
              {"delete", "Remove an endpoint"}});
    auto* events = group("events", "What has happened or was received");
    add_selection(*add_list(*events, "events"));
    add_acts(*events, "events", {});
    auto* deliveries = group("deliveries", "Events on their way, with every attempt");
    add_selection(*add_list(*deliveries, "deliveries"));
    add_acts(*deliveries, "deliveries", {{"retry", "Try now"}});
  }

  void add_dead_letters() {
    auto* letters = group("dead-letters", "Deliveries that were given up");
    add_selection(*add_list(*letters, "dead-letters"));
    auto* requeue =
        command(*letters, "requeue", "Deliver again, with a new budget of attempts", [this] {
          requeue_.connection = connection_;
          requeue_.selection = given(selection_);
          return requeue_;
        });
    auto* ids = requeue->add_option("id", requeue_.ids, "Ids of deliveries")->type_name("ID");
    requeue->add_flag("--all", requeue_.all, "All, or all that is selected")->excludes(ids);
    add_selection(*requeue);
  }

  void add_replays() {
    auto* replays = group("replays", "Many events again, at a pace and behind what is new");
    auto* create = command(*replays, "create", "Begin one", [this] {
      replays_create_.connection = connection_;
      replays_create_.selection = given(selection_);
      return replays_create_;
    });
    create
        ->add_option("--mode", replays_create_.mode,
                     "failed: dead letters; missing: what an endpoint never got; all")
        ->required()
        ->check(CLI::IsMember({"failed", "missing", "all"}).description(""))
        ->type_name("MODE");
    create->add_option("--rate", replays_create_.rate_per_second, "Deliveries a second")
        ->check(CLI::Range(0.01, 10'000.0))
        ->type_name("NUMBER")
        ->capture_default_str();
    create->add_flag("--dry-run", replays_create_.dry_run, "Only say how many there are");
    add_selection(*create);
    add_list(*replays, "replays");
    add_acts(*replays, "replays",
             {{"pause", "Issue nothing more for now"},
              {"resume", "Go on"},
              {"cancel", "End it, and call off what was not delivered"}});
  }

  CLI::App* add_source_command(CLI::App& sources, const char* name, const char* meaning,
                               const char* operand = "source") {
    auto* made = command(sources, name, meaning, [this, action = std::string(name)] {
      sources_.connection = connection_;
      sources_.action = action;
      return sources_;
    });
    if (*operand != '\0') {
      made->add_option(operand, sources_.source, "Its name or id")->required()->type_name("NAME");
    }
    return made;
  }

  void add_sources() {
    auto* sources = group("sources", "Doors for other people's webhooks, and what they refused");
    auto* list = add_source_command(*sources, "list", "All of them", "");
    add_source_command(*sources, "show", "One of them, as JSON");
    add_source_settings(*add_source_command(*sources, "create", "Open one, of this name"),
                        sources_);
    add_source_settings(*add_source_command(*sources, "update", "Change what is given"), sources_);
    auto* rotate = add_source_command(*sources, "rotate-secret",
                                      "Take a new secret; the old ones are good for 24 hours more");
    rotate->add_option("--secret", sources_.secrets, "The new one (default: one is made)")
        ->expected(1);
    add_source_command(*sources, "delete", "Close it");
    auto* rejected = add_source_command(*sources, "rejected", "What it refused, and why");
    rejected->add_option("id", sources_.ids, "Only this one, with headers and body")->expected(1);
    auto* admit = add_source_command(*sources, "admit", "Take refused requests that now pass");
    admit->add_option("id", sources_.ids, "Ids of refused requests");
    admit->add_flag("--all", sources_.all, "All, or all that is selected");
    for (auto* one : {rejected, admit}) {
      one->add_option("--outcome", sources_.outcome, "Refused as, like invalid_signature");
      one->add_option("--cause", sources_.cause, "With this diagnosis, like prefix");
    }
    for (auto* one : {list, rejected}) {
      one->add_flag("--json", sources_.json, "One JSON object in a line");
    }
    rejected->add_option("--limit", sources_.limit, "So many at most")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000}))
        ->capture_default_str();
  }

  void add_contacts() {
    auto* contacts = group("contacts", "Tables of contacts that results are applied to");
    auto* verify = command(*contacts, "verify", "Verify what stands in a table", [this] {
      contacts_verify_.connection = connection_;
      return contacts_verify_;
    });
    add_contacts_verify_options(*verify, contacts_verify_);
  }

  void add_erase() {
    auto* erase = command(app_, "erase", "Take one address out of everything", [this] {
      erase_.connection = connection_;
      return erase_;
    });
    erase->add_option("--email", erase_.email, "The address")->required()->type_name("ADDRESS");
    erase->add_option("--tenant", erase_.tenant, "Only what this tenant has")->type_name("ID");
    erase->add_flag("--json", erase_.json, "Print the receipt as JSON");
    erase->footer(kServerFooter);
  }

  void add_keys() {
    auto* keys = app_.add_subcommand("keys", "Make, list and revoke API keys");
    keys->require_subcommand(1);
    keys->footer(kServerFooter);
    auto* create = command(*keys, "create", "Make a key; it is shown once", [this] {
      keys_create_.connection = connection_;
      return keys_create_;
    });
    create->add_option("--name", keys_create_.name, "What it is for")->type_name("NAME");
    create->add_option("--scope", keys_create_.scope, "read, write or admin")
        ->check(CLI::IsMember({"read", "write", "admin"}).description(""))
        ->type_name("SCOPE")
        ->capture_default_str();
    create->add_option("--tenant", keys_create_.tenant, "Whose key (default: one's own)")
        ->type_name("ID");
    create->add_option("--expires-at", keys_create_.expires_at, "A time like 2027-01-31T00:00:00Z")
        ->type_name("TIME");
    command(*keys, "list", "List keys", [this] { return KeysListOptions{connection_}; });
    auto* revoke = command(*keys, "revoke", "Revoke a key", [this] {
      keys_revoke_.connection = connection_;
      return keys_revoke_;
    });
    revoke->add_option("key_id", keys_revoke_.key_id, "Its id, key_…")->required()->type_name("ID");
  }

  void add_webhook_commands() {
    auto* trigger = command(app_, "trigger", "Send a signed sample event, to test a receiver",
                            [this] { return trigger_; });
    trigger->add_option("event", trigger_.event, "Its type, like bulk.completed")
        ->required()
        ->check(CLI::IsMember(event_types()).description(""))
        ->type_name("EVENT");
    trigger->add_option("--to", trigger_.to, "The receiver")->required()->type_name("URL");
    add_secret(*trigger, trigger_.secret, kSigningSecret);
    trigger->add_option("--timeout-ms", trigger_.timeout_ms, "Time for the whole exchange")
        ->check(CLI::Range(std::int64_t{1}, kTimeoutMsMax))
        ->type_name("MS")
        ->capture_default_str();
    trigger->footer(fmt::format("Events: {}", fmt::join(model::event_type::kAll, ", ")));

    auto* listen = command(app_, "listen", "Forward this account's events to a local port", [this] {
      listen_.connection = connection_;
      return listen_;
    });
    listen->add_option("--forward-to", listen_.forward_to, "Where they are posted to")
        ->required()
        ->type_name("URL");
    listen->add_option("--events", listen_.events, "Types or groups such as bulk.* (default: all)")
        ->type_name("EVENT,…")
        ->delimiter(',');
    listen->add_option("--secret", listen_.secret, "What they are signed with (default: a new one)")
        ->envname("VERIHOOK_SECRET")
        ->type_name("SECRET");
    listen->footer(kServerFooter);

    auto* sign =
        command(app_, "sign", "Print the signature headers of a body", [this] { return sign_; });
    sign->add_option("file", sign_.file, "The body; `-` is standard input")->type_name("FILE");
    add_secret(*sign, sign_.secret, kSigningSecret);
    sign->add_option("--id", sign_.id, "webhook-id (default: a new one)")->type_name("ID");
    sign->add_option("--timestamp", sign_.timestamp, "Seconds since 1970 (default: now)")
        ->type_name("SECONDS");

    auto* check = command(app_, "check-signature", "Say whether a received body is authentic",
                          [this] { return check_; });
    check->add_option("file", check_.file, "The body as received; `-` is standard input")
        ->type_name("FILE");
    add_secret(*check, check_.secret,
               "The secret shared with the sender, or its public key (whpk_…)");
    check->add_option("--header", check_.headers, "A header as received; may be repeated")
        ->required()
        ->type_name("'NAME: VALUE'")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    check
        ->add_option("--kind", check_.kind,
                     "hmac, standard-webhooks, billionverify, stripe, github, shopify or slack")
        ->type_name("KIND")
        ->capture_default_str();
    check
        ->add_option("--tolerance", check_.tolerance_s, "Seconds by which a signed time may be off")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{10} * 365 * 24 * 3600))
        ->type_name("SECONDS")
        ->capture_default_str();
  }

  void add_lists() {
    auto* lists = app_.add_subcommand("lists", "Show the lists of domains and roles, update them");
    lists->require_subcommand(1);
    auto* show = command(*lists, "show", "Their versions, and your own lines",
                         [this] { return lists_show_; });
    show->add_option("--config", lists_show_.config, "TOML file; see `verihook config`")
        ->type_name("FILE");
    show->add_flag("--json", lists_show_.json, "One JSON object");
    show->footer("Needs no server: it reads lists.file and lists.local of the configuration.");

    auto* update = command(*lists, "update", "Put newer lists in place, once they are checked",
                           [this] { return lists_update_; });
    update->add_option("--config", lists_update_.config, "TOML file that names lists.file")
        ->type_name("FILE");
    auto* from = update->add_option("--from", lists_update_.from,
                                    "A compiled file of lists; `-` is standard input");
    from->type_name("FILE");
    update
        ->add_option("--compiler", lists_update_.compiler,
                     "The folder lists/ of verihook's source, to compile the newest npm packages")
        ->type_name("FOLDER")
        ->excludes(from);
    update->footer(
        "With --compiler it runs `node FOLDER/update.mjs`, which needs node, npm and the network.\n"
        "Nothing is replaced unless the new file is right. A running server reads it by itself.");
  }

  static void add_secret(CLI::App& app, std::string& secret, const std::string& meaning) {
    app.add_option("--secret", secret, meaning)
        ->envname("VERIHOOK_SECRET")
        ->required()
        ->type_name("SECRET");
  }

  static std::vector<std::string> event_types() {
    return {model::event_type::kAll.begin(), model::event_type::kAll.end()};
  }

  Ending ending_of(const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream ignored;
    app_.exit(error, out, ignored);
    if (error.get_exit_code() == 0) return {kDone, out.str(), ""};
    std::string command_name = "verihook";
    const CLI::App* at = &app_;
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      command_name += " " + at->get_name();
    }
    std::string what = error.what();
    while (what.ends_with('\n') || what.ends_with('.')) what.pop_back();
    return {kWrongUsage, "", fmt::format("verihook: {}; see `{} --help`\n", what, command_name)};
  }

  Invocation chosen() const {
    for (const auto& [app, result] : results_) {
      if (app->parsed()) return result();
    }
    return ConfigOptions{};  // require_subcommand has seen to it that this is not reached
  }

  CLI::App app_;
  Connection connection_;
  ServeOptions serve_;
  DemoOptions demo_;
  DoctorOptions doctor_;
  VerifyOptions verify_;
  BulkOptions bulk_;
  JobsListOptions jobs_list_;
  JobsShowOptions jobs_show_;
  JobsActOptions jobs_act_;
  std::map<std::string, std::string> selection_;  // by the names of the API
  ResourceListOptions resource_list_;
  ResourceShowOptions resource_show_;
  ResourceActOptions resource_act_;
  DeadLettersRequeueOptions requeue_;
  ReplaysCreateOptions replays_create_;
  SourcesOptions sources_;
  ContactsVerifyOptions contacts_verify_;
  EraseOptions erase_;
  KeysCreateOptions keys_create_;
  KeysRevokeOptions keys_revoke_;
  TriggerOptions trigger_;
  ListenOptions listen_;
  SignOptions sign_;
  CheckSignatureOptions check_;
  ListsShowOptions lists_show_;
  ListsUpdateOptions lists_update_;
  std::vector<std::pair<CLI::App*, std::function<Invocation()>>> results_;
};

}  // namespace

std::variant<Invocation, Ending> parse_command_line(std::vector<std::string> arguments) {
  return Parser().parse(std::move(arguments));
}

}  // namespace verihook::cli
