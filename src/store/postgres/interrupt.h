// Interrupt: tells a thread that waits on a socket to give up. Raised once, by any thread, for
// good.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

namespace verihook::store::postgres {

class Interrupt {
 public:
  Interrupt() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Interrupt() {
    if (event_ >= 0) ::close(event_);
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise() {
    if (event_ >= 0) ::eventfd_write(event_, 1);
  }
  // Readable once raised; negative when there was no descriptor left, and then nothing interrupts.
  int descriptor() const { return event_; }

 private:
  const int event_;
};

}  // namespace verihook::store::postgres
