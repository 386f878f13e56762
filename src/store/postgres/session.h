// Session: one connection to a PostgreSQL server through libpq, used by one thread at a time, which
// it blocks: in poll and nowhere else, until the deadline at most, and not at all once the
// interrupt is raised. The server's address was looked up and judged before; libpq resolves
// nothing, reads no file of this machine but the trusted roots and takes no password from anywhere
// but here.
#pragma once

#include <cstdint>
#include <libpq-fe.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "net/ip.h"
#include "store/postgres/interrupt.h"
#include "store/postgres_url.h"

namespace verihook::store::postgres {

// A parameter in PostgreSQL's text form; its type is said in the statement.
using Text = std::string;

// The rows of an answer, as text.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result, PQclear) {}

  int size() const { return PQntuples(result_.get()); }
  std::int64_t changed() const;  // by the statement
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view text(int row, int column) const;

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

class Session {
 public:
  struct Target {
    const PostgresUrl& url;
    const PostgresUrl::Host& host;
    net::IpAddress address;    // of the host
    std::string roots_file{};  // of `verify-full`; empty: nobody is trusted
  };
  // All must outlive the session. Errors: as failure.h, kConnectionRefused, kTimeout, kCancelled.
  static Result<std::unique_ptr<Session>> connect(const Target& target, const Clock& clock,
                                                  const Interrupt& interrupt, Deadline deadline);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // One statement. After a failure the session is good for nothing.
  Result<Rows> run(const std::string& sql, std::span<const Text> params, Deadline deadline);

 private:
  struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Handle = std::unique_ptr<PGconn, Closer>;

  Session(Handle handle, const Clock& clock, const Interrupt& interrupt)
      : handle_(std::move(handle)), clock_(clock), interrupt_(interrupt) {}

  Result<void> finish_connecting(Deadline deadline);
  // Until the socket is ready for one of `events` of poll(2).
  Result<void> wait(short events, Deadline deadline) const;
  Result<void> flush(Deadline deadline);
  Result<void> await_answer(Deadline deadline);
  Error lost() const;

  const Handle handle_;
  const Clock& clock_;
  const Interrupt& interrupt_;
};

// An array in PostgreSQL's text form, whatever its elements hold.
Text array_of(std::span<const std::string> elements);

// "Name" in the form that no name can break out of.
std::string quoted_identifier(std::string_view name);

}  // namespace verihook::store::postgres
