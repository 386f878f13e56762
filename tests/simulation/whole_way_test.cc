// The whole way from a seed: lists go in, mail servers are asked, signed webhooks come out, while
// connections break, endpoints fail, the disk is full and the node is killed. Afterwards the world
// is well again and everything must have come to its end: each acknowledged job completed, each
// address with exactly one result in the order submitted, no verdict against the truth, each job's
// completion told at least once under one id, and every delivery accounted for.
//
// VERIHOOK_SEEDS sets how many seeds are run (default 1000), VERIHOOK_SEED runs one alone.

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/simulation/seeds.h"
#include "tests/simulation/world.h"

namespace verihook::simulation {
namespace {

using namespace std::chrono_literals;

class Life {
 public:
  explicit Life(std::uint64_t seed) : world_(seed), chance_(seed * 7'919 + 13) {}

  void live() {
    world_.faults = {.mail_connection = chance_.unit() * 0.4,
                     .mail_throttle = chance_.chance(0.5) ? chance_.unit() * 0.3 : 0,
                     .endpoint = chance_.unit() * 0.6,
                     .endpoint_timeout = chance_.unit() * 0.2,
                     .disk_full = chance_.chance(0.3) ? chance_.unit() * 0.3 : 0};
    const auto steps = 4 + chance_.below(6);
    for (std::uint64_t step = 0; step < steps; ++step) {
      if (chance_.chance(0.5)) submit();
      if (chance_.chance(0.5)) ask_about_some();
      world_.advance(Milliseconds{chance_.below(8'000)});
      if (chance_.chance(0.3)) {
        world_.kill_node();
        world_.start_node();
      }
    }
    world_.faults = {};
    world_.kill_node();
    world_.start_node();
    world_.advance(2h);
  }

  void check() {
    for (const auto& [id, emails] : jobs_) check_job(id, emails);
    for (const auto& [id, email] : verifications_) check_verification(id, email);
    check_webhooks();
    const auto counts = world_.delivery_counts();
    EXPECT_EQ(counts.pending, 0);
    EXPECT_EQ(counts.dead, 0);
  }

 private:
  void submit() {
    std::vector<std::string> emails(1 + chance_.below(60));
    for (std::string& email : emails) email = world_.make_address();
    const std::string id = world_.submit(emails);
    if (!id.empty()) jobs_[id] = std::move(emails);
  }

  void ask_about_some() {
    const auto count = 1 + chance_.below(20);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string email = world_.make_address();
      const std::string id = world_.verify_later(email);
      if (!id.empty()) verifications_[id] = std::move(email);
    }
  }

  void check_verification(const std::string& id, const std::string& email) {
    SCOPED_TRACE(id);
    const model::Verification found = world_.find_verification(id);
    ASSERT_TRUE(found.done());
    check_result(boost::json::parse(found.result).as_object(), email);
  }

  // A broken connection may leave an address unknown; it never makes a verdict wrong.
  void check_result(const boost::json::object& result, const std::string& email) {
    EXPECT_EQ(result.at("email").as_string(), email);
    const std::string status(result.at("status").as_string());
    const bool unsure = status == "valid" && result.at("is_catch_all").is_null();
    if (status == "unknown" || unsure) return;
    EXPECT_EQ(status, model::to_string(world_.truth(email)))
        << email << " " << result.at("reason").as_string();
  }

  void check_job(const std::string& id, const std::vector<std::string>& emails) {
    SCOPED_TRACE(id);
    const model::Job job = world_.find_job(id);
    EXPECT_EQ(job.state, model::JobState::kCompleted);
    EXPECT_EQ(job.processed_count, job.total_count);
    const auto results = boost::json::parse(world_.download(id)).as_array();
    ASSERT_EQ(results.size(), emails.size());
    model::Summary summary;
    for (std::size_t i = 0; i < emails.size(); ++i) {
      const auto& result = results[i].as_object();
      check_result(result, emails[i]);
      const std::string status(result.at("status").as_string());
      ++summary.total;
      summary.valid += status == "valid";
      summary.invalid += status == "invalid";
      summary.risky += status == "risky";
      summary.unknown += status == "unknown";
    }
    EXPECT_EQ(job.summary.total, summary.total);
    EXPECT_EQ(job.summary.valid, summary.valid);
    EXPECT_EQ(job.summary.invalid, summary.invalid);
    EXPECT_EQ(job.summary.risky, summary.risky);
    EXPECT_EQ(job.summary.unknown, summary.unknown);
  }

  void check_webhooks() {
    std::map<std::string, std::set<std::string>> completions;
    for (const Received& one : world_.received) {
      EXPECT_TRUE(one.signature_ok) << one.body;
      if (one.event_type == "verification.completed") {
        EXPECT_TRUE(verifications_.contains(one.verification_id)) << one.body;
        EXPECT_EQ(one.job_id, "") << one.body;
        completions[one.verification_id].insert(one.webhook_id);
        continue;
      }
      EXPECT_TRUE(jobs_.contains(one.job_id)) << one.body;
      if (one.event_type == "bulk.completed") completions[one.job_id].insert(one.webhook_id);
    }
    for (const auto& [id, email] : verifications_) {
      EXPECT_EQ(completions[id].size(), 1u)
          << id << " was told of under more or fewer ids than one";
    }
    for (const auto& [id, emails] : jobs_) {
      EXPECT_EQ(completions[id].size(), 1u)
          << id << " was told of under more or fewer ids than one";
    }
  }

  World world_;
  SeededRandom chance_;
  std::map<std::string, std::vector<std::string>> jobs_;
  std::map<std::string, std::string> verifications_;  // their addresses
};

TEST(WholeWay, AServerThatSaysLaterIsAskedAgainAndTheJobSaysSoMeanwhile) {
  World world(1);
  std::vector<std::string> emails(400);
  for (std::string& email : emails) email = world.make_address();
  const std::string id = world.submit(emails);
  world.advance(1min);
  const model::Job waiting = world.find_job(id);
  const store::ParkedRows parked = world.find_parked(id);
  EXPECT_EQ(waiting.state, model::JobState::kProcessing);
  EXPECT_GT(parked.count, 50);
  EXPECT_EQ(waiting.processed_count + parked.count, waiting.total_count);
  ASSERT_TRUE(parked.until);
  world.kill_node();
  world.start_node();
  world.advance(30min);
  EXPECT_EQ(world.find_parked(id).count, 0);
  const auto results = boost::json::parse(world.download(id)).as_array();
  ASSERT_EQ(results.size(), emails.size());
  int asked_again = 0;
  for (std::size_t i = 0; i < emails.size(); ++i) {
    const auto& result = results[i].as_object();
    EXPECT_EQ(result.at("status").as_string(), model::to_string(world.truth(emails[i])));
    asked_again += result.at("smtp").as_object().at("attempts").as_int64() > 1;
  }
  EXPECT_GE(asked_again, parked.count);
}

TEST(WholeWay, AVerificationWaitsForAServerThatSaysLater) {
  World world(1);
  std::map<std::string, std::string> asked;
  for (int i = 0; i < 60; ++i) {
    const std::string email = world.make_address();
    asked[world.verify_later(email)] = email;
  }
  world.advance(1min);
  int parked = 0;
  for (const auto& [id, email] : asked) parked += !world.find_verification(id).done();
  EXPECT_GT(parked, 5);
  world.kill_node();
  world.start_node();
  world.advance(30min);
  for (const auto& [id, email] : asked) {
    const model::Verification found = world.find_verification(id);
    ASSERT_TRUE(found.done()) << email;
    const auto result = boost::json::parse(found.result).as_object();
    EXPECT_EQ(result.at("status").as_string(), model::to_string(world.truth(email)));
  }
  EXPECT_EQ(world.received.size(), asked.size());
}

TEST(WholeWay, ComesToItsEndFromEverySeed) {
  set_log_level(LogLevel::kOff);
  for_each_seed("VERIHOOK_SEEDS", 1'000, [](std::uint64_t seed) {
    Life life(seed);
    life.live();
    life.check();
  });
}

}  // namespace
}  // namespace verihook::simulation
