#include "app/config.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_reference.h"

namespace verihook::app {
namespace {

using ::testing::HasSubstr;

Environment environment_of(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

Result<Config> parse(std::string_view toml) {
  return parse_config(toml, "v.toml", environment_of({}));
}

std::string mistake_in(std::string_view toml) {
  const auto config = parse(toml);
  EXPECT_FALSE(config) << toml;
  return config ? "" : config.error().message;
}

TEST(Config, HasADefaultForEverything) {
  const auto config = parse("");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.listen.to_string(), "127.0.0.1:8080");
  EXPECT_EQ(config->store.sqlite_path(), "./data/verihook.db");
  EXPECT_EQ(config->secrets.master_key_file, "./data/master.key");
  EXPECT_EQ(config->smtp.port, 25);
  EXPECT_FALSE(config->network.takes_http_targets());
}

TEST(Config, ReadsEveryKindOfValue) {
  const auto config = parse(R"(
[server]
listen = "[::1]:9000"
public_url = "https://verify.example.com/hooks"
header_deadline_ms = 2_500
[dns]
servers = ["127.0.0.1:5353", "[::1]:53"]
[smtp]
port = 2525
starttls = "demanded"
[network]
allow = ["127.0.0.0/8"]
allow_http = true
[log]
level = "debug"
)");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.listen.to_string(), "[::1]:9000");
  EXPECT_EQ(config->server.public_url, "https://verify.example.com/hooks");
  EXPECT_EQ(config->server.limits.header_deadline_ms, Milliseconds{2'500});
  ASSERT_EQ(config->dns.servers.size(), 2u);
  EXPECT_EQ(config->dns.servers[1].to_string(), "[::1]:53");
  EXPECT_EQ(config->smtp.port, 2525);
  EXPECT_EQ(config->smtp.starttls, smtp::TlsPolicy::kWhenDemanded);
  EXPECT_TRUE(config->network.allow_http);
  EXPECT_EQ(config->network.allow.at(0).to_string(), "127.0.0.0/8");
  EXPECT_EQ(config->log.level, LogLevel::kDebug);
}

TEST(Config, TakesTheEnvironmentOverTheFile) {
  const auto config = parse_config("[smtp]\nport = 2525\nhelo = \"a.example\"", "v.toml",
                                   environment_of({{"VERIHOOK_SMTP_PORT", "26"},
                                                   {"VERIHOOK_NETWORK_ALLOW", "127.0.0.0/8, ::1"},
                                                   {"VERIHOOK_NETWORK_ALLOW_HTTP", "false"}}));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->smtp.port, 26);
  EXPECT_EQ(config->smtp.helo, "a.example");
  EXPECT_EQ(config->network.allow.size(), 2u);
  EXPECT_TRUE(config->network.takes_http_targets());
}

TEST(Config, NamesTheVariableOfAWrongValue) {
  const auto config =
      parse_config("", "v.toml", environment_of({{"VERIHOOK_SMTP_PORT", "seventy"}}));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "VERIHOOK_SMTP_PORT: smtp.port: must be a whole number from 1 to 65535");
}

TEST(Config, TellsTheLineAndTheLikelyNameOfAnUnknownKey) {
  EXPECT_EQ(mistake_in("[server]\n\nlisten_on = \"127.0.0.1:1\""),
            "v.toml:3: server.listen_on: there is no such key; did you mean server.listen?");
  EXPECT_EQ(mistake_in("[mail]\nhelo = \"x\""),
            "v.toml:2: mail.helo: there is no such key; did you mean smtp.helo?");
  EXPECT_THAT(mistake_in("[server]\nzzzzzzzzzzzz = 1"), HasSubstr("prints all of them"));
  EXPECT_THAT(mistake_in("[nothing]\n"), HasSubstr("v.toml:1: nothing: there is no such section"));
  EXPECT_THAT(mistake_in("listen = \"127.0.0.1:1\""),
              HasSubstr("v.toml:1: listen: stands outside a section"));
}

TEST(Config, RefusesBadValuesWithLineAndReason) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"[server]\nlisten = \"8080\"", "v.toml:2: server.listen: must be an IP address and a port"},
      {"[server]\nlisten = 8080", "v.toml:2: server.listen: must be a text in quotes"},
      {"[server]\npublic_url = \"https://a.example/\"",
       "v.toml:2: server.public_url: must end with"},
      {"[server]\npublic_url = \"a.example\"", "v.toml:2: server.public_url: "},
      {"[server]\ntls_key = \"k.pem\"", "server.tls_key: HTTPS needs both"},
      {"[smtp]\nport = 70000", "v.toml:2: smtp.port: must be a whole number from 1 to 65535"},
      {"[smtp]\nport = -1", "v.toml:2: smtp.port: must be a whole number from 1 to 65535"},
      {"[smtp]\nport = \"25\"",
       "v.toml:2: smtp.port: must be a whole number from 1 to 65535, with"},
      {"[smtp]\nmail_from = \"nobody\"", "v.toml:2: smtp.mail_from: must be an address"},
      {"[smtp]\nhelo = \"a b\"", "v.toml:2: smtp.helo: must be a host name"},
      {"[network]\nallow_http = 1", "v.toml:2: network.allow_http: must be true or false"},
      {"[network]\nallow = \"10.0.0.0/8\"", "v.toml:2: network.allow: must be a list"},
      {"[network]\nallow = [\n\"10.0.0.0/8\",\n\"10.0.0.1/8\"]",
       "v.toml:4: network.allow: \"10.0.0.1/8\": this address range has bits set"},
      {"[dns]\nservers = [53]", "v.toml:2: dns.servers: must be a list of quoted texts"},
      {"[log]\nlevel = \"loud\"",
       "v.toml:2: log.level: must be debug, info, warning, error or off"},
      {"[smtp]\nstarttls = \"always\"",
       "v.toml:2: smtp.starttls: must be offered, demanded or never"},
      {"[auth]\nbootstrap_key = \"short\"", "v.toml:2: auth.bootstrap_key: must be 8 to 200"},
      {"[secrets]\nmaster_key_file = \"\"", "v.toml:2: secrets.master_key_file: must be the path"},
      {"[store]\nurl = \"mysql://x\"", "v.toml:2: store.url: must be sqlite:PATH"},
      {"[store]\nurl = \"postgres://db/x\"", "PostgreSQL is not supported by this version"},
      {"[lists]\nfile = \"/does/not/exist\"", "v.toml:2: lists.file: there is no file /does/not"},
      {"[lists]\nlocal = \"/does/not/exist\"", "v.toml:2: lists.local: there is no file /does/not"},
      {"[smtp]\nport = \n", "v.toml:2: "},
  };
  for (const auto& [toml, message] : rows) EXPECT_THAT(mistake_in(toml), HasSubstr(message));
}

