#include "cli/command_line.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CommandLine : public ::testing::Test {
 protected:
  void SetUp() override { forget_environment(); }
  void TearDown() override { forget_environment(); }

  static void forget_environment() {
    for (const char* name : {"VERIHOOK_URL", "VERIHOOK_API_KEY", "VERIHOOK_SECRET"}) {
      ::unsetenv(name);
    }
  }

  template <class Options>
  static Options parsed(std::vector<std::string> arguments) {
    auto result = parse_command_line(std::move(arguments));
    if (const auto* ending = std::get_if<Ending>(&result)) {
      ADD_FAILURE() << ending->error << ending->out;
      return {};
    }
    return std::get<Options>(std::get<Invocation>(result));
  }

  static Ending ending(std::vector<std::string> arguments) {
    auto result = parse_command_line(std::move(arguments));
    if (auto* end = std::get_if<Ending>(&result)) return *end;
    ADD_FAILURE() << "it would run";
    return {};
  }
};

TEST_F(CommandLine, EndsWithHelpAndVersionAndNothingWrong) {
  const Ending version = ending({"--version"});
  EXPECT_EQ(version.exit_code, kDone);
  EXPECT_THAT(version.out, StartsWith("verihook "));
  for (const char* command : {"serve", "demo", "doctor", "verify", "bulk", "keys", "trigger",
                              "listen", "sign", "check-signature", "config"}) {
    const Ending help = ending({command, "--help"});
    EXPECT_EQ(help.exit_code, kDone) << command;
    EXPECT_THAT(help.out, HasSubstr(command)) << command;
    EXPECT_EQ(help.error, "") << command;
  }
  EXPECT_THAT(ending({"--help"}).out, HasSubstr("check-signature"));
}

TEST_F(CommandLine, EndsWithTwoAndOneSentenceOnWrongUsage) {
  const std::vector<std::vector<std::string>> rows = {
      {"frobnicate"},
      {"serve", "--frobnicate"},
      {"serve", "extra"},
      {"verify"},
      {"bulk"},
      {"bulk", "a.csv", "--format", "xml"},
      {"bulk", "a.csv", "--job", "job_1"},
      {"bulk", "a.csv", "--webhook-secret", "s"},
      {"keys"},
      {"keys", "create", "--scope", "root"},
      {"contacts", "verify"},
      {"contacts", "verify", "--all", "--never"},
      {"contacts", "verify", "--older-than-days", "-1"},
      {"trigger", "bulk.completed", "--to", "http://127.0.0.1:1/"},
      {"trigger", "bulk.exploded", "--to", "http://127.0.0.1:1/", "--secret", "s"},
      {"check-signature", "--secret", "s"},
      {"verify", "a@b.test", "--timeout-ms", "soon"},
      {"--server"},
  };
  for (const auto& arguments : rows) {
    const Ending end = ending(arguments);
    EXPECT_EQ(end.exit_code, kWrongUsage) << arguments.front();
    EXPECT_THAT(end.error, StartsWith("verihook: ")) << arguments.front();
    EXPECT_EQ(std::ranges::count(end.error, '\n'), 1) << end.error;
    EXPECT_EQ(end.out, "");
  }
  EXPECT_THAT(ending({"keys", "create", "--scope", "root"}).error,
              HasSubstr("see `verihook keys create --help`"));
}

TEST_F(CommandLine, ReadsWhichContactsAreToBeVerified) {
  const auto due = parsed<ContactsVerifyOptions>(
      {"contacts", "verify", "--destination", "crm", "--never", "--older-than-days", "30"});
  EXPECT_EQ(due.destination, "crm");
  EXPECT_TRUE(due.never);
  EXPECT_FALSE(due.all);
  EXPECT_EQ(due.older_than_days, 30);
  EXPECT_TRUE(parsed<ContactsVerifyOptions>({"contacts", "verify", "--all", "--no-smtp"}).no_smtp);
}

TEST_F(CommandLine, WithoutACommandIsWrongUsageAndShowsHelp) {
  const Ending end = ending({});
  EXPECT_EQ(end.exit_code, kWrongUsage);
  EXPECT_THAT(end.error, HasSubstr("Begin with: verihook demo"));
}

TEST_F(CommandLine, ReadsTheServerBeforeAndAfterTheCommand) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--server", "http://a.test", "--api-key", "k", "verify", "x@y.test"},
           {"verify", "x@y.test", "--server", "http://a.test", "--api-key", "k"}}) {
    const auto options = parsed<VerifyOptions>(arguments);
    EXPECT_EQ(options.connection.url, "http://a.test");
    EXPECT_EQ(options.connection.api_key, "k");
    EXPECT_THAT(options.addresses, ElementsAre("x@y.test"));
  }
}

TEST_F(CommandLine, TakesTheServerFromTheEnvironment) {
  ::setenv("VERIHOOK_URL", "http://env.test", 1);
  ::setenv("VERIHOOK_API_KEY", "env-key", 1);
  EXPECT_EQ(parsed<KeysListOptions>({"keys", "list"}).connection.url, "http://env.test");
  const auto given = parsed<KeysListOptions>({"keys", "list", "--server", "http://given.test"});
  EXPECT_EQ(given.connection.url, "http://given.test");
  EXPECT_EQ(given.connection.api_key, "env-key");
}

