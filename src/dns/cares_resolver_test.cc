#include "dns/cares_resolver.h"

#include <functional>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "async/with_deadline.h"
#include "dns/test_messages.h"

namespace verihook::dns {
namespace {

using testing::Bytes;
using testing::kRecursiveReply;
using testing::kReplyNxDomain;
using testing::kReplyServFail;
using testing::kReplyTruncated;
using testing::MessageWriter;
using namespace std::chrono_literals;

struct Question {
  std::uint16_t id = 0;
  std::string name;
  RecordType type = RecordType::kA;
  bool tcp = false;
  bool edns = false;

  MessageWriter reply(std::uint16_t flags = kRecursiveReply) const {
    return MessageWriter(id, flags, name, type);
  }
};

// A name server on a loopback port, UDP and TCP, that answers what the test tells it to; no bytes
// for silence.
class TestServer {
 public:
  using Answer = std::function<std::vector<Bytes>(const Question&)>;

  TestServer(asio::io_context& io, Answer answer)
      : udp_(io),
        tcp_(io),
        answer_(std::move(answer)),
        group_(io.get_executor(), "test name server") {
    listen();
    group_.spawn("udp", serve_udp());
    group_.spawn("tcp", serve_tcp());
  }

  net::Endpoint endpoint() const {
    return {net::IpAddress::loopback_v4(), udp_.local_endpoint().port()};
  }
  const std::vector<Question>& questions() const { return questions_; }
  Task<void> stop() {
    group_.cancel();
    co_await group_.join();
  }

 private:
  // On one port for both; the one that is free for TCP may be somebody else's for UDP.
  void listen() {
    const auto address = asio::ip::make_address("127.0.0.1");
    boost::system::error_code taken;
    do {
      tcp_ = asio::ip::tcp::acceptor(tcp_.get_executor(), {address, 0});
      udp_ = asio::ip::udp::socket(udp_.get_executor(), asio::ip::udp::v4());
      udp_.bind({address, tcp_.local_endpoint().port()}, taken);
    } while (taken);
  }

  static Question read(const Bytes& query, bool tcp) {
    Question question;
    question.tcp = tcp;
    question.id = static_cast<std::uint16_t>(query[0] << 8 | query[1]);
    question.edns = query[11] == 1;
    std::size_t at = 12;
    while (query.at(at) != 0) {
      if (!question.name.empty()) question.name += '.';
      question.name.append(query.begin() + static_cast<long>(at) + 1,
                           query.begin() + static_cast<long>(at) + 1 + query[at]);
      at += query[at] + 1u;
    }
    question.type = static_cast<RecordType>(query.at(at + 1) << 8 | query.at(at + 2));
    return question;
  }

  std::vector<Bytes> answer(const Bytes& query, bool tcp) {
    questions_.push_back(read(query, tcp));
    return answer_(questions_.back());
  }

  Task<void> serve_udp() {
    for (;;) {
      Bytes query(4096);
      asio::ip::udp::endpoint from;
      auto [error, size] = co_await udp_.async_receive_from(asio::buffer(query), from, kAsTuple);
      if (error) co_return;
      query.resize(size);
      for (const Bytes& reply : answer(query, false)) {
        co_await udp_.async_send_to(asio::buffer(reply), from, kAsTuple);
      }
    }
  }

  Task<void> serve_tcp() {
    for (;;) {
      auto [error, peer] = co_await tcp_.async_accept(kAsTuple);
      if (error) co_return;
      Bytes size(2);
      const auto [size_error, n] = co_await asio::async_read(peer, asio::buffer(size), kAsTuple);
      if (size_error) continue;
      Bytes query(static_cast<std::size_t>(size[0] << 8 | size[1]));
      const auto [read_error, m] = co_await asio::async_read(peer, asio::buffer(query), kAsTuple);
      if (read_error) continue;
      for (const Bytes& reply : answer(query, true)) {
        Bytes framed{static_cast<std::uint8_t>(reply.size() >> 8),
                     static_cast<std::uint8_t>(reply.size())};
        framed.insert(framed.end(), reply.begin(), reply.end());
        co_await asio::async_write(peer, asio::buffer(framed), kAsTuple);
      }
    }
  }