TEST(Config, ReportsAllMistakesAtOnce) {
  const std::string message =
      mistake_in("[server]\nlisten = 1\nlistne = 2\n[smtp]\nport = 0\n[store]\nurl = \"\"");
  EXPECT_EQ(std::ranges::count(message, '\n'), 3) << message;
}

TEST(Config, LoadsFilesAndSaysWhenThereIsNone) {
  const auto path = std::filesystem::temp_directory_path() / "verihook_config_test.toml";
  std::ofstream(path) << "[smtp]\nport = 26\n";
  const auto config = load_config(path.string(), environment_of({}));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->smtp.port, 26);
  std::filesystem::remove(path);
  const auto missing = load_config(path.string(), environment_of({}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_TRUE(load_config(std::nullopt, environment_of({})));
}

TEST(Config, NamesFilesThatAreStillToBeMade) {
  const auto config = parse_config("[lists]\nfile = \"/does/not/exist\"\n", "v.toml",
                                   environment_of({}), NamedFiles::kNotLookedAt);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->lists.file, "/does/not/exist");
}

TEST(ConfigReference, WritesEveryDefaultInAFormThatIsReadBack) {
  const Config defaults;
  std::string toml;
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (setting.section != section) {
      section = setting.section;
      toml += "[" + std::string(section) + "]\n";
    }
    // An empty text means that the value is made at the start.
    if (value_as_toml(setting, defaults) == "\"\"") continue;
    toml += std::string(setting.name) + " = " + value_as_toml(setting, defaults) + "\n";
  }
  const auto config = parse(toml);
  ASSERT_TRUE(config) << config.error().message;
  for (const Setting& setting : settings()) {
    EXPECT_EQ(value_as_toml(setting, *config), value_as_toml(setting, defaults)) << setting.key();
  }
}

TEST(ConfigReference, NamesEverySettingOnce) {
  for (const Setting& setting : settings()) {
    EXPECT_EQ(find_setting(setting.section, setting.name), &setting) << setting.key();
    EXPECT_TRUE(setting.meaning.ends_with('.')) << setting.key();
  }
}

TEST(ConfigReference, IsWhatTheDocumentationSays) {
  std::ifstream file(std::filesystem::path(VERIHOOK_SOURCE_DIR) / "docs" / "configuration.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), reference_markdown())
      << "write it anew: verihook config > docs/configuration.md";
}

TEST(Config, ReadsSourcesFromTheFileAndFromTheEnvironment) {
  const auto from_file = parse(R"([smtp]
sources = ["203.0.113.5 helo=mx1.example.com", "socks5://me:p%2Cw@10.0.0.1:1080 helo=mx2.example.com"]
audit_hosts = ["Example.org."]
)");
  ASSERT_TRUE(from_file) << from_file.error().message;
  ASSERT_EQ(from_file->smtp.sources.size(), 2u);
  EXPECT_EQ(from_file->smtp.sources[0].helo, "mx1.example.com");
  EXPECT_EQ(from_file->smtp.sources[1].proxy->password, "p,w");
  EXPECT_EQ(from_file->smtp.audit_hosts.at(0).value, "example.org");
  const auto from_environment = parse_config(
      "", "v.toml",
      environment_of({{"VERIHOOK_SMTP_SOURCES", "203.0.113.5 helo=a.example, 203.0.113.6"},
                      {"VERIHOOK_SMTP_BLOCK_LISTS", "zen.example.org"},
                      {"VERIHOOK_SMTP_AUDIT_AT_START", "false"}}));
  ASSERT_TRUE(from_environment) << from_environment.error().message;
  ASSERT_EQ(from_environment->smtp.sources.size(), 2u);
  EXPECT_EQ(from_environment->smtp.sources[1].name, "203.0.113.6");
  EXPECT_EQ(from_environment->smtp.block_lists.size(), 1u);
  EXPECT_FALSE(from_environment->smtp.audit_at_start);
}

TEST(Config, SaysWhatIsWrongWithASource) {
  EXPECT_THAT(mistake_in("[smtp]\nsources = [\n\"203.0.113.5\",\n\"mx1.example.com\"]"),
              HasSubstr("v.toml:4: smtp.sources: \"mx1.example.com\": must begin with"));
  EXPECT_THAT(mistake_in("[smtp]\nsources = [\"203.0.113.5\", \"203.0.113.5 helo=a.example\"]"),
              HasSubstr("203.0.113.5 is there twice"));
  EXPECT_THAT(mistake_in("[smtp]\naudit_hosts = [\"localhost\"]"), HasSubstr("full domain name"));
}

}  // namespace
}  // namespace verihook::app
