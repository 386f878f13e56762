#include "jobs/job_bell.h"

namespace verihook::jobs {

void JobBell::ring(const std::string& job_id) {
  const auto [begin, end] = watches_.equal_range(job_id);
  for (auto watch = begin; watch != end; ++watch) watch->second->hear();
}

void JobBell::close() {
  closed_ = true;
  for (const auto& [job_id, watch] : watches_) watch->hear();
}

JobBell::Watch::Watch(JobBell& bell, std::string job_id)
    : bell_(bell), place_(bell.watches_.emplace(std::move(job_id), this)) {}

JobBell::Watch::~Watch() { bell_.watches_.erase(place_); }

void JobBell::Watch::hear() {
  rung_ = true;
  waiting_.wake_all();
}

Task<void> JobBell::Watch::wait(Deadline deadline) {
  if (std::exchange(rung_, false) || bell_.closed()) co_return;
  co_await waiting_.wait(bell_.timers_, deadline);
  rung_ = false;
}

}  // namespace verihook::jobs