  asio::ip::udp::socket udp_;
  asio::ip::tcp::acceptor tcp_;
  Answer answer_;
  TaskGroup group_;
  std::vector<Question> questions_;
};

class CaresResolverTest : public ::testing::Test {
 protected:
  void serve(TestServer::Answer answer, CaresOptions options = {}) {
    server_.emplace(io_, std::move(answer));
    options.servers = {server_->endpoint()};
    if (options.try_timeout_ms == CaresOptions{}.try_timeout_ms) options.try_timeout_ms = 150;
    auto made = CaresResolver::create(io_.get_executor(), timers_, options);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    resolver_ = std::move(*made);
  }

  // Runs one task to its end, with the server beside it.
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    Result<T> out = fail(Errc::kInternal, "the task did not end");
    const auto body = [](Task<Result<T>> inner, Result<T>& result, TestServer* server,
                         TaskGroup& group) -> Task<void> {
      result = co_await std::move(inner);
      if (server != nullptr) group.spawn("stop", server->stop());
    };
    group_.spawn("test", body(std::move(task), out, server_ ? &*server_ : nullptr, group_));
    io_.run();
    return out;
  }
  Result<MxAnswer> mx(const std::string& name, Milliseconds patience = 20s) {
    return run(resolver_->mx(name, Deadline::after(clock_, patience)));
  }

  asio::io_context io_{1};
  SystemClock clock_;
  RealTimers timers_{clock_};
  TaskGroup group_{io_.get_executor(), "test"};
  std::optional<TestServer> server_;
  std::unique_ptr<CaresResolver> resolver_;
};

TEST_F(CaresResolverTest, AnswersMxQuestionsWithEdnsAndWithoutSearching) {
  serve([](const Question& question) -> std::vector<Bytes> {
    return {question.reply().mx(question.name, 10, "mx.example.org", 77).bytes()};
  });
  const auto answer = mx("example");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, (std::vector<MxRecord>{{10, "mx.example.org"}}));
  EXPECT_EQ(answer->ttl, 77s);
  ASSERT_EQ(server_->questions().size(), 1u);
  EXPECT_EQ(server_->questions()[0].name, "example");
  EXPECT_EQ(server_->questions()[0].type, RecordType::kMx);
  EXPECT_TRUE(server_->questions()[0].edns);
}

TEST_F(CaresResolverTest, GivesAddressesOfBothKindsIpv4First) {
  serve([](const Question& question) -> std::vector<Bytes> {
    const bool v6 = question.type == RecordType::kAaaa;
    return {question.reply()
                .cname("mx.example.org", "real.net")
                .address("real.net", v6 ? "2001:db8::1" : "192.0.2.1")
                .bytes()};
  });
  const auto answer = run(resolver_->addresses("mx.example.org", Deadline::after(clock_, 20s)));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->records.size(), 2u);
  EXPECT_EQ(answer->records[0].to_string(), "192.0.2.1");
  EXPECT_EQ(answer->records[1].to_string(), "2001:db8::1");
}

TEST_F(CaresResolverTest, GivesTextsAndWhatIsTooLongOverTcp) {
  serve([](const Question& question) -> std::vector<Bytes> {
    if (!question.tcp) return {question.reply(kReplyTruncated).bytes()};
    return {question.reply().txt(question.name, {"v=spf1 ", "-all"}).bytes()};
  });
  const auto answer = run(resolver_->texts("example.org", Deadline::after(clock_, 20s)));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, std::vector<std::string>{"v=spf1 -all"});
  EXPECT_EQ(server_->questions().back().type, RecordType::kTxt);
}

TEST_F(CaresResolverTest, GivesTheNamesOfAnAddress) {
  serve([](const Question& question) -> std::vector<Bytes> {
    return {question.reply().ptr(question.name, "mx.example.org").bytes()};
  });
  const auto address = net::IpAddress::parse("203.0.113.5").value();
  const auto answer = run(resolver_->names(address, Deadline::after(clock_, 20s)));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, std::vector<std::string>{"mx.example.org"});
  ASSERT_EQ(server_->questions().size(), 1u);
  EXPECT_EQ(server_->questions()[0].name, "5.113.0.203.in-addr.arpa");
  EXPECT_EQ(server_->questions()[0].type, RecordType::kPtr);
}

