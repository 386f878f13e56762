// Options of commands that are many, or that several commands share: each function gives a command
// the options that fill a value. The value must outlive the command.
#pragma once

#include "cli/options.h"

namespace CLI {
class App;
}

namespace verihook::cli {

void add_source_settings(CLI::App& command, SourcesOptions& options);
void add_contacts_verify_options(CLI::App& command, ContactsVerifyOptions& options);

}  // namespace verihook::cli
