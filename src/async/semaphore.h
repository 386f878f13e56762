// Semaphore: at most so many at once, first come, first served. One io thread.
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>

#include "async/wait_list.h"
#include "base/result.h"

namespace verihook {

class Semaphore {
 public:
  // Gives its place back when it goes. Movable, so that it can travel with the work it allows.
  class Permit {
   public:
    Permit() = default;
    explicit Permit(Semaphore& owner) : owner_(&owner) {}
    Permit(Permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      if (this != &other) {
        release();
        owner_ = std::exchange(other.owner_, nullptr);
      }
      return *this;
    }
    ~Permit() { release(); }

    void release() {
      if (Semaphore* owner = std::exchange(owner_, nullptr)) owner->give_back();
    }
    explicit operator bool() const { return owner_ != nullptr; }

   private:
    Semaphore* owner_ = nullptr;
  };

  explicit Semaphore(std::size_t places) : free_(places) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Waits for a place; kCancelled when the waiting coroutine is cancelled.
  Task<Result<Permit>> acquire();
  // The same, but not for longer than that: kTimeout.
  Task<Result<Permit>> acquire(Timers& timers, Deadline deadline);
  // A place at once, or an empty permit.
  Permit try_acquire();

  std::size_t free() const { return free_; }
  std::size_t waiting() const { return waiters_.size(); }

 private:
  void give_back();

  std::size_t free_;
  WaitList waiters_;
};

}  // namespace verihook
