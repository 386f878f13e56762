// JobBell: tells those who watch a job that it has changed. Whoever stores a change rings; a Watch
// hears every ring since it began, also while its owner was busy reading the job. Changes that
// another node stores are not heard, so a watcher gives its waits a deadline and looks by itself.
// Lives on the io thread.
#pragma once

#include <map>
#include <string>

#include "async/wait_list.h"

namespace verihook::jobs {

class JobBell {
 public:
  class Watch;

  explicit JobBell(Timers& timers) : timers_(timers) {}
  JobBell(const JobBell&) = delete;
  JobBell& operator=(const JobBell&) = delete;

  void ring(const std::string& job_id);
  // The program stops: nobody waits any more.
  void close();
  bool closed() const { return closed_; }

 private:
  Timers& timers_;
  std::multimap<std::string, Watch*> watches_;
  bool closed_ = false;
};

class JobBell::Watch {
 public:
  // The bell must outlive it.
  Watch(JobBell& bell, std::string job_id);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // At once when the bell has rung since the last wait, else when it rings, is closed, or at the
  // deadline: whoever needs to know which looks at the job.
  Task<void> wait(Deadline deadline);

 private:
  friend class JobBell;
  void hear();

  JobBell& bell_;
  std::multimap<std::string, Watch*>::iterator place_;
  bool rung_ = false;
  WaitList waiting_;
};

}  // namespace verihook::jobs
