#include "destinations/services/command_run.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "async/run_on.h"
#include "async/wait_list.h"

namespace verihook::destinations {
namespace {

// Owns a descriptor.
class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~File() {
    if (number_ >= 0) ::close(number_);
  }

  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::unexpected<Error> system_error(Errc code, std::string_view what, int number) {
  return fail(code, std::string(what) + ": " + std::generic_category().message(number));
}

struct Started {
  pid_t process = 0;
  File process_file;  // readable once the process has ended
  File output;
};

Result<File> file_of(std::string_view input) {
  File file(::memfd_create("verihook-input", MFD_CLOEXEC));
  if (file.get() < 0) return system_error(Errc::kBusy, "no file for the command's input", errno);
  while (!input.empty()) {
    const ssize_t written = ::write(file.get(), input.data(), input.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(Errc::kStorageFull, "the command's input", errno);
    input.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return std::move(file);
}

// The attributes and file actions of posix_spawn.
class SpawnPlan {
 public:
  SpawnPlan(int input, int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    // Not every socket of this program closes by itself.
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawn_file_actions_addchdir_np(&actions_, "/");
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // An errno, 0 when it runs.
  int run(const Command& command, pid_t& process) const {
    std::vector<std::string> variables;
    for (const auto& [name, value] : command.environment) variables.push_back(name + "=" + value);
    const std::vector<char*> arguments = pointers(command.arguments);
    const std::vector<char*> environment = pointers(variables);
    return ::posix_spawn(&process, arguments[0], &actions_, &attributes_, arguments.data(),
                         environment.data());
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    // posix_spawn changes none of them; its types are older than const.
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

void kill_group(pid_t leader, int signal_number) { ::kill(-leader, signal_number); }

// On the pool.
Result<Started> start(const Command& command) {
  TRY(input, file_of(command.input));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_error(Errc::kBusy, "no pipe for the command's output", errno);
  }
  Started started;
  started.output = File(ends[0]);
  const File write_end(ends[1]);
  const SpawnPlan plan(input.get(), write_end.get());
  const int error = plan.run(command, started.process);
  if (error == ENOENT || error == ENOTDIR) {
    return fail(Errc::kNotFound, "there is no program " + command.arguments[0]);
  }
  if (error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
      error == ETXTBSY) {
    return system_error(Errc::kBusy, "the command could not be started", error);
  }
  if (error != 0) return system_error(Errc::kForbidden, command.arguments[0], error);
  // glibc 2.36 declares pidfd_open for C alone.
  started.process_file = File(static_cast<int>(::syscall(SYS_pidfd_open, started.process, 0)));
  if (started.process_file.get() < 0) {
    const int reason = errno;
    kill_group(started.process, SIGKILL);
    ::waitpid(started.process, nullptr, 0);
    return system_error(Errc::kBusy, "the command could not be watched", reason);
  }
  return std::move(started);
}

// A command that runs. Destroying it kills what is left of it.
class Running {
 public:
  Running(const asio::any_io_executor& executor, Timers& timers, Started started,
          const Command& command)
      : process_(started.process),
        end_(executor, started.process_file.release()),
        output_(executor, started.output.release()),
        alarm_(timers, executor),
        clock_(timers.clock()),
        command_(command) {
    output_.non_blocking(true);
  }
  ~Running() {
    state_->owner = nullptr;
    if (!reaped_) reap();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Task<CommandEnd> finish(Deadline deadline) {
    alarm_.arm(deadline, [this] {
      result_.timed_out = true;
      terminate();
    });
    end_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [state = state_](const boost::system::error_code&) {
                      if (state->owner != nullptr) state->owner->on_end();
                    });
    co_await read_output();
    while (!state_->ended && !cancelled(co_await asio::this_coro::cancellation_state)) {
      co_await news_.wait();
    }
    alarm_.disarm();
    const int status = reap();
    if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result_.signal_number = WTERMSIG(status);
    co_return std::move(result_);
  }

 private:
  // Shared with the wait for the end, which may outlive us by one turn.
  struct State {
    Running* owner;
    bool ended = false;
  };

  void on_end() {
    state_->ended = true;
    output_.cancel();
    news_.wake_all();
  }

  void terminate() {
    kill_group(process_, SIGTERM);
    alarm_.arm(Deadline::after(clock_, command_.patience_ms),
               [this] { kill_group(process_, SIGKILL); });
  }

  // Until its end or the command's, whichever comes first: others may hold the pipe for ever.
  Task<void> read_output() {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
      const auto [error, count] = co_await output_.async_read_some(asio::buffer(buffer), kAsTuple);
      take({buffer.data(), count});
      if (error || result_.wrote_too_much) break;
    }
    if (!state_->ended) co_return;
    // What the command wrote last.
    boost::system::error_code error;
    while (!error && !result_.wrote_too_much) {
      const std::size_t count = output_.read_some(asio::buffer(buffer), error);
      take({buffer.data(), count});
    }
  }

  void take(std::string_view piece) {
    const std::size_t room = command_.output_bytes_max - result_.output.size();
    result_.output += piece.substr(0, room);
    if (piece.size() <= room || result_.wrote_too_much) return;
    result_.wrote_too_much = true;
    terminate();
  }

  // Kills what is left of the group while its number is still ours, and takes the status.
  int reap() {
    reaped_ = true;
    kill_group(process_, SIGKILL);
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  const pid_t process_;
  asio::posix::stream_descriptor end_;
  asio::posix::stream_descriptor output_;
  Alarm alarm_;
  const Clock& clock_;
  const Command& command_;
  WaitList news_;
  const std::shared_ptr<State> state_ = std::make_shared<State>(this);
  CommandEnd result_;
  bool reaped_ = false;
};

}  // namespace

Task<Result<CommandEnd>> run_command(asio::thread_pool& pool, Timers& timers, Command command,
                                     Deadline deadline) {
  CO_TRY(started, co_await run_on(pool, [&command] { return start(command); }));
  const auto executor = co_await asio::this_coro::executor;
  Running running(executor, timers, std::move(started), command);
  co_return co_await running.finish(deadline);
}

}  // namespace verihook::destinations
