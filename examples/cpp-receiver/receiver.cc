// A webhook receiver for verihook in C++: the library verihook::webhooks (docs/library.md) behind
// the HTTP server of cpp-httplib.
//
//   WEBHOOK_SECRET=whsec_… ./receiver                   listens on http://127.0.0.1:3000/
//   PORT=0 HOST=0.0.0.0 EVENTS_FILE=events.jsonl        other places; 0 takes a free port
//
// What it shows, in the order in which it matters:
//   1. The signature is checked over the raw bytes of the body, before anything parses them.
//   2. A body whose timestamp is more than 300 seconds off is refused: it may be a replay.
//   3. An event is written to disk before it is acknowledged, and known by its webhook_id
//      afterwards: deliveries are repeated until one is acknowledged, so each may come twice.
//   4. The work is done after the answer, so that a slow database does not make the sender retry.
#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <httplib.h>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <unordered_set>
#include <verihook/webhooks.h>

namespace webhooks = verihook::webhooks::v1;

namespace {

constexpr std::size_t kBodyBytesMax = 1024 * 1024;

// The events that were acknowledged: a file of JSON lines, and the set of their ids.
class Events {
 public:
  explicit Events(const std::string& path) : file_(open(path.c_str(), O_RDWR | O_CREAT, 0600)) {
    if (file_ < 0) throw std::runtime_error(path + " cannot be opened");
    std::ifstream lines(path);
    // A last line without its end was cut off by a crash, and never acknowledged.
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      if (const auto event = webhooks::parse_event(line)) known_.insert(event->webhook_id);
      end_ += static_cast<off_t>(line.size()) + 1;
    }
  }
  ~Events() { close(file_); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // False when it was here before. When it returns true the event is on disk; throws when it cannot
  // be written.
  bool add(const std::string& webhook_id, std::string line) {
    std::ranges::replace(line, '\n', ' ');  // line ends in JSON are white space
    line += '\n';
    const std::lock_guard lock(mutex_);
    if (known_.contains(webhook_id)) return false;
    // At the place where the last whole line ends, whatever a write that failed has left there.
    const auto size = static_cast<ssize_t>(line.size());
    if (pwrite(file_, line.data(), line.size(), end_) != size || fdatasync(file_) != 0) {
      throw std::runtime_error("the file of events cannot be written");
    }
    end_ += size;
    known_.insert(webhook_id);
    return true;
  }

 private:
  std::mutex mutex_;
  int file_;
  off_t end_ = 0;
  std::unordered_set<std::string> known_;
};

// Here your work begins. It is called once for each event, after the sender has its answer.
void handle(const webhooks::Event& event) {
  const std::string job = event.job_id.value_or("");
  if (const auto* done = std::get_if<webhooks::BulkCompleted>(&event.data)) {
    std::cout << "job " << job << ": " << done->summary.valid << " of " << done->summary.total
              << " valid\n  results: " << done->download_url << std::endl;
  } else if (const auto* failed = std::get_if<webhooks::BulkFailed>(&event.data)) {
    std::cout << "job " << job << " failed: " << failed->error_code << ", " << failed->error_message
              << std::endl;
  } else if (const auto* progress = std::get_if<webhooks::BulkProgress>(&event.data)) {
    std::cout << "job " << job << ": " << progress->percent_complete << " % done" << std::endl;
  } else {
    std::cout << "event " << event.event_type << std::endl;
  }
}

// Hands events to a thread that handles them one after another.
class Worker {
 public:
  void add(webhooks::Event event) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(event));
    }
    came_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (!came_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      const webhooks::Event event = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      handle(event);
    }
  }

  std::mutex mutex_;
  std::condition_variable_any came_;
  std::deque<webhooks::Event> waiting_;
  std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};
};

struct Answer {
  int status;
  const char* body;
};
constexpr Answer kReceived = {200, R"({"received":true})"};
constexpr Answer kDuplicate = {200, R"({"received":true,"duplicate":true})"};
constexpr Answer kMissing = {401, R"({"error":"Missing signature"})"};
constexpr Answer kInvalid = {401, R"({"error":"Invalid signature"})"};
constexpr Answer kNotJson = {400, R"({"error":"Invalid JSON"})"};
constexpr Answer kStale = {400, R"({"error":"Invalid timestamp"})"};
constexpr Answer kTooLarge = {413, R"({"error":"Payload too large"})"};
constexpr Answer kNoMethod = {405, R"({"error":"Method not allowed"})"};
constexpr Answer kUnavailable = {503, R"({"error":"Temporarily unavailable; send it again"})"};

class Receiver {
 public:
  Receiver(const std::string& secret, const std::string& path)
      : plain_(webhooks::Verifier::make("hmac", {secret}).value()),
        standard_(webhooks::Verifier::make("standard-webhooks", {secret}).value()),
        events_(path) {}

  Answer receive(const httplib::Request& request) {
    const webhooks::Headers headers(request.headers.begin(), request.headers.end());
    const auto checked = plain_.check(headers, request.body);
    if (checked.status == webhooks::Status::kMissing) return kMissing;
    if (!checked.accepted()) return kInvalid;
    // The better signature, where there is one: of Standard Webhooks, with id and time.
    if (request.has_header("webhook-signature")) {
      const auto better = standard_.check(headers, request.body);
      if (better.status == webhooks::Status::kStale) return kStale;
      if (!better.accepted()) return kInvalid;
    }
    auto event = webhooks::parse_event(request.body);
    if (!event) return kNotJson;
    if (!webhooks::is_timestamp_valid(event->timestamp)) return kStale;
    if (!events_.add(event->webhook_id, request.body)) return kDuplicate;
    worker_.add(std::move(*event));
    return kReceived;
  }

 private:
  const webhooks::Verifier plain_;
  const webhooks::Verifier standard_;
  Events events_;
  Worker worker_;
};

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

void answer(httplib::Response& response, const Answer& answer) {
  response.status = answer.status;
  response.set_content(answer.body, "application/json");
}

int serve(Receiver& receiver) {
  httplib::Server server;
  server.set_payload_max_length(kBodyBytesMax);
  server.Post(".*", [&](const httplib::Request& request, httplib::Response& response) {
    answer(response, receiver.receive(request));
  });
  server.set_exception_handler([](const auto&, auto& response, const std::exception_ptr&) {
    answer(response, kUnavailable);
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.status == 413) answer(response, kTooLarge);
    if (response.status == 404) answer(response, kNoMethod);
  });
  const std::string host = environment("HOST", "127.0.0.1");
  int port = std::stoi(environment("PORT", "3000"));
  if (port == 0) {
    port = server.bind_to_any_port(host);
  } else if (!server.bind_to_port(host, port)) {
    port = -1;
  }
  if (port < 0) throw std::runtime_error("cannot listen on " + host);
  std::cout << "listening on http://" << host << ":" << port << "/" << std::endl;
  return server.listen_after_bind() ? 0 : 1;
}

}  // namespace

int main() {
  const std::string secret = environment("WEBHOOK_SECRET", "");
  if (secret.empty()) {
    std::cerr << "set WEBHOOK_SECRET to the secret that the registration of the webhook gave\n";
    return 2;
  }
  try {
    Receiver receiver(secret, environment("EVENTS_FILE", "events.jsonl"));
    return serve(receiver);
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
}
