#include "destinations/services/redis_protocol.h"

#include <algorithm>
#include <array>
#include <hiredis/hiredis.h>
#include <optional>

#include <fmt/format.h>

namespace verihook::destinations {
namespace {

constexpr std::size_t kReplyBytesMax = std::size_t{64} * 1024;

// By how the reply begins; the first row that fits.
struct ErrorRow {
  std::string_view begins_with;
  Errc code;
};
constexpr std::array<ErrorRow, 20> kErrors = {{
    {"LOADING", Errc::kBusy},   // reads its data after a start
    {"BUSY", Errc::kBusy},      // runs a script
    {"READONLY", Errc::kBusy},  // a replica: a failover is under way
    {"MASTERDOWN", Errc::kBusy},
    {"CLUSTERDOWN", Errc::kBusy},
    {"TRYAGAIN", Errc::kBusy},
    {"NOREPLICAS", Errc::kBusy},
    {"ERR max number of clients", Errc::kBusy},
    {"OOM", Errc::kStorageFull},
    {"MISCONF", Errc::kStorageFull},  // cannot save to its disk
    {"NOAUTH", Errc::kUnauthorized},
    {"WRONGPASS", Errc::kUnauthorized},
    {"ERR invalid password", Errc::kUnauthorized},
    {"ERR AUTH", Errc::kUnauthorized},  // a password although the server has none
    {"NOPERM", Errc::kForbidden},
    {"DENIED", Errc::kForbidden},  // protected mode
    {"WRONGTYPE", Errc::kConflict},
    {"MOVED", Errc::kUnsupported},  // a cluster keeps the key elsewhere
    {"ASK", Errc::kUnsupported},
    {"", Errc::kInvalidArgument},
}};

Error error_of(std::string_view reply) {
  const auto* row = std::ranges::find_if(
      kErrors, [&](const ErrorRow& each) { return reply.starts_with(each.begins_with); });
  return {row->code, "Redis answered: " + quotable(reply)};
}

std::string command(const std::vector<std::string_view>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* made = nullptr;
  const int size =
      redisFormatCommandArgv(&made, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, void (*)(char*)> owner(made,
                                                     [](char* text) { redisFreeCommand(text); });
  return {made, static_cast<std::size_t>(size)};
}

}  // namespace

class RedisProtocol::Reader {
 public:
  Reader() : reader_(redisReaderCreate(), &redisReaderFree) {
    if (!reader_) throw std::bad_alloc();
  }

  void feed(std::string_view bytes) { redisReaderFeed(reader_.get(), bytes.data(), bytes.size()); }

  // The next whole reply; nothing when bytes are missing; kProtocol when this is not Redis.
  Result<std::optional<Result<std::string>>> next() {
    void* made = nullptr;
    if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
      return fail(Errc::kProtocol, "the server's answer was not that of Redis");
    }
    if (made == nullptr) return std::optional<Result<std::string>>();
    const std::unique_ptr<redisReply, void (*)(void*)> reply(static_cast<redisReply*>(made),
                                                             &freeReplyObject);
    const std::string_view text(reply->str == nullptr ? "" : reply->str, reply->len);
    switch (reply->type) {
      case REDIS_REPLY_ERROR:
        return std::optional<Result<std::string>>(std::unexpected(error_of(text)));
      case REDIS_REPLY_STATUS:
      case REDIS_REPLY_STRING:
        return std::optional<Result<std::string>>(std::string(text));
      default:
        return fail(Errc::kProtocol, "Redis gave an answer that belongs to another command");
    }
  }

 private:
  const std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
};

RedisProtocol::RedisProtocol(const ServiceAddress& address)
    : user_(address.user),
      password_(address.password),
      database_(address.path),
      reader_(std::make_unique<Reader>()) {
  if (address.tls) {
    step_ = Step::kStartTls;
  } else {
    sign_in();
  }
}

RedisProtocol::~RedisProtocol() = default;

void RedisProtocol::tls_started() { sign_in(); }

void RedisProtocol::sign_in() {
  if (!password_.empty()) {
    output_ += user_.empty() ? command({"AUTH", password_}) : command({"AUTH", user_, password_});
    ++greetings_;
  }
  if (!database_.empty()) {
    output_ += command({"SELECT", database_});
    ++greetings_;
  }
  step_ = greetings_ == 0 ? Step::kReady : Step::kRead;
}

Result<void> RedisProtocol::receive(std::string_view bytes) {
  bytes_since_reply_ += bytes.size();
  reader_->feed(bytes);
  for (;;) {
    TRY(reply, reader_->next());
    if (!reply) break;
    bytes_since_reply_ = 0;
    TRY_VOID(take_reply(std::move(*reply)));
  }
  if (bytes_since_reply_ > kReplyBytesMax) {
    return fail(Errc::kProtocol, "an answer of Redis was longer than 64 KiB");
  }
  return {};
}

Result<void> RedisProtocol::take_reply(Result<std::string> reply) {
  if (greetings_ > 0) {
    if (!reply) return std::unexpected(std::move(reply).error());
    if (--greetings_ == 0) step_ = Step::kReady;
    return {};
  }
  if (unanswered_.empty()) {
    // What a server says unasked is why it closes the connection: too many clients, protected mode.
    if (!reply) return std::unexpected(std::move(reply).error());
    return fail(Errc::kProtocol, "Redis gave an answer that nobody asked for");
  }
  answers_.push_back({unanswered_.front(), std::move(reply)});
  unanswered_.pop_front();
  return {};
}

void RedisProtocol::send(std::uint64_t number, const StreamMessage& message) {
  const std::string length = std::to_string(message.length_max);
  std::vector<std::string_view> words = {"XADD", message.target};
  if (message.length_max > 0) {
    words.insert(words.end(), {"MAXLEN", message.length_exact ? "=" : "~", length});
  }
  words.emplace_back("*");
  for (const auto& [name, value] : message.fields) words.insert(words.end(), {name, value});
  words.insert(words.end(), {"payload", message.payload});
  output_ += command(words);
  unanswered_.push_back(number);
}

}  // namespace verihook::destinations
