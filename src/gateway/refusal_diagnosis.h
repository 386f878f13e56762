// RefusalDiagnosis: what is wrong with a request that a source refused, as a token and in a
// sentence for its owner: signatures by webhooks/diagnosis.h, bodies that are no JSON, times and
// tenants here. Pure but for known_secrets; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "async/task.h"
#include "gateway/checks.h"
#include "webhooks/diagnosis.h"

namespace verihook::gateway {

struct RefusalDiagnosis {
  std::string cause;
  std::string sentence;
};

RefusalDiagnosis diagnose(const PreparedSource& door, const Arrived& arrived, Outcome outcome,
                          std::span<const webhooks::KnownSecret> others);

inline constexpr std::size_t kKnownSecretsMax = 100;  // looked at for one diagnosis

// The secrets that a request to this source might have been signed with by mistake: its own that
// have expired, and those of the tenant's other sources.
Task<Result<std::vector<webhooks::KnownSecret>>> known_secrets(store::Database& database,
                                                               const crypto::SecretBox& secrets,
                                                               const model::Source& source,
                                                               WallTime now);

}  // namespace verihook::gateway
