// A script of an SMTP dialogue, and what plays it against a Session: for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "smtp/session.h"

namespace verihook::smtp {

// One step of a dialogue: what the server sends, what the client must write, or a TLS handshake.
struct Step {
  enum class Kind { kServer, kClient, kTls };
  Kind kind = Kind::kServer;
  std::string bytes{};
};
using Script = std::vector<Step>;

inline Step server(std::string_view line) {
  return {Step::Kind::kServer, std::string(line) + "\r\n"};
}
inline Step server_raw(std::string bytes) { return {Step::Kind::kServer, std::move(bytes)}; }
inline Step client(std::string_view line) {
  return {Step::Kind::kClient, std::string(line) + "\r\n"};
}
inline Step tls() { return {Step::Kind::kTls, {}}; }

constexpr std::size_t kNoFailure = static_cast<std::size_t>(-1);

// Plays a script against a session: checks every write and feeds every reply, in pieces when asked,
// and lets the step `fail_at` fail with `error`.
class Player {
 public:
  Player(Session& session, Script script) : session_(session), script_(std::move(script)) {}

  std::size_t piece_bytes = 100'000;
  std::size_t fail_at = kNoFailure;
  Error error{Errc::kConnectionLost, "cut"};

  // Until the session is idle or over; the last action.
  Action::Kind play(Event event = {.kind = Event::Kind::kConnected}) {
    for (int rounds = 0; rounds < 100'000; ++rounds) {
      Action action = session_.resume(event);
      if (action.kind == Action::Kind::kIdle || action.kind == Action::Kind::kClose) {
        return action.kind;
      }
      event = answer(action);
    }
    ADD_FAILURE() << "the session does not end";
    return Action::Kind::kClose;
  }
  bool at_end() const { return next_ == script_.size() && unread_.empty(); }

 private:
  static constexpr Event failed(Error why, bool timeout) {
    return {Event::Kind::kFailed, {}, std::move(why), timeout};
  }

  Event answer(const Action& action) {
    if (action.kind == Action::Kind::kRead && !unread_.empty()) return feed();
    if (next_ == script_.size()) {
      // Whoever still waits has reached the end of the script: the server is silent or gone.
      return failed({Errc::kConnectionLost, "the script is over"}, false);
    }
    const std::size_t index = next_++;
    const Step& step = script_[index];
    if (index == fail_at) return failed(error, error.code == Errc::kTimeout);
    switch (action.kind) {
      case Action::Kind::kWrite:
        EXPECT_EQ(step.kind, Step::Kind::kClient) << "step " << index << ": " << action.bytes;
        EXPECT_EQ(action.bytes, step.bytes) << "step " << index;
        return {.kind = Event::Kind::kWritten};
      case Action::Kind::kStartTls:
        EXPECT_EQ(step.kind, Step::Kind::kTls) << "step " << index;
        return {.kind = Event::Kind::kTlsStarted};
      default:
        EXPECT_EQ(step.kind, Step::Kind::kServer) << "step " << index << ": " << step.bytes;
        unread_ = step.bytes;
        return feed();
    }
  }

  Event feed() {
    piece_ = unread_.substr(0, piece_bytes);
    unread_.erase(0, piece_.size());
    return {.kind = Event::Kind::kReceived, .bytes = piece_};
  }

  Session& session_;
  Script script_;
  std::size_t next_ = 0;
  std::string unread_;
  std::string piece_;
};

inline SessionOptions options(TlsPolicy tls = TlsPolicy::kOpportunistic) {
  SessionOptions settings;
  settings.helo = "probe.example";
  settings.mail_from = "v@probe.example";
  settings.tls = tls;
  return settings;
}

inline std::vector<std::string> addresses(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(fmt::format("r{}@a.test", i));
  return all;
}

struct Played {
  std::vector<RecipientOutcome> outcomes;
  Action::Kind last = Action::Kind::kIdle;
  bool whole_script = false;
  bool usable = false;
};

inline Played play(std::vector<std::string> recipients, Script script,
                   SessionOptions settings = options(), std::size_t piece_bytes = 100'000) {
  Session session(std::move(settings));
  session.add(std::move(recipients));
  Player player(session, std::move(script));
  player.piece_bytes = piece_bytes;
  Played played;
  played.last = player.play();
  played.outcomes = session.take_outcomes();
  std::ranges::sort(played.outcomes, {}, &RecipientOutcome::index);
  played.whole_script = player.at_end();
  played.usable = session.usable();
  return played;
}

inline std::vector<std::string> summary(const std::vector<RecipientOutcome>& outcomes) {
  std::vector<std::string> lines;
  for (const RecipientOutcome& item : outcomes) {
    const Outcome& outcome = item.outcome;
    constexpr std::string_view kKinds[] = {"replied", "failed", "not asked", "unaskable", "utf8"};
    lines.push_back(fmt::format("{} {} {}", kKinds[static_cast<int>(outcome.kind)],
                                to_string(outcome.stage), outcome.reply ? outcome.reply->code : 0));
  }
  return lines;
}

using Lines = std::vector<std::string>;

const Script kGreeted = {server("220 mx.a.test ESMTP"), client("EHLO probe.example"),
                         server("250 mx.a.test")};
const Script kGreetedPipelining = {
    server("220-mx.a.test ESMTP"), server("220 ready"), client("EHLO probe.example"),
    server("250-mx.a.test\r\n250-SIZE 10"), server("250 PIPELINING")};

inline Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace verihook::smtp
