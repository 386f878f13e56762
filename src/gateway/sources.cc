#include "gateway/sources.h"

#include <utility>

#include "base/log.h"
#include "store/destinations.h"

namespace verihook::gateway {
namespace {

// Takes a name out of the set however the reading ends.
class Loading {
 public:
  Loading(std::unordered_set<std::string>& names, const std::string& name)
      : names_(names), name_(name) {
    names_.insert(name_);
  }
  ~Loading() { names_.erase(name_); }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

 private:
  std::unordered_set<std::string>& names_;
  const std::string name_;
};

}  // namespace

std::string source_secret_place(const model::Source& source) {
  return source.tenant_id + "|" + source.id;
}

Result<PreparedSource> prepare_source(model::Source source, const crypto::SecretBox& secrets,
                                      WallTime now) {
  PreparedSource prepared;
  std::vector<std::string> opened;
  for (const model::SealedSecret& secret : source.secrets) {
    if (secret.has_expired(now)) continue;
    TRY(plain, secrets.open(secret.sealed, source_secret_place(source)));
    opened.push_back(std::move(plain));
  }
  TRY(verifier, webhooks::parse_stored_verifier(source.verifier, std::move(opened)));
  for (const std::string& text : source.ip_allowlist) {
    TRY(range, net::Cidr::parse(text));
    prepared.ip_allowlist.push_back(range);
  }
  TRY(settings, parse_source_settings(source.settings, source.tenant_id));
  prepared.verifier = std::move(verifier);
  prepared.settings = settings;
  prepared.source = std::move(source);
  return prepared;
}

Task<Result<SourcePointer>> Sources::find(std::string name) {
  const auto known = entries_.find(name);
  if (known != entries_.end()) {
    const bool fresh = clock_.monotonic_now() < known->second.until;
    if (fresh || loading_.contains(name)) co_return known->second.source;
  }
  co_return co_await load(std::move(name));
}

Task<Result<SourcePointer>> Sources::load(std::string name) {
  const std::uint64_t forgotten_before = forgotten_;
  const Loading loading(loading_, name);
  auto stored = co_await database_.read(
      [&](store::Connection& db) { return store::find_source_by_name(db, name); });
  if (!stored && stored.error().code != Errc::kNotFound) {
    co_return std::unexpected(std::move(stored).error());
  }
  Result<SourcePointer> source;
  if (stored) {
    auto prepared = prepare_source(std::move(*stored), secrets_, clock_.wall_now());
    if (!prepared) {
      log_error("a source cannot be used as it is stored",
                {{"source", name}, {"reason", prepared.error().message}});
      source = fail(Errc::kInternal, "The source cannot be used as it is stored.");
    } else {
      source = std::make_shared<const PreparedSource>(std::move(*prepared));
    }
  }
  if (forgotten_ == forgotten_before) remember(name, source);
  co_return source;
}

void Sources::remember(const std::string& name, Result<SourcePointer> source) {
  if (entries_.size() >= kCachedSourcesMax && !entries_.contains(name)) {
    const MonotonicTime now = clock_.monotonic_now();
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now; });
    if (entries_.size() >= kCachedSourcesMax) entries_.clear();
  }
  entries_.insert_or_assign(name,
                            Entry{std::move(source), clock_.monotonic_now() + kSourceCacheTime});
}

void Sources::forget(std::string_view name) {
  ++forgotten_;
  entries_.erase(std::string(name));
}

}  // namespace verihook::gateway
