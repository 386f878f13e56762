// Sources: the doors by name, ready for use: verifier parsed, secrets opened, ranges read. Looked
// up in the store once in a few seconds, so that a knock costs no query; what was changed through
// another node is seen after that time, what was changed here at once (forget). Names that do not
// exist are remembered too, or each guess would be a query. While an old entry is being read anew,
// other requests still use it. Lives on the io thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret_box.h"
#include "gateway/source_settings.h"
#include "model/source.h"
#include "net/ip.h"
#include "store/database.h"
#include "webhooks/verify.h"

namespace verihook::gateway {

inline constexpr Milliseconds kSourceCacheTime{3'000};
inline constexpr std::size_t kCachedSourcesMax = 4096;

// A source with everything that a check needs. Secrets that had expired when it was read are left
// out.
struct PreparedSource {
  model::Source source;
  webhooks::VerifierConfig verifier;
  std::vector<net::Cidr> ip_allowlist;
  SourceSettings settings;
};
using SourcePointer = std::shared_ptr<const PreparedSource>;

// What a source's secrets are sealed with beside the key: they open in their own row only.
std::string source_secret_place(const model::Source& source);

// kInvalidArgument or kUnauthorized when what is stored cannot be used.
Result<PreparedSource> prepare_source(model::Source source, const crypto::SecretBox& secrets,
                                      WallTime now);

class Sources {
 public:
  // All must outlive it.
  Sources(store::Database& database, const Clock& clock, const crypto::SecretBox& secrets)
      : database_(database), clock_(clock), secrets_(secrets) {}
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  // Null when there is no source of that name. Errors: the store's, and kInternal for a source that
  // cannot be used as it is stored (the log says why).
  Task<Result<SourcePointer>> find(std::string name);
  // It was made, changed or deleted.
  void forget(std::string_view name);

 private:
  struct Entry {
    Result<SourcePointer> source;  // null: there is none; an error: it cannot be used
    MonotonicTime until;
  };

  Task<Result<SourcePointer>> load(std::string name);
  void remember(const std::string& name, Result<SourcePointer> source);

  store::Database& database_;
  const Clock& clock_;
  const crypto::SecretBox& secrets_;
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_set<std::string> loading_;  // entries that are being read anew
  std::uint64_t forgotten_ = 0;              // what was read before does not count
};

}  // namespace verihook::gateway
