#include "app/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/config_reference.h"
#include "base/text.h"
#include "http/url.h"

namespace verihook::app {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";
constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;

// How many letters must be changed, added or taken away to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

// The documented key that an unknown one was probably meant to be; empty when none is near. The
// right name in a wrong section counts as near.
std::string nearest_key(std::string_view section, std::string_view name) {
  const std::string wrong = fmt::format("{}.{}", section, name);
  std::string nearest;
  std::size_t best = std::max<std::size_t>(2, wrong.size() / 4) + 1;
  for (const Setting& setting : settings()) {
    const std::size_t distance = setting.name == name ? 1 : edit_distance(wrong, setting.key());
    if (distance < best) {
      best = distance;
      nearest = setting.key();
    }
  }
  return nearest;
}

// Collects mistakes instead of stopping at the first, and remembers where each key was given.
class Reader {
 public:
  Reader(std::string_view file_name, Config& config) : file_name_(file_name), config_(config) {}

  void read_file(const toml::table& root) {
    for (auto&& [name, node] : root) {
      if (const toml::table* section = node.as_table()) {
        read_section(name.str(), *section);
      } else if (name.str() == "sources" && node.is_array_of_tables()) {
        read_tables(*node.as_array(), config_.sources);
      } else if (name.str() == "destinations" && node.is_array_of_tables()) {
        read_tables(*node.as_array(), config_.destinations);
      } else {
        complain(place(node), name.str(),
                 "stands outside a section; write it under one, like [server]");
      }
    }
  }

  void read_environment(const Environment& environment) {
    for (const Setting& setting : settings()) {
      const std::string variable = setting.environment_variable();
      const auto text = environment(variable);
      if (!text) continue;
      places_[setting.key()] = variable;
      const auto set = set_from_text(setting, config_, *text);
      if (!set) complain(variable, setting.key(), set.error().message);
    }
  }

  void complain_about(std::string_view key, std::string_view reason) {
    const auto found = places_.find(key);
    complain(found == places_.end() ? "configuration" : found->second, key, reason);
  }

  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  std::string place(const toml::node& node) const {
    return fmt::format("{}:{}", file_name_, node.source().begin.line);
  }

  void complain(std::string_view where, std::string_view key, std::string_view reason) {
    mistakes_.push_back(fmt::format("{}: {}: {}", where, key, reason));
  }

  void read_section(std::string_view section, const toml::table& table) {
    const bool known =
        std::ranges::any_of(settings(), [&](const Setting& s) { return s.section == section; });
    if (!known && table.empty()) complain(place(table), section, "there is no such section");
    for (auto&& [name, node] : table) {
      const Setting* setting = find_setting(section, name.str());
      if (setting != nullptr) {
        read_value(*setting, node);
        continue;
      }
      const std::string nearest = nearest_key(section, name.str());
      complain(place(node), fmt::format("{}.{}", section, name.str()),
               nearest.empty() ? "there is no such key; `verihook config` prints all of them"
                               : "there is no such key; did you mean " + nearest + "?");
    }
  }

  // What is in them is looked at by those who know sources and destinations.
  void read_tables(const toml::array& array, std::vector<Config::ConfiguredTable>& tables) {
    for (const toml::node& table : array) {
      std::ostringstream json;
      json << toml::json_formatter{*table.as_table()};
      tables.push_back({std::move(json).str(), place(table)});
    }
  }

  void read_value(const Setting& setting, const toml::node& node) {
    places_[setting.key()] = place(node);
    if (const toml::array* array = node.as_array(); array != nullptr && is_list(setting.field)) {
      read_list(setting, *array);
      return;
    }
    const auto text = scalar_as_text(setting.field, node);
    if (!text) {
      complain(place(node), setting.key(), fmt::format("must be {}", expected(setting.field)));
      return;
    }
    const auto set = set_from_text(setting, config_, *text);
    if (!set) complain(place(node), setting.key(), set.error().message);
  }

  // Each element is tried alone first, so that a mistake is reported on its own line.
  void read_list(const Setting& setting, const toml::array& array) {
    std::string joined;
    for (const toml::node& element : array) {
      const auto text = element.value_exact<std::string>();
      Config scratch;
      const auto set = text ? set_from_text(setting, scratch, *text)
                            : fail(Errc::kInvalidArgument, "must be a list of quoted texts");
      if (!set) {
        complain(place(element), setting.key(), set.error().message);
        return;
      }
      joined += *text + ",";
    }
    const auto set = set_from_text(setting, config_, joined);
    if (!set) complain(place(array), setting.key(), set.error().message);
  }

  // Nothing when the file's value has another type than the setting.
  static std::optional<std::string> scalar_as_text(const Field& field, const toml::node& node) {
    if (is_list(field)) return std::nullopt;
    if (std::holds_alternative<NumberField>(field)) {
      const auto number = node.value_exact<std::int64_t>();
      return number ? std::optional(std::to_string(*number)) : std::nullopt;
    }
    if (std::holds_alternative<SwitchField>(field)) {
      const auto truth = node.value_exact<bool>();
      return truth ? std::optional<std::string>(*truth ? "true" : "false") : std::nullopt;
    }
    return node.value_exact<std::string>();
  }

  static std::string expected(const Field& field) {
    if (is_list(field)) return "a list of quoted texts, like [\"…\", \"…\"]";
    if (const auto* number = std::get_if<NumberField>(&field)) {
      return fmt::format("a whole number from {} to {}, without quotes", number->min, number->max);
    }
    if (std::holds_alternative<SwitchField>(field)) return "true or false, without quotes";
    return "a text in quotes";
  }