TEST_F(CaresResolverTest, TellsNxDomainFromNoData) {
  serve([](const Question& question) -> std::vector<Bytes> {
    return {question.reply(kReplyNxDomain).soa("org", 60, 30).bytes()};
  });
  const auto answer = mx("missing.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, NameStatus::kDoesNotExist);
  EXPECT_EQ(answer->ttl, 30s);
}

TEST_F(CaresResolverTest, AnswersNoDataAsAnExistingNameWithoutRecords) {
  serve([](const Question& question) -> std::vector<Bytes> {
    return {question.reply().soa("example.org", 60, 30).bytes()};
  });
  const auto answer = mx("example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, NameStatus::kExists);
  EXPECT_TRUE(answer->records.empty());
}

TEST_F(CaresResolverTest, AnswersANullMx) {
  serve([](const Question& question) -> std::vector<Bytes> {
    return {question.reply().mx(question.name, 0, "").bytes()};
  });
  EXPECT_EQ(mx("example.org")->records, (std::vector<MxRecord>{{0, ""}}));
}

TEST_F(CaresResolverTest, ReportsServfailAndRefusedAsErrors) {
  for (const std::uint16_t flags : {kReplyServFail, std::uint16_t{kRecursiveReply | 5}}) {
    io_.restart();
    serve([flags](const Question& question) -> std::vector<Bytes> {
      return {question.reply(flags).bytes()};
    });
    const auto answer = mx("example.org");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Errc::kDns) << answer.error().message;
    EXPECT_EQ(server_->questions().size(), 3u);
    resolver_.reset();
  }
}

TEST_F(CaresResolverTest, AsksAgainOverTcpWhenTheReplyIsTruncated) {
  serve([](const Question& question) -> std::vector<Bytes> {
    if (!question.tcp) return {question.reply(kReplyTruncated).bytes()};
    auto reply = question.reply();
    for (int i = 0; i < 200; ++i) {
      reply.mx(question.name, static_cast<std::uint16_t>(i), "mx" + std::to_string(i) + ".net");
    }
    return {reply.bytes()};
  });
  const auto answer = mx("example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records.size(), 20u);
  EXPECT_TRUE(server_->questions().back().tcp);
}

TEST_F(CaresResolverTest, GivesUpOnASilentServerAfterItsTries) {
  serve([](const Question&) { return std::vector<Bytes>{}; }, {.try_timeout_ms = 20});
  const auto answer = mx("example.org");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::kTimeout);
  EXPECT_EQ(server_->questions().size(), 3u);
}

TEST_F(CaresResolverTest, KeepsToTheDeadlineOfTheCaller) {
  serve([](const Question&) { return std::vector<Bytes>{}; },
        {.try_timeout_ms = 400, .tries_max = 1});
  bool deadline_kept = false;
  const auto body = [](CaresResolver& resolver, const Clock& clock, TestServer& server,
                       bool& kept) -> Task<Result<int>> {
    const auto start = clock.monotonic_now();
    const auto answer = co_await resolver.mx("example.org", Deadline::after(clock, 50ms));
    kept = !answer && answer.error().code == Errc::kTimeout && server.questions().size() == 1 &&
           clock.monotonic_now() - start >= 50ms;
    co_return 0;
  };
  ASSERT_TRUE(run(body(*resolver_, clock_, *server_, deadline_kept)).has_value());
  EXPECT_TRUE(deadline_kept);
}

TEST_F(CaresResolverTest, ReportsAnUnreachableServerAsAnError) {
  CaresOptions options;
  options.servers = {{net::IpAddress::loopback_v4(), 1}};
  options.try_timeout_ms = 50;
  resolver_ = std::move(CaresResolver::create(io_.get_executor(), timers_, options).value());
  const auto answer = mx("example.org");
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().code == Errc::kDns || answer.error().code == Errc::kTimeout);
}

TEST_F(CaresResolverTest, IgnoresRepliesWithAWrongIdOrQuestionAndTakesTheRightOne) {
  serve([](const Question& question) -> std::vector<Bytes> {
    Question wrong_id = question;
    ++wrong_id.id;
    Question wrong_name = question;
    wrong_name.name = "example.com";
    return {wrong_id.reply().mx(question.name, 1, "spoof.net").bytes(),
            wrong_name.reply().mx("example.com", 1, "spoof.net").bytes(),
            question.reply().mx(question.name, 1, "right.net").bytes()};
  });
  const auto answer = mx("example.org");
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->records, (std::vector<MxRecord>{{1, "right.net"}}));
}

