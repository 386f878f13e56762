// TaskGroup: owns coroutines that run beside their starter. Whoever starts background work keeps a
// group, so that nothing outlives what it refers to: `join` refuses new work and waits, `cancel`
// asks the children to stop. A child that throws is logged and ends alone. One io thread. The group
// must be empty when it is destroyed, unless the io context has been stopped for good.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include "async/task.h"
#include "async/wait_list.h"

namespace verihook {

class TaskGroup {
 public:
  TaskGroup(asio::any_io_executor executor, std::string name);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `task`, on the io thread at once: it may have ended when this returns. The child's
  // number, or 0 when the group is closing, and then the task never runs.
  std::uint64_t spawn(std::string_view label, Task<void> task);

  // Sends every child a terminal cancellation. Does not wait.
  void cancel();
  // The same to one child; nothing happens when it has ended.
  void cancel(std::uint64_t child);
  // From now on spawn refuses.
  void close() { closing_ = true; }
  // Closes, then returns when the last child has ended.
  Task<void> join();

  std::size_t size() const { return children_.size(); }
  bool closing() const { return closing_; }
  // What is still running, for the log of a slow shutdown.
  std::vector<std::string> labels() const;

 private:
  struct Child {
    std::uint64_t number = 0;
    std::string label;
    asio::cancellation_signal cancel;
  };

  void on_end(std::list<Child>::iterator child, std::exception_ptr exception);

  asio::any_io_executor executor_;
  const std::string name_;
  std::list<Child> children_;
  std::uint64_t last_number_ = 0;
  bool closing_ = false;
  WaitList joiners_;
};

}  // namespace verihook
