// StreamProtocol: what is said on one connection to a server that takes messages (Redis, NATS, a
// mail server), as a state machine without input and output. Whoever drives it (stream_links.h)
// follows `step`, writes what `take_output` gives and feeds what comes. Messages may be sent
// without waiting for the answers to those before. One protocol belongs to one connection and one
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/network.h"

namespace verihook::destinations {

// One event on its way.
struct StreamMessage {
  std::string target;  // the stream's key (Redis), the subject (NATS), the sender (mail)
  std::string id;      // the server or its readers know a repeated one by it
  std::vector<std::pair<std::string, std::string>> fields;
  std::string payload;                    // the bytes as they came
  std::int64_t length_max = 0;            // Redis: entries that the stream keeps; 0: all
  bool length_exact = false;              // … exactly, which costs the server more
  std::string expected_stream{};          // NATS: the stream that is to take it; empty: any
  std::vector<std::string> recipients{};  // mail
};

// What became of a message: what the server said of it, or why not.
struct StreamAnswer {
  std::uint64_t number = 0;
  Result<std::string> said;
};

class StreamProtocol {
 public:
  enum class Step {
    kRead,      // the server is to say something first
    kStartTls,  // go on encrypted, then call tls_started
    kReady,     // messages may be sent
  };

  virtual ~StreamProtocol() = default;

  virtual Step step() const = 0;
  // Whose certificate will do.
  virtual net::TlsVerification tls_verification() const { return net::TlsVerification::kStrict; }
  virtual void tls_started() = 0;
  // kUnauthorized, kForbidden, kProtocol …: this connection is of no use any more.
  virtual Result<void> receive(std::string_view bytes) = 0;
  // `number` is the sender's name for the message, in ascending order.
  virtual void send(std::uint64_t number, const StreamMessage& message) = 0;

  std::string take_output() { return std::exchange(output_, {}); }
  std::vector<StreamAnswer> take_answers() { return std::exchange(answers_, {}); }

 protected:
  std::string output_;
  std::vector<StreamAnswer> answers_;
};

// What a server said, fit to be part of a sentence that is stored and shown.
std::string quotable(std::string_view text);

}  // namespace verihook::destinations
