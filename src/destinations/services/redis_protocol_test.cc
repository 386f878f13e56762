#include "destinations/services/redis_protocol.h"

#include <gtest/gtest.h>

namespace verihook::destinations {
namespace {

ServiceAddress server(std::string user = {}, std::string password = {}, std::string database = {}) {
  ServiceAddress address;
  address.user = std::move(user);
  address.password = std::move(password);
  address.path = std::move(database);
  return address;
}

StreamMessage message(std::string payload = "{}") {
  StreamMessage made;
  made.target = "events";
  made.fields = {{"webhook_id", "evt_1"}};
  made.payload = std::move(payload);
  return made;
}

// What the reply to one message comes to.
Result<std::string> answer_to(std::string_view reply) {
  RedisProtocol redis(server());
  redis.send(7, message());
  if (const auto received = redis.receive(reply); !received) {
    return std::unexpected(received.error());
  }
  auto answers = redis.take_answers();
  if (answers.size() != 1 || answers[0].number != 7) return fail(Errc::kInternal, "no answer");
  return answers[0].said;
}

TEST(RedisProtocol, AddsAnEntryWithItsFieldsAndItsBytesAsTheyAre) {
  RedisProtocol redis(server());
  EXPECT_EQ(redis.step(), StreamProtocol::Step::kReady);
  redis.send(1, message(std::string("a\r\n\0b", 5)));
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(redis.take_output(),
            "*7\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$10\r\nwebhook_id\r\n"
            "$5\r\nevt_1\r\n$7\r\npayload\r\n$5\r\na\r\n\0b\r\n"sv);
}

TEST(RedisProtocol, KeepsTheStreamShortAboutOrExactly) {
  RedisProtocol redis(server());
  StreamMessage limited = message();
  limited.length_max = 1000;
  redis.send(1, limited);
  EXPECT_TRUE(redis.take_output().contains("$6\r\nMAXLEN\r\n$1\r\n~\r\n$4\r\n1000\r\n"));
  limited.length_exact = true;
  redis.send(2, limited);
  EXPECT_TRUE(redis.take_output().contains("$6\r\nMAXLEN\r\n$1\r\n=\r\n$4\r\n1000\r\n"));
}

TEST(RedisProtocol, SignsInAndChoosesTheDatabaseFirst) {
  RedisProtocol redis(server("me", "secret", "2"));
  EXPECT_EQ(redis.step(), StreamProtocol::Step::kRead);
  EXPECT_EQ(redis.take_output(),
            "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n");
  ASSERT_TRUE(redis.receive("+OK\r\n+O"));
  EXPECT_EQ(redis.step(), StreamProtocol::Step::kRead);
  ASSERT_TRUE(redis.receive("K\r\n"));
  EXPECT_EQ(redis.step(), StreamProtocol::Step::kReady);
}

TEST(RedisProtocol, SignsInOnlyWhenTheConnectionIsEncrypted) {
  ServiceAddress address = server("", "secret");
  address.tls = true;
  RedisProtocol redis(address);
  EXPECT_EQ(redis.step(), StreamProtocol::Step::kStartTls);
  EXPECT_EQ(redis.take_output(), "");
  redis.tls_started();
  EXPECT_EQ(redis.take_output(), "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
}

TEST(RedisProtocol, GivesTheAnswersInTheOrderOfTheMessagesHoweverTheyAreCut) {
  RedisProtocol redis(server());
  for (const std::uint64_t number : {1, 2, 3}) redis.send(number, message());
  std::vector<StreamAnswer> answers;
  for (const char c : std::string_view("$3\r\n1-1\r\n-WRONGTYPE no stream\r\n$3\r\n1-2\r\n")) {
    ASSERT_TRUE(redis.receive({&c, 1}));
    for (auto& answer : redis.take_answers()) answers.push_back(std::move(answer));
  }
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].said, "1-1");
  EXPECT_EQ(answers[1].said.error().code, Errc::kConflict);
  EXPECT_EQ(answers[2].number, 3u);
  EXPECT_EQ(answers[2].said, "1-2");
}

TEST(RedisProtocol, TellsWhatPassesFromWhatDoesNot) {
  const std::pair<const char*, Errc> rows[] = {
      {"-LOADING Redis is loading the dataset in memory\r\n", Errc::kBusy},
      {"-READONLY You can't write against a read only replica.\r\n", Errc::kBusy},
      {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", Errc::kStorageFull},
      {"-NOAUTH Authentication required.\r\n", Errc::kUnauthorized},
      {"-NOPERM this user has no permissions\r\n", Errc::kForbidden},
      {"-WRONGTYPE Operation against a key\r\n", Errc::kConflict},
      {"-MOVED 3999 127.0.0.1:6381\r\n", Errc::kUnsupported},
      {"-ERR unknown command 'XADD'\r\n", Errc::kInvalidArgument},
  };
  for (const auto& [reply, code] : rows) {
    const auto said = answer_to(reply);
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code, code) << reply;
    EXPECT_TRUE(said.error().message.starts_with("Redis answered: ")) << said.error().message;
  }
}

TEST(RedisProtocol, RefusesToGoOnWithAWrongPassword) {
  RedisProtocol redis(server("", "wrong"));
  const auto received = redis.receive("-WRONGPASS invalid username-password pair\r\n");
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kUnauthorized);
}

TEST(RedisProtocol, BreaksOffWithWhatIsNotRedisOrHasNoEnd) {
  EXPECT_EQ(answer_to("HTTP/1.1 400 Bad Request\r\n").error().code, Errc::kProtocol);
  EXPECT_EQ(answer_to(":1\r\n").error().code, Errc::kProtocol);
  EXPECT_EQ(answer_to("$1000000\r\n" + std::string(70'000, 'x')).error().code, Errc::kProtocol);
  RedisProtocol unasked(server());
  EXPECT_EQ(unasked.receive("+OK\r\n").error().code, Errc::kProtocol);
  RedisProtocol full(server());
  EXPECT_EQ(full.receive("-ERR max number of clients reached\r\n").error().code, Errc::kBusy);
}

}  // namespace
}  // namespace verihook::destinations
