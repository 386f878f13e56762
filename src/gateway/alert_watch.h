// AlertWatch: looks at the figures of this program at intervals and tells whoever wants to hear of
// it, as operator events through the ordinary deliveries: `alert.raised` once when a figure is bad,
// `alert.cleared` once when it is good again, and `source.rejecting` for a source that refuses what
// it used to accept. What has been raised is remembered in the store, in the transaction that tells
// it, so a restart tells nothing twice. Lives on the io thread; one per node.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/task_group.h"
#include "async/timers.h"
#include "delivery/outbox.h"
#include "gateway/alert_rules.h"
#include "gateway/request_shares.h"
#include "model/source.h"
#include "model/tenant.h"
#include "store/database.h"

namespace verihook::gateway {

struct AlertWatchOptions {
  AlertLimits limits;
  Milliseconds interval_ms{30'000};
};

// What deliveries have come to since the start, and what waits now.
struct DeliveryFigures {
  std::int64_t delivered = 0;
  std::int64_t failed = 0;
  Milliseconds oldest_due_age{0};
};

// Attempts of late: those since the figures that are a window old.
class AttemptShare {
 public:
  explicit AttemptShare(Milliseconds window) : window_(window) {}

  struct Sum {
    std::int64_t failed = 0;
    std::int64_t all = 0;
  };
  Sum note(MonotonicTime now, const DeliveryFigures& figures);

 private:
  struct Snapshot {
    MonotonicTime at;
    std::int64_t delivered;
    std::int64_t failed;
  };
  const Milliseconds window_;
  std::deque<Snapshot> snapshots_;
};

// The names of the alerts, as events and metrics have them.
namespace alert_name {
inline constexpr std::string_view kFailureRate = "failure_rate";
inline constexpr std::string_view kLate = "late";
inline constexpr std::string_view kDeadLetters = "dead_letters";
inline constexpr std::string_view kSilent = "source_silent";
inline constexpr std::string_view kRejecting = "source_rejecting";
inline constexpr std::array kAll = {kFailureRate, kLate, kDeadLetters, kSilent, kRejecting};
}  // namespace alert_name

class AlertWatch {
 public:
  using OnPublished = std::function<void(delivery::Published)>;
  using Figures = std::function<DeliveryFigures()>;

  // Everything passed by reference must outlive it.
  AlertWatch(asio::any_io_executor executor, Timers& timers, store::Database& database,
             const delivery::Outbox& outbox, RequestShares& shares, Figures figures,
             OnPublished on_published, AlertWatchOptions options);
  AlertWatch(const AlertWatch&) = delete;
  AlertWatch& operator=(const AlertWatch&) = delete;

  void start();
  Task<void> stop();

  // One look at everything; for tests, and at each interval.
  Task<Result<void>> look();

  // How many are raised now, by name.
  std::map<std::string_view, std::int64_t> raised() const;

 private:
  // One figure, judged, and how to tell of it.
  struct Reading {
    std::string_view alert;
    std::string tenant_id;
    std::string id;       // of the source or the tenant; empty: the program's own
    std::string subject;  // its name
    Figure figure = Figure::kBetween;
    double value = 0;
    double limit = 0;
    std::string message;
    RequestShares::Share share;  // of source_rejecting

    std::string key() const { return std::string(alert) + ":" + id; }
  };
  using Readings = std::vector<Reading>;
  struct OfStore {
    Readings readings;
    std::set<std::string> source_ids;  // of all sources that there are
  };

  Task<void> run();
  Task<Result<void>> remember();
  void read_deliveries(Readings& readings);
  void read_shares(Readings& readings);
  Result<OfStore> read_store(store::Connection& db) const;
  Result<void> read_tenant(store::Connection& db, const std::string& tenant_id,
                           std::span<const model::Tenant> tenants, OfStore& found) const;
  Result<std::optional<Reading>> read_silence(store::Connection& db, const model::Source& source,
                                              std::span<const model::Tenant> tenants) const;
  Task<Result<void>> forget_deleted(std::set<std::string> source_ids);
  Task<Result<void>> tell(const Reading& reading, bool raised);
  Result<std::optional<delivery::Published>> publish(store::Connection& db, const Reading& reading,
                                                     bool raised) const;

  Timers& timers_;
  store::Database& database_;
  const delivery::Outbox& outbox_;
  RequestShares& shares_;
  const Figures figures_;
  const OnPublished on_published_;
  const AlertWatchOptions options_;
  AttemptShare attempts_;
  bool remembered_ = false;                    // what the store says has been raised is known
  std::map<std::string, std::string> raised_;  // the key, and the alert's name
  TaskGroup tasks_;
};

}  // namespace verihook::gateway
