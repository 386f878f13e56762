// The mail world of benchmarks and of tests with a million rows, in one thread: a name server for
// every domain there is, and a mail server on every address of 127.0.0.0/8, so fast that whoever
// asks is what is measured. The MX of NAME is mx.NAME, its address one of 127.1.0.0/16 that depends
// on the name. Mailboxes that begin with "u" exist. PIPELINING is offered, TLS is not.
//   mail_world DNS_PORT SMTP_PORT DELAY_MS [GREET_AT [RCPT_PER_S]]
// Runs until SIGTERM, then prints NAME VALUE lines: the connections, commands and queries that it
// saw, and how many connections were open at most. DELAY_MS is what each of its SMTP answers takes.
// It greets nobody before GREET_AT connections are open, so that as many are open at once however
// slowly they come.
//   With RCPT_PER_S it answers so many RCPT a second, remembers when it was asked about each
// mailbox u0@, u1@, … or n0@, n1@, … last, and takes commands from its standard input, a line each:
//   rate N     so many a second from now on, 0: as fast as it can
//   killed     whoever asked is dead: a life ends. Answers "done" when nothing is left to be read
//   lives      answers a JSON object: "asked", mailboxes; "twice_in_a_life", questions about a
//              mailbox within one life after its first; "lives", for each life that ended
//              [mailboxes asked about, of them asked again later, milliseconds before its end that
//              the first of these was asked]
#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t stopping = 0;

struct Connection {
  bool open = false;
  std::uint32_t generation = 0;
  std::string input;
};
// When a mailbox was asked about last.
struct Asked {
  std::uint32_t life = 0;  // 0: never; the first is 1
  Clock::time_point at{};
};
struct Life {
  std::uint64_t asked = 0;
  std::uint64_t again = 0;
  std::chrono::milliseconds lost{0};
  Clock::time_point end{};
};
constexpr std::size_t kMailboxesMax = 100'000'000;

struct Late {
  Clock::time_point due;
  int socket;
  std::uint32_t generation;
  std::string bytes;
  bool last;
};

int epoll = -1;
std::vector<Connection> connections;
std::deque<Late> late;  // they fall due in order
std::chrono::milliseconds delay{0};
std::vector<int> not_greeted;
std::uint64_t greet_at = 0;
bool watches = false;
double recipients_per_s = 0;  // 0: as many as come
Clock::time_point next_recipient{};
bool killed = false;  // a life is to end
std::string told;     // on the standard input, not yet a whole line
std::vector<Asked> mailboxes;
std::vector<Life> lives(2);  // by number; the last is running
std::uint64_t asked = 0, twice_in_a_life = 0;
std::uint64_t connected = 0, commands = 0, queries = 0, open_now = 0, open_most = 0;

