// The peer for DNS mode: a bare c-ares loop that asks for the MX of many domains, so many at once,
// and does nothing with the answers but count them.
//   cares_loop PORT COUNT IN_FLIGHT   prints domains per second
#include <chrono>
#include <cstdio>
#include <string>
#include <sys/select.h>

#include <ares.h>
#include <ares_nameser.h>

namespace {

struct Loop {
  ares_channel channel = nullptr;
  long count = 0;
  long started = 0;
  long answered = 0;
  long failed = 0;
};

void start_one(Loop& loop);

void on_answer(void* argument, int status, int, unsigned char*, int) {
  auto& loop = *static_cast<Loop*>(argument);
  ++loop.answered;
  if (status != ARES_SUCCESS) ++loop.failed;
  if (loop.started < loop.count) start_one(loop);
}

void start_one(Loop& loop) {
  const std::string name = "b" + std::to_string(loop.started++) + ".test";
  ares_query(loop.channel, name.c_str(), ns_c_in, ns_t_mx, on_answer, &loop);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  ares_library_init(ARES_LIB_INIT_ALL);
  Loop loop;
  loop.count = std::stol(argv[2]);
  ares_options options{};
  options.timeout = 2'000;
  if (ares_init_options(&loop.channel, &options, ARES_OPT_TIMEOUTMS) != ARES_SUCCESS) return 1;
  ares_set_servers_ports_csv(loop.channel, ("127.0.0.1:" + std::string(argv[1])).c_str());
  const auto begin = std::chrono::steady_clock::now();
  for (long i = 0; i < std::stol(argv[3]) && loop.started < loop.count; ++i) start_one(loop);
  while (loop.answered < loop.count) {
    fd_set readable;
    fd_set writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const int highest = ares_fds(loop.channel, &readable, &writable);
    timeval wait{.tv_sec = 1, .tv_usec = 0};
    ::select(highest, &readable, &writable, nullptr, ares_timeout(loop.channel, &wait, &wait));
    ares_process(loop.channel, &readable, &writable);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  ares_destroy(loop.channel);
  if (loop.failed > 0) return 1;
  std::printf("%.0f\n", static_cast<double>(loop.count) / spent.count());
  return 0;
}
