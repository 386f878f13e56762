// The one table of settings: section, name, how the value is read and written, what it means. The
// parser, the environment's names and docs/configuration.md all come from it, so a key cannot exist
// without being documented. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "app/config.h"

namespace verihook::app {

// What a value is in the file, and how it is kept: one alternative for each kind.
struct TextField {
  std::string& (*of)(Config&);
};
struct SwitchField {
  bool& (*of)(Config&);
};
// A whole number between two bounds; read and set through functions, since limits have many types.
struct NumberField {
  std::int64_t (*get)(const Config&);
  void (*set)(Config&, std::int64_t);
  std::int64_t min = 0;
  std::int64_t max = 0;
};
struct EndpointField {
  net::Endpoint& (*of)(Config&);
};
struct EndpointsField {
  std::vector<net::Endpoint>& (*of)(Config&);
};
struct RangesField {
  std::vector<net::Cidr>& (*of)(Config&);
};
struct LevelField {
  LogLevel& (*of)(Config&);
};
struct TlsPolicyField {
  smtp::TlsPolicy& (*of)(Config&);
};
struct TrafficRulesField {
  std::vector<verification::TrafficRule>& (*of)(Config&);
};
struct DurationsField {
  std::vector<Duration>& (*of)(Config&);
};
struct SourcesField {
  std::vector<verification::EgressSource>& (*of)(Config&);
};
struct NamesField {
  std::vector<DnsName>& (*of)(Config&);
};
using Field = std::variant<TextField, SwitchField, NumberField, EndpointField, EndpointsField,
                           RangesField, LevelField, TlsPolicyField, TrafficRulesField,
                           DurationsField, SourcesField, NamesField>;
// Those whose value is an array of texts.
bool is_list(const Field& field);

struct Setting {
  std::string_view section;
  std::string_view name;
  Field field;
  std::string_view meaning;            // one or two sentences, for people
  std::string_view default_note = {};  // instead of the value, where that is made at the start

  std::string key() const;                   // "server.listen"
  std::string environment_variable() const;  // "VERIHOOK_SERVER_LISTEN"
};

std::span<const Setting> settings();
const Setting* find_setting(std::string_view section, std::string_view name);

// "whole number", "address:port", …: the type for people.
std::string_view type_name(const Field& field);
// The value that the setting has in this configuration, as it stands in a TOML file.
std::string value_as_toml(const Setting& setting, const Config& config);
// Reads one value as it stands in the environment: plain text, arrays separated by commas.
Result<void> set_from_text(const Setting& setting, Config& config, std::string_view text);

// docs/configuration.md.
std::string reference_markdown();

}  // namespace verihook::app