TEST_F(CommandLine, ReadsTheOptionsOfBulk) {
  const auto options = parsed<BulkOptions>(
      {"bulk", "-", "--wait", "--out", "r.csv", "--format", "csv", "--no-smtp", "--name", "n",
       "--webhook-url", "https://h.test/", "--webhook-secret", "s", "--idempotency-key", "i"});
  EXPECT_EQ(options.file, "-");
  EXPECT_TRUE(options.wait);
  EXPECT_EQ(options.out, "r.csv");
  EXPECT_EQ(options.format, DownloadFormat::kCsv);
  EXPECT_TRUE(options.no_smtp);
  EXPECT_EQ(options.webhook_secret, "s");
  EXPECT_EQ(options.idempotency_key, "i");
  EXPECT_EQ(options.syntax, "standard");
  EXPECT_EQ(parsed<BulkOptions>({"bulk", "--job", "job_1"}).job_id, "job_1");
}

TEST_F(CommandLine, ReadsWhatIsToBeDoneWithASource) {
  const auto made =
      parsed<SourcesOptions>({"sources", "create", "billing", "--kind", "stripe", "--secret", "one",
                              "--secret", "two", "--allow", "192.0.2.0/24"});
  EXPECT_EQ(made.action, "create");
  EXPECT_EQ(made.source, "billing");
  EXPECT_EQ(made.kind, "stripe");
  EXPECT_THAT(made.secrets, ElementsAre("one", "two"));
  EXPECT_THAT(made.ip_allowlist, ElementsAre("192.0.2.0/24"));
  const auto admitted = parsed<SourcesOptions>({"sources", "admit", "billing", "req_1", "req_2"});
  EXPECT_EQ(admitted.action, "admit");
  EXPECT_THAT(admitted.ids, ElementsAre("req_1", "req_2"));
  EXPECT_EQ(parsed<SourcesOptions>({"sources", "rejected", "b", "--cause", "prefix"}).cause,
            "prefix");
  EXPECT_EQ(ending({"sources", "show"}).exit_code, kWrongUsage);
}

TEST_F(CommandLine, TakesOnlyTheSyntaxPoliciesThatThereAre) {
  EXPECT_EQ(parsed<BulkOptions>({"bulk", "-", "--syntax", "web_form"}).syntax, "web_form");
  EXPECT_EQ(parsed<VerifyOptions>({"verify", "a@b.test", "--syntax", "strict"}).syntax, "strict");
  const Ending end = ending({"verify", "a@b.test", "--syntax", "lax"});
  EXPECT_EQ(end.exit_code, kWrongUsage);
  EXPECT_THAT(end.error, HasSubstr("--syntax"));
}

TEST_F(CommandLine, ReadsTheOtherCommands) {
  EXPECT_EQ(parsed<ServeOptions>({"serve", "--config", "v.toml"}).config, "v.toml");
  const auto demo = parsed<DemoOptions>({"demo", "--listen", "127.0.0.1:0", "--exit-after-job"});
  EXPECT_EQ(demo.listen, "127.0.0.1:0");
  EXPECT_TRUE(demo.exit_after_job);
  EXPECT_THAT(parsed<VerifyOptions>({"verify", "--json", "a@b.test", "c@d.test"}).addresses,
              ElementsAre("a@b.test", "c@d.test"));
  EXPECT_EQ(parsed<KeysRevokeOptions>({"keys", "revoke", "key_1"}).key_id, "key_1");
  EXPECT_EQ(parsed<KeysCreateOptions>({"keys", "create", "--scope", "read"}).scope, "read");
  const auto trigger = parsed<TriggerOptions>(
      {"trigger", "webhook.test", "--to", "http://127.0.0.1:9/x", "--secret", "s"});
  EXPECT_EQ(trigger.event, "webhook.test");
  const auto check = parsed<CheckSignatureOptions>(
      {"check-signature", "body.json", "--secret", "s", "--header", "A: b", "--header", "C: d"});
  EXPECT_EQ(check.file, "body.json");
  EXPECT_THAT(check.headers, ElementsAre("A: b", "C: d"));
  ::setenv("VERIHOOK_SECRET", "env-secret", 1);
  EXPECT_EQ(parsed<SignOptions>({"sign", "-"}).secret, "env-secret");
  parsed<ConfigOptions>({"config"});
}

TEST_F(CommandLine, ReadsWhichListsToShowOrUpdate) {
  EXPECT_FALSE(parsed<ListsShowOptions>({"lists", "show"}).json);
  EXPECT_EQ(parsed<ListsShowOptions>({"lists", "show", "--config", "v.toml"}).config, "v.toml");
  const auto from = parsed<ListsUpdateOptions>({"lists", "update", "--from", "-"});
  EXPECT_EQ(from.from, "-");
  EXPECT_FALSE(from.compiler);
  EXPECT_EQ(parsed<ListsUpdateOptions>({"lists", "update", "--compiler", "lists"}).compiler,
            "lists");
  EXPECT_EQ(ending({"lists"}).exit_code, kWrongUsage);
  EXPECT_EQ(ending({"lists", "update", "--from", "a", "--compiler", "b"}).exit_code, kWrongUsage);
}

TEST_F(CommandLine, ReadsWhatTheDoctorIsToLookAt) {
  const auto plain = parsed<DoctorOptions>({"doctor"});
  EXPECT_FALSE(plain.config);
  EXPECT_FALSE(plain.json);
  EXPECT_FALSE(plain.dnsbl);
  const auto all = parsed<DoctorOptions>({"doctor", "--config", "v.toml", "--json", "--dnsbl"});
  EXPECT_EQ(all.config, "v.toml");
  EXPECT_TRUE(all.json);
  EXPECT_TRUE(all.dnsbl);
}

}  // namespace
}  // namespace verihook::cli
