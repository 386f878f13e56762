#include "gateway/alert_watch.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "gateway/source_settings.h"
#include "store/accounts.h"
#include "store/all_pages.h"
#include "store/destinations.h"
#include "store/events.h"
#include "store/metadata.h"
#include "webhooks/payload.h"

namespace verihook::gateway {
namespace {

constexpr std::string_view kMetadataPrefix = "alert:";

double seconds(Milliseconds time) { return static_cast<double>(time.count()) / 1000; }

std::int64_t whole_seconds(Milliseconds time) { return time.count() / 1000; }

// When a source last spoke, newest first: with all tenants' voices when it speaks for all.
Result<std::vector<WallTime>> times_of(store::Connection& db, const model::Source& source,
                                       TenantRule rule, std::span<const model::Tenant> tenants) {
  if (rule != TenantRule::kRoute) {
    return store::latest_event_times(db, source.tenant_id, source.name, kRememberedEvents);
  }
  std::vector<WallTime> all;
  for (const model::Tenant& tenant : tenants) {
    TRY(times, store::latest_event_times(db, tenant.id, source.name, kRememberedEvents));
    all.insert(all.end(), times.begin(), times.end());
  }
  std::ranges::sort(all, std::greater());
  all.resize(std::min<std::size_t>(all.size(), kRememberedEvents));
  return all;
}

}  // namespace

AttemptShare::Sum AttemptShare::note(MonotonicTime now, const DeliveryFigures& figures) {
  snapshots_.push_back({now, figures.delivered, figures.failed});
  while (snapshots_.size() > 1 && now - snapshots_[1].at >= window_) snapshots_.pop_front();
  const Snapshot& then = snapshots_.front();
  const std::int64_t failed = figures.failed - then.failed;
  return {.failed = failed, .all = failed + figures.delivered - then.delivered};
}

AlertWatch::AlertWatch(asio::any_io_executor executor, Timers& timers, store::Database& database,
                       const delivery::Outbox& outbox, RequestShares& shares, Figures figures,
                       OnPublished on_published, AlertWatchOptions options)
    : timers_(timers),
      database_(database),
      outbox_(outbox),
      shares_(shares),
      figures_(std::move(figures)),
      on_published_(std::move(on_published)),
      options_(options),
      attempts_(options.limits.window_ms),
      tasks_(std::move(executor), "alerts") {
  attempts_.note(timers_.clock().monotonic_now(), figures_());
}

void AlertWatch::start() { tasks_.spawn("alerts", run()); }

Task<void> AlertWatch::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<void> AlertWatch::run() {
  for (;;) {
    co_await sleep_for(timers_, options_.interval_ms);
    const auto looked = co_await look();
    if (!looked) log_debug("the alerts wait for the store", {{"error", looked.error().message}});
  }
}

Task<Result<void>> AlertWatch::look() {
  if (!remembered_) CO_TRY_VOID(co_await remember());
  Readings readings;
  read_deliveries(readings);
  read_shares(readings);
  CO_TRY(of_store,
         co_await database_.read([this](store::Connection& db) { return read_store(db); }));
  std::ranges::move(of_store.readings, std::back_inserter(readings));
  CO_TRY_VOID(co_await forget_deleted(std::move(of_store.source_ids)));
  for (const Reading& reading : readings) {
    const bool was = raised_.contains(reading.key());
    if (reading.figure == Figure::kBad && !was) CO_TRY_VOID(co_await tell(reading, true));
    if (reading.figure == Figure::kGood && was) CO_TRY_VOID(co_await tell(reading, false));
  }
  co_return Result<void>{};
}

Task<Result<void>> AlertWatch::remember() {
  CO_TRY(known, co_await database_.read([](store::Connection& db) {
    return store::list_metadata(db, kMetadataPrefix);
  }));
  for (const std::string& key : known) {
    const std::string name = key.substr(kMetadataPrefix.size());
    raised_.emplace(name, name.substr(0, name.find(':')));
  }
  remembered_ = true;
  co_return Result<void>{};
}

void AlertWatch::read_deliveries(Readings& readings) {
  const AlertLimits& limits = options_.limits;
  const DeliveryFigures figures = figures_();
  const auto sum = attempts_.note(timers_.clock().monotonic_now(), figures);
  const double share =
      sum.all == 0 ? 0 : static_cast<double>(sum.failed) / static_cast<double>(sum.all);
  readings.push_back(
      {.alert = alert_name::kFailureRate,
       .tenant_id = std::string(model::kDefaultTenant),
       .id = {},
       .subject = {},
       .figure = judge_share(sum.failed, sum.all, limits.attempts_min, limits.failure_share_max),
       .value = share,
       .limit = limits.failure_share_max,
       .message = fmt::format("{} of {} attempts of the last {} s failed.", sum.failed, sum.all,
                              whole_seconds(limits.window_ms)),
       .share = {}});
  readings.push_back({.alert = alert_name::kLate,
                      .tenant_id = std::string(model::kDefaultTenant),
                      .id = {},
                      .subject = {},
                      .figure = judge_lateness(figures.oldest_due_age, limits.late_max_ms),
                      .value = seconds(figures.oldest_due_age),
                      .limit = seconds(limits.late_max_ms),
                      .message = fmt::format("The oldest due delivery is {} s late.",
                                             whole_seconds(figures.oldest_due_age)),
                      .share = {}});
}

void AlertWatch::read_shares(Readings& readings) {
  for (RequestShares::Share& share : shares_.shares()) {
    readings.push_back({.alert = alert_name::kRejecting,
                        .tenant_id = share.tenant_id,
                        .id = share.source_id,
                        .subject = share.source_name,
                        .figure = share.figure,
                        .value = static_cast<double>(share.rejected),
                        .limit = options_.limits.rejected_share_max,
                        .message = {},
                        .share = std::move(share)});
  }
}

Result<AlertWatch::OfStore> AlertWatch::read_store(store::Connection& db) const {
  OfStore found;
  TRY(tenants,
      store::all_pages<model::Tenant>([&](const std::string& after_id, std::int64_t limit) {
        return store::list_tenants(db, after_id, limit);
      }));
  for (const model::Tenant& tenant : tenants) TRY_VOID(read_tenant(db, tenant.id, tenants, found));
  return found;
}

Result<void> AlertWatch::read_tenant(store::Connection& db, const std::string& tenant_id,
                                     std::span<const model::Tenant> tenants, OfStore& found) const {
  const AlertLimits& limits = options_.limits;
  TRY(dead, store::count_dead_letters_of(db, tenant_id));
  found.readings.push_back({.alert = alert_name::kDeadLetters,
                            .tenant_id = tenant_id,
                            .id = tenant_id,
                            .subject = {},
                            .figure = judge_dead_letters(dead, limits.dead_letters_max),
                            .value = static_cast<double>(dead),
                            .limit = static_cast<double>(limits.dead_letters_max),
                            .message = fmt::format("{} deliveries were given up.", dead),
                            .share = {}});
  TRY(sources,
      store::all_pages<model::Source>([&](const std::string& after_id, std::int64_t limit) {
        return store::list_sources(db, tenant_id, after_id, limit);
      }));
  for (const model::Source& source : sources) {
    found.source_ids.insert(source.id);
    TRY(silence, read_silence(db, source, tenants));
    if (silence) found.readings.push_back(std::move(*silence));
  }
  return {};
}

Result<std::optional<AlertWatch::Reading>> AlertWatch::read_silence(
    store::Connection& db, const model::Source& source,
    std::span<const model::Tenant> tenants) const {
  std::optional<Reading> none;
  const auto settings = parse_source_settings(source.settings, source.tenant_id);
  if (!settings) return none;
  TRY(times, times_of(db, source, settings->tenant_rule, tenants));
  const auto after = silence_after(times, settings->silence_after, options_.limits);
  if (!after) return none;
  const Milliseconds silence = timers_.clock().wall_now() - times.front();
  return Reading{.alert = alert_name::kSilent,
                 .tenant_id = source.tenant_id,
                 .id = source.id,
                 .subject = source.name,
                 .figure = silence > *after ? Figure::kBad : Figure::kGood,
                 .value = seconds(silence),
                 .limit = seconds(*after),
                 .message = fmt::format("The source \"{}\" has received nothing for {} s.",
                                        source.name, whole_seconds(silence)),
                 .share = {}};
}

// Nobody wants to hear that a source that is gone is well again.
Task<Result<void>> AlertWatch::forget_deleted(std::set<std::string> source_ids) {
  for (auto at = raised_.begin(); at != raised_.end();) {
    const std::string& alert = at->second;
    const bool of_source = alert == alert_name::kSilent || alert == alert_name::kRejecting;
    if (!of_source || source_ids.contains(at->first.substr(alert.size() + 1))) {
      ++at;
      continue;
    }
    const std::string key = std::string(kMetadataPrefix) + at->first;
    CO_TRY_VOID(co_await database_.write(
        [&key](store::Connection& db) { return store::remove_metadata(db, key); }));
    at = raised_.erase(at);
  }
  co_return Result<void>{};
}

// The event and that it was told, together.
Task<Result<void>> AlertWatch::tell(const Reading& reading, bool raised) {
  const std::string key = reading.key();
  CO_TRY(published, co_await database_.write(
                        [&](store::Connection& db) { return publish(db, reading, raised); }));
  if (raised && published) {
    log_warning("an alert was raised", {{"alert", reading.alert}, {"subject", reading.subject}});
  }
  const bool told = published.has_value();
  if (told && on_published_) on_published_(std::move(*published));
  if (raised && told) {
    raised_.emplace(key, reading.alert);
  } else if (!raised) {
    raised_.erase(key);
  }
  co_return Result<void>{};
}

Result<std::optional<delivery::Published>> AlertWatch::publish(store::Connection& db,
                                                               const Reading& reading,
                                                               bool raised) const {
  const WallTime now = timers_.clock().wall_now();
  const bool rejecting = reading.alert == alert_name::kRejecting;
  std::optional<delivery::Published> none;
  if (rejecting && raised) {
    // One that has never accepted anything is not set up yet, which is no news.
    TRY(accepted, store::has_dedup_keys(db, reading.id));
    if (!accepted) return none;
  }
  const std::string key = std::string(kMetadataPrefix) + reading.key();
  TRY_VOID(raised ? store::put_metadata(db, key, to_iso8601(now))
                  : store::remove_metadata(db, key));
  if (rejecting && !raised) return none;
  model::Event event;
  event.tenant_id = reading.tenant_id;
  event.created_at = now;
  if (rejecting) {
    event.type = model::event_type::kSourceRejecting;
    event.body = webhooks::tail_of(webhooks::SourceRejecting{
        .source = reading.subject,
        .rejected_count = reading.share.rejected,
        .window_s = whole_seconds(options_.limits.window_ms),
        .last_reason = std::string(row_of(reading.share.last_reason).error),
        .created_at = now});
  } else {
    event.type = raised ? model::event_type::kAlertRaised : model::event_type::kAlertCleared;
    event.body = webhooks::tail_of(webhooks::Alert{.alert = std::string(reading.alert),
                                                   .subject = reading.subject,
                                                   .message = reading.message,
                                                   .value = reading.value,
                                                   .limit = reading.limit,
                                                   .created_at = now});
  }
  TRY(published, outbox_.publish(db, std::move(event)));
  return std::optional(std::move(published));
}

std::map<std::string_view, std::int64_t> AlertWatch::raised() const {
  std::map<std::string_view, std::int64_t> counts;
  for (const std::string_view name : alert_name::kAll) counts[name] = 0;
  for (const auto& [key, alert] : raised_) {
    const auto* name = std::ranges::find(alert_name::kAll, alert);
    if (name != alert_name::kAll.end()) ++counts[*name];
  }
  return counts;
}

}  // namespace verihook::gateway
