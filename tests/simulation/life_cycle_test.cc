// Random sequences of pause, resume, cancel and delete from a seed, while lists are worked on,
// connections break and the node is killed. Once such a request is answered, no mail server hears
// of the job's addresses any more (a second is left for what is on its way); progress never goes
// backwards; and at the end the totals add up.
//
// VERIHOOK_SEQUENCES sets how many are run (default 50), VERIHOOK_SEED runs one alone.
#include <iostream>
#include <optional>
#include <unordered_map>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/simulation/seeds.h"
#include "tests/simulation/world.h"

namespace verihook::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds kOnItsWay{1'000};

class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : world_(seed), chance_(seed * 6'151 + 5) {}

  void run() {
    world_.faults = {.mail_connection = chance_.unit() * 0.3,
                     .mail_throttle = chance_.chance(0.3) ? chance_.unit() * 0.2 : 0};
    const auto lists = 1 + chance_.below(3);
    for (std::uint64_t i = 0; i < lists; ++i) submit();
    const auto steps = 6 + chance_.below(10);
    for (std::uint64_t step = 0; step < steps; ++step) {
      world_.advance(Milliseconds{chance_.below(700)});
      act();
      look_at_progress();
      if (chance_.chance(0.1)) {
        world_.kill_node();
        world_.start_node();
      }
    }
    world_.faults = {};
    for (Watched& job : jobs_) {
      if (!job.removed) resume(job);
    }
    world_.advance(2h);
    look_at_progress();
  }

  void check() {
    for (const Watched& job : jobs_) {
      SCOPED_TRACE(job.id);
      if (job.removed) {
        EXPECT_EQ(world_.look_up_job(job.id).error().code, Errc::kNotFound);
      } else {
        check_totals(job);
      }
    }
    check_probes();
    EXPECT_EQ(world_.delivery_counts().pending, 0);
  }

 private:
  // From when until when nobody may be asked about a job.
  struct Quiet {
    WallTime from{};
    std::optional<WallTime> until;
  };
  struct Watched {
    std::string id;
    std::vector<std::string> emails;
    std::int64_t processed = 0;
    bool cancelled = false;
    bool removed = false;
    std::vector<Quiet> quiet;
  };

  void submit() {
    Watched job;
    job.emails.resize(20 + chance_.below(300));
    for (std::string& email : job.emails) {
      email = world_.make_address();
      owner_[email] = jobs_.size();
    }
    job.id = world_.submit(job.emails);
    ASSERT_FALSE(job.id.empty());
    jobs_.push_back(std::move(job));
  }

  void act() {
    Watched& job = jobs_[chance_.below(jobs_.size())];
    if (job.removed) return;
    const double what = chance_.unit();
    if (what < 0.4) {
      pause(job);
    } else if (what < 0.75) {
      resume(job);
    } else if (what < 0.9) {
      cancel(job);
    } else {
      remove(job);
    }
  }

  void pause(Watched& job) {
    const auto paused = world_.pause(job.id);
    if (!paused) {
      EXPECT_EQ(paused.error().code, Errc::kConflict) << paused.error().message;
      return;
    }
    EXPECT_TRUE(paused->state == model::JobState::kPaused || model::is_final(paused->state));
    keep_quiet(job);
  }

  void resume(Watched& job) {
    const WallTime before = world_.time.clock().wall_now();
    const auto resumed = world_.resume(job.id);
    if (!resumed) {
      EXPECT_EQ(resumed.error().code, Errc::kConflict) << resumed.error().message;
    } else if (!job.quiet.empty() && !job.quiet.back().until) {
      job.quiet.back().until = before;
    }
  }

  void cancel(Watched& job) {
    const auto ended = world_.cancel(job.id);
    if (!ended) {
      EXPECT_EQ(ended.error().code, Errc::kConflict) << ended.error().message;
      return;
    }
    EXPECT_EQ(ended->state, model::JobState::kCancelled);
    job.cancelled = true;
    keep_quiet(job);
  }

  void remove(Watched& job) {
    const auto removed = world_.remove(job.id);
    ASSERT_TRUE(removed) << removed.error().message;
    job.removed = true;
    keep_quiet(job);
  }

  void keep_quiet(Watched& job) {
    if (!job.quiet.empty() && !job.quiet.back().until) return;
    job.quiet.push_back({world_.time.clock().wall_now() + kOnItsWay, std::nullopt});
  }

  void look_at_progress() {
    for (Watched& watched : jobs_) {
      if (watched.removed) continue;
      const model::Job job = world_.find_job(watched.id);
      EXPECT_GE(job.processed_count, watched.processed) << watched.id;
      watched.processed = job.processed_count;
    }
  }

  void check_totals(const Watched& watched) {
    const model::Job job = world_.find_job(watched.id);
    EXPECT_EQ(job.state,
              watched.cancelled ? model::JobState::kCancelled : model::JobState::kCompleted);
    EXPECT_EQ(job.total_count, std::ssize(watched.emails));
    if (!watched.cancelled) EXPECT_EQ(job.processed_count, job.total_count);
    const auto results = boost::json::parse(world_.download(watched.id)).as_array();
    EXPECT_EQ(std::ssize(results), job.processed_count);
    const model::Summary& summary = job.summary;
    EXPECT_EQ(summary.valid + summary.invalid + summary.risky + summary.unknown,
              job.processed_count);
    // In the order submitted, each once.
    std::size_t at = 0;
    for (const auto& result : results) {
      const auto& email = result.at("email").as_string();
      while (at < watched.emails.size() && watched.emails[at] != email) ++at;
      ASSERT_LT(at, watched.emails.size()) << email;
      ++at;
    }
  }

  void check_probes() {
    for (const Probe& probe : world_.probes) {
      const auto owner = owner_.find(probe.email);
      if (owner == owner_.end()) continue;  // a random mailbox, asked for to know its domain
      const Watched& job = jobs_[owner->second];
      for (const Quiet& quiet : job.quiet) {
        const bool too_late = probe.at >= quiet.from && (!quiet.until || probe.at < *quiet.until);
        EXPECT_FALSE(too_late) << probe.email << " of " << job.id << " was asked about "
                               << (probe.at - quiet.from).count() << " too late";
      }
    }
  }

  World world_;
  SeededRandom chance_;
  std::vector<Watched> jobs_;
  std::unordered_map<std::string, std::size_t> owner_;
};

// How long a hundred addresses of one tenant take, beside `rows` of another's list that is under
// way.
Milliseconds time_of_a_short_list(std::size_t rows) {
  World world(11);
  const auto addresses = [&](std::size_t count) {
    std::vector<std::string> emails(count);
    // Without greylisting, whose delays would hide what is measured.
    for (std::string& email : emails) email = world.make_address(Greylisted::kNo);
    return emails;
  };
  if (rows > 0) {
    EXPECT_FALSE(world.submit("large", addresses(rows), 10'000).empty());
    world.advance(5s);
  }
  const WallTime begin = world.time.clock().wall_now();
  const std::string id = world.submit("small", addresses(100), 10'000);
  const auto job = [&] { return world.look_up_job(id, "small").value(); };
  for (int turn = 0; turn < 10'000 && !model::is_final(job().state); ++turn) world.advance(100ms);
  EXPECT_EQ(job().state, model::JobState::kCompleted);
  return std::chrono::duration_cast<Milliseconds>(job().finished_at.value_or(begin) - begin);
}

TEST(LifeCycle, AShortListBesideALongOneTakesNoMoreThanTwiceItsTimeAlone) {
  set_log_level(LogLevel::kOff);
  const Milliseconds alone = time_of_a_short_list(0);
  const Milliseconds beside = time_of_a_short_list(60'000);
  std::cout << "alone " << alone.count() << " ms, beside 60,000 rows " << beside.count() << " ms\n";
  EXPECT_LE(beside, 2 * alone);
}

TEST(LifeCycle, NobodyIsAskedAfterTheAnswerAndTotalsAddUpFromEverySeed) {
  set_log_level(LogLevel::kOff);
  for_each_seed("VERIHOOK_SEQUENCES", 50, [](std::uint64_t seed) {
    Sequence sequence(seed);
    sequence.run();
    sequence.check();
  });
}

}  // namespace
}  // namespace verihook::simulation