  std::string_view file_name_;
  Config& config_;
  std::map<std::string, std::string, std::less<>> places_;  // by key
  std::vector<std::string> mistakes_;
};

void check_server(const Config& config, Reader& reader) {
  const auto& server = config.server;
  if (server.tls_certificate.empty() != server.tls_key.empty()) {
    reader.complain_about(
        server.tls_key.empty() ? "server.tls_certificate" : "server.tls_key",
        "HTTPS needs both server.tls_certificate and server.tls_key; set the other");
  }
  if (server.public_url.empty()) return;
  const auto url = http::Url::parse(server.public_url);
  if (!url) {
    reader.complain_about("server.public_url", url.error().message);
  } else if (server.public_url.ends_with('/') || url->target.contains('?')) {
    reader.complain_about("server.public_url",
                          "must end with the host, the port or a path, without / and ? at its end");
  }
}

void check_store(const Config& config, Reader& reader) {
  const std::string_view url = config.store.url;
  if (url.starts_with("postgres://") || url.starts_with("postgresql://")) {
    reader.complain_about("store.url",
                          "PostgreSQL is not supported by this version; use sqlite:PATH");
  } else if (!url.starts_with(kSqlitePrefix) || url.size() == kSqlitePrefix.size()) {
    reader.complain_about("store.url", "must be sqlite:PATH, like sqlite:./data/verihook.db");
  }
  if (config.secrets.master_key_file.empty()) {
    reader.complain_about("secrets.master_key_file", "must be the path of a file");
  }
}

bool is_printable_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

void check_names(const Config& config, Reader& reader) {
  if (!is_printable_word(config.smtp.helo) || config.smtp.helo.size() > 253) {
    reader.complain_about("smtp.helo", "must be a host name, like verify.example.com");
  }
  const std::string_view from = config.smtp.mail_from;
  const auto at = from.rfind('@');
  const bool address = at != from.npos && at > 0 && at + 1 < from.size();
  if (!from.empty() && (!address || !is_printable_word(from) || from.size() > 254 ||
                        from.find_first_of("<>") != from.npos)) {
    reader.complain_about("smtp.mail_from", "must be an address, like verify@example.com");
  }
  const std::string_view key = config.auth.bootstrap_key;
  constexpr std::size_t kKeyBytesMin = 8;
  constexpr std::size_t kKeyBytesMax = 200;
  if (!key.empty() &&
      (key.size() < kKeyBytesMin || key.size() > kKeyBytesMax || !is_printable_word(key))) {
    reader.complain_about("auth.bootstrap_key",
                          "must be 8 to 200 printable characters without spaces");
  }
}

// Lanes, logs and the choice of a source go by the name.
void check_sources(const Config& config, Reader& reader) {
  std::set<std::string_view> names;
  for (const auto& source : config.smtp.sources) {
    if (names.insert(source.name).second) continue;
    reader.complain_about(
        "smtp.sources", fmt::format("{} is there twice; tell them apart with name=", source.name));
  }
}

void check_files(const Config& config, Reader& reader) {
  const std::pair<std::string_view, const std::string*> files[] = {
      {"server.tls_certificate", &config.server.tls_certificate},
      {"server.tls_key", &config.server.tls_key},
      {"lists.file", &config.lists.file},
      {"lists.local", &config.lists.local},
  };
  for (const auto& [key, path] : files) {
    if (path->empty()) continue;
    std::error_code error;
    if (!std::filesystem::is_regular_file(*path, error)) {
      reader.complain_about(key, fmt::format("there is no file {}", *path));
    } else if (!std::ifstream(*path)) {
      reader.complain_about(key, fmt::format("the file {} cannot be read", *path));
    }
  }
}

Result<toml::table> parse_toml(std::string_view text, std::string_view file_name) {
  try {
    return toml::parse(text, file_name);
  } catch (const toml::parse_error& error) {
    return fail(
        Errc::kInvalidArgument,
        fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description()));
  }
}

}  // namespace

std::string Config::Store::sqlite_path() const {
  return url.starts_with(kSqlitePrefix) ? url.substr(kSqlitePrefix.size()) : url;
}

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Config> parse_config(std::string_view toml_text, std::string_view file_name,
                            const Environment& environment, NamedFiles files) {
  TRY(root, parse_toml(toml_text, file_name));
  Config config;
  Reader reader(file_name, config);
  reader.read_file(root);
  reader.read_environment(environment);
  check_server(config, reader);
  check_store(config, reader);
  check_names(config, reader);
  check_sources(config, reader);
  if (files == NamedFiles::kMustExist) check_files(config, reader);
  if (!reader.mistakes().empty()) {
    return fail(Errc::kInvalidArgument, fmt::format("{}", fmt::join(reader.mistakes(), "\n")));
  }
  return config;
}

Result<Config> load_config(const std::optional<std::string>& path, const Environment& environment,
                           NamedFiles files) {
  if (!path) return parse_config("", "configuration", environment, files);
  std::error_code error;
  if (!std::filesystem::is_regular_file(*path, error)) {
    return fail(Errc::kNotFound, fmt::format("{}: there is no such configuration file", *path));
  }
  if (std::filesystem::file_size(*path, error) > kFileBytesMax) {
    return fail(Errc::kTooLarge,
                fmt::format("{}: larger than 1 MiB; is this the configuration file?", *path));
  }
  std::ifstream file(*path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return fail(Errc::kForbidden, fmt::format("{}: the configuration file cannot be read", *path));
  }
  return parse_config(text, *path, environment, files);
}

}  // namespace verihook::app
