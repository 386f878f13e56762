// The peer for conversations: asks about mailboxes over a few connections with as many RCPT TO in
// each write as verihook puts there, and counts the lines that come back: no DNS, no judgement, no
// store.
//   rcpt_loop PORT COUNT CONNECTIONS WINDOW   prints addresses per second
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

// Reads until so many lines have come.
bool take_lines(int fd, long lines) {
  char buffer[16'384];
  while (lines > 0) {
    const auto count = ::recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    for (long i = 0; i < count; ++i) lines -= buffer[i] == '\n';
  }
  return true;
}

bool say(int fd, const std::string& text, long lines) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<long>(text.size()) &&
         take_lines(fd, lines);
}

bool ask(int port, long first, long count, long window) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  bool good = take_lines(fd, 1) && say(fd, "EHLO bench.test\r\n", 2);
  for (long done = 0; good && done < count; done += window) {
    std::string text = "RSET\r\nMAIL FROM:<verify@bench.test>\r\n";
    for (long i = 0; i < window; ++i) {
      text += "RCPT TO:<u" + std::to_string(first + done + i) + "@b1.test>\r\n";
    }
    good = say(fd, text, 2 + window);
  }
  good = good && say(fd, "QUIT\r\n", 1);
  ::close(fd);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int port = std::stoi(argv[1]);
  const long threads = std::stol(argv[3]);
  const long window = std::stol(argv[4]);
  const long each = std::stol(argv[2]) / threads / window * window;
  std::atomic<bool> good = true;
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> running;
    for (long i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        if (!ask(port, i * each, each, window)) good = false;
      });
    }
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  if (!good) return 1;
  std::printf("%.0f\n", static_cast<double>(each * threads) / spent.count());
  return 0;
}
