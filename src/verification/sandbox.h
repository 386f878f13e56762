// The sandbox: addresses at sandbox.test that give a verdict of the caller's choice without any
// network, so that an integration can be tested through the whole pipeline.
// `<reason>@sandbox.test`, with any "+tag", gives that reason; other local parts are told from real
// ones as rejected_email. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "model/verdict.h"

namespace verihook::verification {

inline constexpr std::string_view kSandboxDomain = "sandbox.test";

// The reason that the sandbox gives; nothing when `domain` (A-labels) is not the sandbox's.
std::optional<model::Reason> sandbox_reason(std::string_view local_part, std::string_view domain);

// True for fail_job@sandbox.test, which makes the job that holds it fail half-way.
bool fails_the_job(std::string_view email);

// Fills in the evidence that goes with a sandbox verdict, as a real conversation would have left
// it.
void add_sandbox_evidence(model::Verdict& verdict);

}  // namespace verihook::verification
