// The self-audit with the configuration of this program: what `verihook doctor` shows and what the
// server logs after its start. One io thread; looks at files on `pool` when there is one.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "app/config.h"
#include "verification/audit_facts.h"
#include "verification/self_audit.h"

namespace verihook::app {

// Block lists for whoever asks for some and names none.
std::vector<std::string> well_known_block_lists();

// `block_lists` are asked besides smtp.block_lists. Everything passed by reference outlives the
// task.
Task<verification::AuditReport> audit(const Config& config,
                                      verification::AuditSurroundings surroundings,
                                      asio::thread_pool* pool,
                                      std::vector<std::string> block_lists = {});

// Two lines at most: what failed as a warning, what could be better for information.
void log_audit(const verification::AuditReport& report);

}  // namespace verihook::app
