// The log: one line per happening, `level message key=value …`, to standard error. Never an e-mail
// address, a secret or a payload: pass ids and counts. Any thread may log.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace verihook {

struct LogField {
  LogField(std::string_view field_name, std::string_view field_value)
      : name(field_name), value(field_value) {}
  LogField(std::string_view field_name, long long field_value)
      : name(field_name), value(std::to_string(field_value)) {}

  std::string_view name;
  std::string value;
};

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

// Sets what is written from now on; `main` calls it once.
void set_log_level(LogLevel level);
// "debug", "info", "warning", "error", "off"; false when it is none of them.
bool parse_log_level(std::string_view text, LogLevel& level);

void log_debug(std::string_view message, std::initializer_list<LogField> fields = {});
void log_info(std::string_view message, std::initializer_list<LogField> fields = {});
void log_warning(std::string_view message, std::initializer_list<LogField> fields = {});
void log_error(std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace verihook