TEST_F(CaresResolverTest, SurvivesHostileBytes) {
  const std::vector<std::function<Bytes(const Question&)>> hostile = {
      [](const Question&) { return Bytes{}; },
      [](const Question& question) {
        return Bytes{static_cast<std::uint8_t>(question.id >> 8),
                     static_cast<std::uint8_t>(question.id)};
      },
      [](const Question& question) {  // the owner points to itself
        return question.reply().raw({0xc0, 29, 0, 15, 0, 1}).count(6).bytes();
      },
      [](const Question& question) {  // the host points to itself
        return question.reply()
            .raw({0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 9, 0, 4, 0, 1, 0xc0, 43})
            .count(6)
            .bytes();
      },
      [](const Question& question) {  // counts of 65535
        Bytes bytes = question.reply().bytes();
        std::fill(bytes.begin() + 6, bytes.begin() + 12, std::uint8_t{0xff});
        return bytes;
      },
      [](const Question& question) {
        return question.reply().answer(question.name, RecordType::kMx, 1, {0}).bytes();
      },
  };
  for (const auto& make : hostile) {
    io_.restart();
    serve([&make](const Question& question) { return std::vector<Bytes>{make(question)}; },
          {.try_timeout_ms = 20});
    const auto answer = mx("example.org");
    EXPECT_FALSE(answer.has_value());
    resolver_.reset();
  }
}

TEST_F(CaresResolverTest, RunsManyQuestionsThroughFewPlaces) {
  serve(
      [](const Question& question) -> std::vector<Bytes> {
        return {question.reply().mx(question.name, 1, "mx." + question.name).bytes()};
      },
      {.in_flight_max = 4});
  const auto body = [](CaresResolver& resolver, const Clock& clock,
                       asio::any_io_executor executor) -> Task<Result<int>> {
    int right = 0;
    TaskGroup askers(executor, "askers");
    const auto ask = [](CaresResolver& asked, const Clock& time, std::string name,
                        int& count) -> Task<void> {
      const auto answer = co_await asked.mx(name, Deadline::after(time, 20s));
      if (answer && answer->records.at(0).host == "mx." + name) ++count;
    };
    for (int i = 0; i < 100; ++i) {
      askers.spawn("ask", ask(resolver, clock, "n" + std::to_string(i) + ".org", right));
    }
    co_await askers.join();
    co_return right;
  };
  EXPECT_EQ(run(body(*resolver_, clock_, io_.get_executor())), 100);
}

TEST_F(CaresResolverTest, ACancelledQuestionGivesUpItsCallerOnly) {
  serve([](const Question&) { return std::vector<Bytes>{}; }, {.try_timeout_ms = 30});
  const auto body = [](CaresResolver& resolver,
                       asio::any_io_executor executor) -> Task<Result<int>> {
    TaskGroup askers(executor, "askers");
    const auto ask = [](CaresResolver& asked) -> Task<void> {
      co_await asked.mx("example.org", Deadline::never());
    };
    askers.spawn("ask", ask(resolver));
    co_await asio::steady_timer(executor, 10ms).async_wait(kAsTuple);
    askers.cancel();
    co_await askers.join();
    co_return 1;
  };
  EXPECT_EQ(run(body(*resolver_, io_.get_executor())), 1);
  resolver_.reset();  // c-ares reports the end of what nobody waits for any more
}

TEST_F(CaresResolverTest, NamesThatTheDnsCannotCarryDoNotExist) {
  serve([](const Question&) { return std::vector<Bytes>{}; });
  EXPECT_EQ(mx(std::string(64, 'a') + ".org")->status, NameStatus::kDoesNotExist);
  EXPECT_TRUE(server_->questions().empty());
}

TEST(MergeAddresses, PrefersRecordsOverFailuresAndFailuresOverNothing) {
  const AddressAnswer none{NameStatus::kExists, {}, 60s};
  const AddressAnswer missing{NameStatus::kDoesNotExist, {}, 60s};
  const AddressAnswer some{NameStatus::kExists, {net::IpAddress::loopback_v4()}, 600s};
  const Result<AddressAnswer> broken = fail(Errc::kDns, "SERVFAIL");
  EXPECT_EQ(merge_addresses(some, broken)->records.size(), 1u);
  EXPECT_EQ(merge_addresses(some, broken)->ttl, 60s);
  EXPECT_EQ(merge_addresses(broken, some)->records.size(), 1u);
  EXPECT_EQ(merge_addresses(some, none)->ttl, 600s);
  EXPECT_FALSE(merge_addresses(none, broken).has_value());
  EXPECT_FALSE(merge_addresses(broken, missing).has_value());
  EXPECT_EQ(merge_addresses(missing, missing)->status, NameStatus::kDoesNotExist);
  EXPECT_EQ(merge_addresses(missing, none)->status, NameStatus::kExists);
}

}  // namespace
}  // namespace verihook::dns