sockaddr_in any_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int listen_on(int type, int port) {
  const int fd = ::socket(AF_INET, type | SOCK_NONBLOCK, 0);
  const int on = 1;
  const int bytes = 8 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  const sockaddr_in address = any_address(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  if (type == SOCK_STREAM && ::listen(fd, 65'535) != 0) return -1;
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  return fd;
}

void append16(std::string& out, unsigned value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

// The question comes back with one record, whose name points at the question's.
std::string answer_to(std::string_view query) {
  std::size_t end = 12;
  std::uint32_t hash = 2'166'136'261u;
  while (end < query.size() && query[end] != 0) {
    end += 1 + static_cast<unsigned char>(query[end]);
  }
  if (end + 5 > query.size()) return {};
  for (std::size_t i = 12; i < end; ++i) {
    hash = (hash ^ static_cast<unsigned char>(query[i])) * 16'777'619u;
  }
  const int type = static_cast<unsigned char>(query[end + 2]);
  const bool has_record = type == 15 || type == 1;
  std::string out(query.substr(0, 2));
  append16(out, 0x8580);  // an authoritative answer, recursion available
  append16(out, 1);
  append16(out, has_record ? 1 : 0);
  out.append(4, '\0');
  out.append(query.substr(12, end + 5 - 12));
  if (!has_record) return out;
  append16(out, 0xc00c);
  append16(out, static_cast<unsigned>(type));
  append16(out, 1);
  out.append(std::string_view("\0\0\x0e\x10", 4));
  if (type == 15) {
    append16(out, 7);
    append16(out, 10);
    out.append("\2mx");
    append16(out, 0xc00c);
  } else {
    append16(out, 4);
    out.append(std::string_view("\x7f\x01", 2));
    append16(out, 1 + hash % 65'000);
  }
  return out;
}

void answer_queries(int fd) {
  char buffer[1500];
  sockaddr_in peer{};
  for (int i = 0; i < 64; ++i) {
    socklen_t size = sizeof peer;
    const auto count =
        ::recvfrom(fd, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (count < 17) return;
    ++queries;
    const std::string out = answer_to({buffer, static_cast<std::size_t>(count)});
    ::sendto(fd, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
  }
}

void drop(int fd) {
  if (!connections[static_cast<std::size_t>(fd)].open) return;
  connections[static_cast<std::size_t>(fd)].open = false;
  --open_now;
  ::close(fd);
}

void send_now(int fd, std::string_view bytes, bool last) {
  if (!bytes.empty()) ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (last) drop(fd);
}

void say(int fd, std::string bytes, bool last, int recipients = 0) {
  if (delay.count() == 0 && recipients_per_s == 0 && late.empty()) {
    return send_now(fd, bytes, last);
  }
  const auto generation = connections[static_cast<std::size_t>(fd)].generation;
  Clock::time_point due = Clock::now() + delay;
  if (recipients_per_s > 0) {
    const std::chrono::duration<double> turn(recipients / recipients_per_s);
    next_recipient =
        std::max(next_recipient, Clock::now()) + std::chrono::duration_cast<Clock::duration>(turn);
    due = std::max(due, next_recipient);
  }
  if (!late.empty()) due = std::max(due, late.back().due);
  late.push_back({due, fd, generation, std::move(bytes), last});
}

// `mailbox` begins with a letter and a number, or is none of those that are watched.
void note_question(std::string_view mailbox) {
  std::size_t number = 0;
  const char* const end = mailbox.data() + mailbox.size();
  const auto [after, error] = std::from_chars(mailbox.data() + 1, end, number);
  if (error != std::errc{} || after == end || *after != '@' || number >= kMailboxesMax) return;
  if (number >= mailboxes.size()) mailboxes.resize(number + 1);
  Asked& before = mailboxes[number];
  const auto now_living = static_cast<std::uint32_t>(lives.size() - 1);
  if (before.life == now_living) {
    ++twice_in_a_life;
  } else {
    ++lives[now_living].asked;
    if (before.life == 0) {
      ++asked;
    } else {
      Life& former = lives[before.life];
      ++former.again;
      former.lost = std::max(former.lost,
                             std::chrono::ceil<std::chrono::milliseconds>(former.end - before.at));
    }
  }
  before = {now_living, Clock::now()};
}

void accept_all(int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto index = static_cast<std::size_t>(fd);
    if (index >= connections.size()) connections.resize(index + 1);
    Connection& connection = connections[index];
    connection.open = true;
    ++connection.generation;
    connection.input.clear();
    open_most = std::max(open_most, ++open_now);
    ++connected;
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    not_greeted.push_back(fd);
    if (open_now < greet_at) continue;
    greet_at = 0;
    for (const int waiting : std::exchange(not_greeted, {})) {
      say(waiting, "220 mx.bench.test ESMTP\r\n", false);
    }
  }
}

bool begins(std::string_view line, std::string_view word) {
  return line.size() >= word.size() && ::strncasecmp(line.data(), word.data(), word.size()) == 0;
}

void converse(int fd) {
  char buffer[65'536];
  const auto count = ::recv(fd, buffer, sizeof buffer, 0);
  if (count <= 0) return drop(fd);
  std::string& input = connections[static_cast<std::size_t>(fd)].input;
  input.append(buffer, static_cast<std::size_t>(count));
  std::string out;
  bool last = false;
  int recipients = 0;
  std::size_t at = 0;
  for (std::size_t end; (end = input.find("\r\n", at)) != input.npos; at = end + 2) {
    const std::string_view line = std::string_view(input).substr(at, end - at);
    ++commands;
    if (begins(line, "RCPT TO:")) {
      const auto mailbox = line.substr(line.find('<') + 1);
      ++recipients;
      if (watches && !mailbox.empty()) note_question(mailbox);
      out += begins(mailbox, "u") ? "250 2.1.5 Ok\r\n" : "550 5.1.1 No such user here\r\n";
    } else if (begins(line, "EHLO")) {
      out += "250-mx.bench.test\r\n250 PIPELINING\r\n";
    } else if (begins(line, "QUIT")) {
      out += "221 2.0.0 Bye\r\n";
      last = true;
    } else {
      out += "250 2.0.0 Ok\r\n";
    }
  }
  input.erase(0, at);
  say(fd, std::move(out), last, recipients);
}

void answer_line(std::string_view line) {
  if (line.starts_with("rate ")) {
    recipients_per_s = std::stod(std::string(line.substr(5)));
  } else if (line == "killed") {
    killed = true;
  } else if (line == "lives") {
    std::printf(R"({"asked":%lu,"twice_in_a_life":%lu,"lives":[)", asked, twice_in_a_life);
    for (std::size_t i = 1; i + 1 < lives.size(); ++i) {
      std::printf("%s[%lu,%lu,%ld]", i == 1 ? "" : ",", lives[i].asked, lives[i].again,
                  static_cast<long>(lives[i].lost.count()));
    }
    std::printf("]}\n");
  }
  std::fflush(stdout);
}

void listen_to_commands() {
  char buffer[4096];
  const auto count = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (count <= 0) {
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
    return;
  }
  told.append(buffer, static_cast<std::size_t>(count));
  for (std::size_t end; (end = told.find('\n')) != told.npos; told.erase(0, end + 1)) {
    answer_line(std::string_view(told).substr(0, end));
  }
}

// The dead may have left bytes behind that are still to be read, so a life ends when nothing came.
void end_life() {
  if (open_now > 0) return;
  killed = false;
  lives.back().end = Clock::now();
  lives.emplace_back();
  std::printf("done\n");
  std::fflush(stdout);
}

// How long epoll may wait for the next late answer.
int send_late() {
  const auto now = Clock::now();
  for (; !late.empty() && late.front().due <= now; late.pop_front()) {
    const Late& first = late.front();
    const Connection& connection = connections[static_cast<std::size_t>(first.socket)];
    if (connection.open && connection.generation == first.generation) {
      send_now(first.socket, first.bytes, first.last);
    }
  }
  return late.empty() && !killed ? 200 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 6) return 2;
  std::signal(SIGTERM, [](int) { stopping = 1; });
  epoll = ::epoll_create1(0);
  const int dns = listen_on(SOCK_DGRAM, std::stoi(argv[1]));
  const int smtp = listen_on(SOCK_STREAM, std::stoi(argv[2]));
  delay = std::chrono::milliseconds{std::stoi(argv[3])};
  if (argc > 4) greet_at = std::stoul(argv[4]);
  if (dns < 0 || smtp < 0) return 1;
  watches = argc == 6;
  if (watches) {
    recipients_per_s = std::stod(argv[5]);
    epoll_event event{.events = EPOLLIN, .data = {.fd = STDIN_FILENO}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  }
  epoll_event events[512];
  while (stopping == 0) {
    const int count = ::epoll_wait(epoll, events, 512, send_late());
    if (killed && count == 0) end_life();
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        listen_to_commands();
      } else if (fd == dns) {
        answer_queries(fd);
      } else if (fd == smtp) {
        accept_all(fd);
      } else {
        converse(fd);
      }
    }
  }
  std::printf("connections %lu\ncommands %lu\nqueries %lu\nopen_most %lu\n", connected, commands,
              queries, open_most);
  return 0;
}
