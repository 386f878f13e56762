// What becomes of the secrets that a new one takes the place of, of endpoints and of sources alike:
// they are good for a while longer, so that the two sides need not change at the same moment. Pure.
#pragma once

#include <vector>

#include "model/destination.h"

namespace verihook::api {

inline constexpr Milliseconds kRotationOverlap = std::chrono::hours{24};

inline void forget_expired(std::vector<model::SealedSecret>& secrets, WallTime now) {
  std::erase_if(secrets,
                [&](const model::SealedSecret& secret) { return secret.has_expired(now); });
}

// Nothing changes for one that is on its way out already.
inline void retire(model::SealedSecret& secret, WallTime now) {
  if (!secret.expires_at) secret.expires_at = now + kRotationOverlap;
}

}  // namespace verihook::api
