#include "store/postgres/session.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/ioctl.h>
#include <system_error>

#include "base/text.h"
#include "store/postgres/failure.h"

namespace verihook::store::postgres {
namespace {

// A file that cannot exist: libpq looks for passwords, certificates and roots in the home directory
// unless it is given a place.
constexpr const char* kNoFile = "/dev/null/none";
// What one answer may hold; the statements here have small ones.
constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{64} * 1024 * 1024;
constexpr Milliseconds kPollMax{60'000};

std::string first_line(const char* message) {
  const std::string_view text(message == nullptr ? "" : message);
  return std::string(trim(text.substr(0, text.find('\n'))));
}

// Connecting failed before a server said anything.
Error unconnected(const std::string& message) {
  const auto is = [&](std::string_view part) { return message.contains(part); };
  if (is("refused")) return {Errc::kConnectionRefused, message};
  if (is("SSL") || is("certificate")) return {Errc::kTls, message};
  if (is("unreachable") || is("No route")) return {Errc::kUnreachable, message};
  return {Errc::kConnectionLost, message};
}

}  // namespace

std::int64_t Rows::changed() const {
  return static_cast<std::int64_t>(parse_u64(PQcmdTuples(result_.get())).value_or(0));
}

std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Result<std::unique_ptr<Session>> Session::connect(const Target& target, const Clock& clock,
                                                  const Interrupt& interrupt, Deadline deadline) {
  const std::string address = target.address.to_string();
  const std::string port = std::to_string(target.host.port);
  const bool strict = target.url.ssl_mode == "verify-full";
  std::string roots = strict ? target.roots_file : std::string();
  if (roots.empty()) roots = kNoFile;
  const std::pair<const char*, const char*> settings[] = {
      {"host", target.host.name.c_str()},
      {"hostaddr", address.c_str()},
      {"port", port.c_str()},
      {"user", target.url.user.c_str()},
      {"password", target.url.password.c_str()},
      {"passfile", kNoFile},
      {"dbname", target.url.database.c_str()},
      {"sslmode", target.url.ssl_mode.c_str()},
      {"sslrootcert", roots.c_str()},
      {"sslcert", kNoFile},
      {"sslkey", kNoFile},
      {"sslcrl", kNoFile},
      {"gssencmode", "disable"},
      {"target_session_attrs", target.url.writable ? "read-write" : "any"},
      {"application_name", "verihook"},
      {"client_encoding", "UTF8"}};
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Handle handle(PQconnectStartParams(names.data(), values.data(), 0));
  if (!handle) return fail(Errc::kBusy, "there is no memory for a connection to the database");
  PQsetErrorVerbosity(handle.get(), PQERRORS_VERBOSE);
  // Warnings of the server would go to our standard error.
  PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);
  std::unique_ptr<Session> session(new Session(std::move(handle), clock, interrupt));
  TRY_VOID(session->finish_connecting(deadline));
  return session;
}

Result<void> Session::finish_connecting(Deadline deadline) {
  PGconn* const connection = handle_.get();
  PostgresPollingStatusType next =
      PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      const std::string message = first_line(PQerrorMessage(connection));
      const std::string_view state = sqlstate_in(message);
      return std::unexpected(state.empty() ? unconnected(message) : failure_of(state, message));
    }
    TRY_VOID(wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
    next = PQconnectPoll(connection);
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection, 1) != 0) return std::unexpected(lost());
  return {};
}

Result<void> Session::wait(short events, Deadline deadline) const {
  for (;;) {
    pollfd ready[] = {{PQsocket(handle_.get()), events, 0}, {interrupt_.descriptor(), POLLIN, 0}};
    const Milliseconds left = std::min(deadline.time_left(clock_), kPollMax);
    const int count = ::poll(ready, std::size(ready), static_cast<int>(left.count()));
    if (ready[1].revents != 0) {
      return fail(Errc::kCancelled, "the work on the contacts table was called off");
    }
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return std::unexpected(lost());
    if (deadline.passed(clock_)) {
      return fail(Errc::kTimeout, "the database did not answer in time");
    }
  }
}

Error Session::lost() const {
  const std::string message = first_line(PQerrorMessage(handle_.get()));
  return {Errc::kConnectionLost,
          message.empty() ? "the connection to the database broke off" : message};
}

Result<void> Session::flush(Deadline deadline) {
  PGconn* const connection = handle_.get();
  for (;;) {
    const int left = PQflush(connection);
    if (left < 0) return std::unexpected(lost());
    if (left == 0) return {};
    // What the server says meanwhile is read, or both would wait for each other.
    TRY_VOID(wait(POLLIN | POLLOUT, deadline));
    if (PQconsumeInput(connection) == 0) return std::unexpected(lost());
  }
}

Result<void> Session::await_answer(Deadline deadline) {
  PGconn* const connection = handle_.get();
  std::uint64_t bytes = 0;
  while (PQisBusy(connection) != 0) {
    TRY_VOID(wait(POLLIN, deadline));
    int waiting = 0;
    if (::ioctl(PQsocket(connection), FIONREAD, &waiting) == 0) {
      bytes += static_cast<std::uint64_t>(std::max(waiting, 0));
    }
    if (bytes > kAnswerBytesMax) {
      return fail(Errc::kTooLarge, "the database's answer is larger than any that is expected");
    }
    if (PQconsumeInput(connection) == 0) return std::unexpected(lost());
  }
  return {};
}

Result<Rows> Session::run(const std::string& sql, std::span<const Text> params, Deadline deadline) {
  PGconn* const connection = handle_.get();
  std::vector<const char*> values;
  for (const Text& param : params) values.push_back(param.c_str());
  if (PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) == 0) {
    return std::unexpected(lost());
  }
  TRY_VOID(flush(deadline));
  std::optional<Rows> rows;
  std::optional<Error> failure;
  for (;;) {
    TRY_VOID(await_answer(deadline));
    PGresult* const result = PQgetResult(connection);
    if (result == nullptr) break;
    rows.emplace(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) continue;
    if (status != PGRES_FATAL_ERROR) {
      return fail(Errc::kProtocol, "the database answered with what was not asked for");
    }
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* const words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    failure = state == nullptr ? lost() : failure_of(state, words == nullptr ? "" : words);
  }
  if (failure) return std::unexpected(*std::move(failure));
  if (!rows) return std::unexpected(lost());
  return *std::move(rows);
}

Text array_of(std::span<const std::string> elements) {
  Text text = "{";
  for (const std::string& element : elements) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text += '}';
}

std::string quoted_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

}  // namespace verihook::store::postgres
