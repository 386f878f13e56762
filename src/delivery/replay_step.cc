#include "delivery/replay_step.h"

#include <functional>
#include <vector>

#include "delivery/dead_letters.h"
#include "store/destinations.h"
#include "store/events.h"
#include "store/replays.h"

namespace verihook::delivery {
namespace {

// Read at once: those that nobody wants cost a little too.
constexpr std::int64_t kEventsAtOnce = 500;
constexpr std::int64_t kCalledOffAtOnce = 200;
// Questions whether a destination wants and has had an event: many destinations, fewer events.
constexpr std::size_t kQuestionsAtOnce = 5'000;

using Destinations = store::DestinationList;
// What is to be done with an event that is to be handed to a destination once more.
using Visit = std::function<Result<void>(const model::Event&, const model::Destination&)>;

// The destinations that a replay may be for: the one that it names, or all of the tenant but those
// of single jobs.
Result<Destinations> destinations_of(store::Connection& db, const model::Replay& replay) {
  const std::string& id = replay.which.destination_id;
  if (id.empty()) {
    TRY(all, store::destinations_of_tenant(db, replay.tenant_id));
    return *all;
  }
  auto found = store::find_destination(db, replay.tenant_id, id);
  if (found) return Destinations{std::make_shared<const model::Destination>(std::move(*found))};
  // It was deleted since: nobody is left to tell.
  if (found.error().code == Errc::kNotFound) return Destinations{};
  return std::unexpected(found.error());
}

Result<bool> asks_for(store::Connection& db, const model::Replay& replay, const model::Event& event,
                      const model::Destination& destination) {
  if (event.type == model::event_type::kWebhookTest || !wants(destination, event)) return false;
  if (replay.mode == model::ReplayMode::kAll) return true;
  TRY(addressed, store::was_addressed(db, event, destination.id));
  return !addressed;
}

// Goes on from the cursor until `enough` says so or a slice of events was read. False when there is
// nothing more.
Result<bool> walk_events(store::Connection& db, model::Replay& replay,
                         const std::function<bool()>& enough, const Visit& visit) {
  TRY(destinations, destinations_of(db, replay));
  TRY(events, store::next_events(db, replay, kEventsAtOnce));
  std::size_t questions = 0;
  for (const model::Event& event : events) {
    if (enough() || questions > kQuestionsAtOnce) return true;
    questions += destinations.size();
    for (const auto& destination : destinations) {
      TRY(asked_for, asks_for(db, replay, event, *destination));
      if (asked_for) TRY_VOID(visit(event, *destination));
    }
    replay.cursor = event.id;
  }
  return std::ssize(events) == kEventsAtOnce;
}

Result<bool> issue_dead_letters(store::Connection& db, ReplayStep& step, std::int64_t limit,
                                WallTime now) {
  TRY(letters, store::next_dead_letters(db, step.replay, limit));
  for (model::Delivery& letter : letters) {
    step.destinations.insert(letter.destination_id);
    step.replay.cursor = letter.id;
    TRY_VOID(requeue_for_replay(db, std::move(letter), step.replay.id, now));
    ++step.issued;
  }
  return std::ssize(letters) == limit;
}

Result<bool> issue_events(store::Connection& db, const Outbox& outbox, ReplayStep& step,
                          std::int64_t limit) {
  const auto enough = [&] { return step.issued >= limit; };
  const auto issue = [&](const model::Event& event,
                         const model::Destination& destination) -> Result<void> {
    TRY_VOID(outbox.deliver_again(db, event, destination, step.replay.id));
    step.destinations.insert(destination.id);
    ++step.issued;
    return {};
  };
  return walk_events(db, step.replay, enough, issue);
}

Result<void> run(store::Connection& db, const Outbox& outbox, ReplayStep& step, std::int64_t limit,
                 WallTime now) {
  model::Replay& replay = step.replay;
  const bool failed = replay.mode == model::ReplayMode::kFailed;
  TRY(more,
      failed ? issue_dead_letters(db, step, limit, now) : issue_events(db, outbox, step, limit));
  replay.issued_count += step.issued;
  if (!more) {
    replay.state = model::ReplayState::kCompleted;
    replay.finished_at = now;
  }
  return store::update_replay(db, replay);
}

Result<void> cancel(store::Connection& db, ReplayStep& step, WallTime now) {
  TRY(called_off, store::call_off(db, step.replay, now, kCalledOffAtOnce));
  if (called_off == kCalledOffAtOnce) return {};
  step.replay.finished_at = now;
  return store::update_replay(db, step.replay);
}

}  // namespace

Result<ReplayStep> step_replay(store::Connection& db, const Outbox& outbox,
                               std::string_view tenant_id, std::string_view id, std::int64_t limit,
                               WallTime now) {
  ReplayStep step;
  TRY(replay, store::find_replay(db, tenant_id, id));
  step.replay = std::move(replay);
  if (step.replay.finished_at) return step;
  if (step.replay.state == model::ReplayState::kRunning) {
    TRY_VOID(run(db, outbox, step, limit, now));
  } else if (step.replay.state == model::ReplayState::kCancelled) {
    TRY_VOID(cancel(db, step, now));
  }
  return step;
}

Result<bool> count_replay_slice(store::Connection& db, model::Replay& replay) {
  if (replay.mode == model::ReplayMode::kFailed) {
    TRY(count, store::count_dead_letters(db, replay));
    replay.total_count += count;
    return false;
  }
  const auto count = [&](const model::Event&, const model::Destination&) -> Result<void> {
    ++replay.total_count;
    return {};
  };
  return walk_events(db, replay, [] { return false; }, count);
}

}  // namespace verihook::delivery
