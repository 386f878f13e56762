#include "destinations/services/command_run.h"

#include <array>
#include <csignal>
#include <optional>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_task.h"
#include "tests/support/virtual_time.h"

namespace verihook::destinations {
namespace {

using namespace std::chrono_literals;

// Real commands under virtual time: it stands still until the test moves it, so nothing here waits
// for a clock.
class RunCommandTest : public ::testing::Test {
 protected:
  static Command shell(std::string script, std::string input = {}) {
    Command command;
    command.arguments = {"/bin/sh", "-c", std::move(script)};
    command.input = std::move(input);
    return command;
  }
  Result<CommandEnd> run(Command command) {
    return testing::run_task(
        io_, run_command(pool_, time_, std::move(command), Deadline::after(time_.clock(), 15s)));
  }
  enum class Until { kDeadline, kPatienceEnds };

  // Runs a command that says when it is ready and then never ends by itself; time passes up to its
  // deadline, or further.
  CommandEnd run_past_deadline(const std::string& ready, Until until) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    // No descriptor is passed on, but this one has a name.
    const std::string name =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[1]);
    std::optional<Result<CommandEnd>> end;
    asio::co_spawn(io_,
                   run_command(pool_, time_,
                               shell(ready + " >" + name + "; while :; do sleep 1000 & wait; done"),
                               Deadline::after(time_.clock(), 15s)),
                   [&](std::exception_ptr error, Result<CommandEnd> result) {
                     if (error) std::rethrow_exception(error);
                     end = std::move(result);
                   });
    io_.poll();
    char first = 0;
    EXPECT_EQ(::read(ends[0], &first, 1), 1);
    // It was started, so the pool is done, and its deadline begins to be watched.
    pool_.join();
    io_.restart();
    io_.poll();
    time_.advance(15s);
    if (until == Until::kPatienceEnds) time_.advance(2s);
    io_.restart();
    while (!end) io_.run_one();
    ::close(ends[0]);
    ::close(ends[1]);
    return end->value();
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  asio::thread_pool pool_{1};
};

TEST_F(RunCommandTest, HandsOverInputAndEnvironmentAndKeepsBothOutputs) {
  Command command = shell("cat; echo \"$FACT\" >&2; env | wc -l; exit 3", "in\n");
  command.environment = {{"FACT", "a b"}};
  const auto end = run(std::move(command));
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->exit_code, 3);
  EXPECT_EQ(end->signal_number, 0);
  // FACT, and what the shell adds: PWD and perhaps _ and SHLVL.
  EXPECT_TRUE(end->output.starts_with("in\na b\n")) << end->output;
  EXPECT_LE(std::stoi(end->output.substr(7)), 4);
}

TEST_F(RunCommandTest, ACommandThatReadsNothingOfALongInputSimplyEnds) {
  const auto end = run(shell("exit 0", std::string(std::size_t{8} << 20, 'x')));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->exit_code, 0);
}

TEST_F(RunCommandTest, NoDescriptorOfThisProgramIsPassedOn) {
  const auto end = run(shell("ls /proc/self/fd | wc -l"));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->output, "4\n") << "the three of every program, and the folder that ls reads";
}

TEST_F(RunCommandTest, AMissingProgramAndOneThatMayNotBeRun) {
  Command missing;
  missing.arguments = {"/nowhere/at/all"};
  EXPECT_EQ(run(missing).error().code, Errc::kNotFound);
  missing.arguments = {"/etc/passwd"};
  EXPECT_EQ(run(missing).error().code, Errc::kForbidden);
}

TEST_F(RunCommandTest, EndlessOutputIsCutAndEndsTheCommand) {
  Command command = shell("exec yes");
  command.output_bytes_max = 100'000;
  const auto end = run(std::move(command));
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->wrote_too_much);
  EXPECT_EQ(end->output.size(), 100'000u);
  EXPECT_EQ(end->signal_number, SIGTERM);
}

TEST_F(RunCommandTest, ASignalIsNoExitCode) {
  const auto end = run(shell("kill -SEGV $$"));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->exit_code, 0);
  EXPECT_EQ(end->signal_number, SIGSEGV);
  EXPECT_FALSE(end->timed_out);
}

TEST_F(RunCommandTest, WhatItLeavesRunningInItsGroupDoesNotKeepItOpen) {
  const auto end = run(shell("sleep 1000 & echo done"));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->output, "done\n");
}

TEST_F(RunCommandTest, AHangingCommandIsEndedAtItsDeadline) {
  const CommandEnd end = run_past_deadline("echo ready", Until::kDeadline);
  EXPECT_TRUE(end.timed_out);
  EXPECT_EQ(end.signal_number, SIGTERM);
}

TEST_F(RunCommandTest, ACommandThatIgnoresSigtermIsKilled) {
  const CommandEnd end = run_past_deadline("trap '' TERM; echo ready", Until::kPatienceEnds);
  EXPECT_TRUE(end.timed_out);
  EXPECT_EQ(end.signal_number, SIGKILL);
}

}  // namespace
}  // namespace verihook::destinations
