// What the self-audit found, for people and for programs. Pure.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "verification/self_audit.h"

namespace verihook::cli {

// A line for each check, its advice below where there is one, and the conclusion at the end.
std::string audit_text(const Terminal& terminal, const verification::AuditReport& report);

// {"can_verify":…,"checks":[{"check","source","status","seen","advice"},…]} in one line.
std::string audit_json(const verification::AuditReport& report);

}  // namespace verihook::cli
