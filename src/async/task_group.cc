#include "async/task_group.h"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.h"

namespace verihook {

TaskGroup::TaskGroup(asio::any_io_executor executor, std::string name)
    : executor_(std::move(executor)), name_(std::move(name)) {}

TaskGroup::~TaskGroup() = default;

std::uint64_t TaskGroup::spawn(std::string_view label, Task<void> task) {
  if (closing_) return 0;
  const std::uint64_t number = ++last_number_;
  children_.emplace_back();
  const auto child = std::prev(children_.end());
  child->number = number;
  child->label = label;
  asio::co_spawn(
      executor_, std::move(task),
      asio::bind_cancellation_slot(
          child->cancel.slot(), [this, child](std::exception_ptr error) { on_end(child, error); }));
  return number;
}

void TaskGroup::cancel() {
  for (Child& child : children_) child.cancel.emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel(std::uint64_t child) {
  const auto found = std::ranges::find(children_, child, &Child::number);
  if (found != children_.end()) found->cancel.emit(asio::cancellation_type::terminal);
}

Task<void> TaskGroup::join() {
  closing_ = true;
  while (!children_.empty()) {
    const bool woken = co_await joiners_.wait();
    if (!woken) co_return;
  }
}

std::vector<std::string> TaskGroup::labels() const {
  std::vector<std::string> labels;
  for (const Child& child : children_) labels.push_back(child.label);
  return labels;
}

void TaskGroup::on_end(std::list<Child>::iterator child, std::exception_ptr exception) {
  if (exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::operation_aborted) {
        log_error("a background task failed",
                  {{"group", name_}, {"task", child->label}, {"error", error.what()}});
      }
    } catch (const std::exception& error) {
      log_error("a background task failed",
                {{"group", name_}, {"task", child->label}, {"error", error.what()}});
    }
  }
  children_.erase(child);
  if (children_.empty()) joiners_.wake_all();
}

}  // namespace verihook
