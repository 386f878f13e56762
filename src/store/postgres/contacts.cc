#include "store/postgres/contacts.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "async/run_on.h"
#include "base/text.h"
#include "store/postgres/session.h"
#include "store/postgres/statements.h"

namespace verihook::store::postgres {
namespace {

constexpr Milliseconds kAnswerGrace{5'000};  // after the server should have given up by itself

struct HostAddress {
  PostgresUrl::Host host;
  net::IpAddress address;
};

// Every address of every host, all of them judged. A host that cannot be looked up is passed over
// as long as another one can.
Task<Result<std::vector<HostAddress>>> find_addresses(net::HostLookup& lookup,
                                                      const net::AddressFilter& filter,
                                                      const PostgresUrl& url, Deadline deadline) {
  std::vector<HostAddress> found;
  std::optional<Error> failure;
  for (const PostgresUrl::Host& host : url.hosts) {
    std::vector<net::IpAddress> addresses;
    if (host.literal) {
      addresses.push_back(*host.literal);
    } else {
      auto answer = co_await lookup.lookup(host.name, deadline);
      if (!answer) failure = std::move(answer).error();
      if (answer) addresses = *std::move(answer);
    }
    if (!filter.allows_all(addresses)) {
      co_return fail(Errc::kForbiddenAddress,
                     "the database's host " + host.name +
                         " leads to an address that is not public; the operator can open it with "
                         "network.allow");
    }
    for (const net::IpAddress& address : addresses) found.push_back({host, address});
  }
  if (!found.empty()) co_return found;
  if (failure) co_return std::unexpected(*std::move(failure));
  co_return fail(Errc::kUnreachable, "the database's host has no address");
}

// Whether another server of the list may do what this one does not.
bool may_try_next(Errc code) {
  return code != Errc::kCancelled && code != Errc::kUnauthorized && code != Errc::kNotFound &&
         code != Errc::kForbidden;
}

// One piece of work with one database, on a thread of the pool.
class Work {
 public:
  Work(const PostgresContactsSpec& spec, const std::vector<HostAddress>& addresses,
       const Clock& clock, const Interrupt& interrupt, const PostgresContactsOptions& options,
       Deadline deadline)
      : spec_(spec),
        addresses_(addresses),
        clock_(clock),
        interrupt_(interrupt),
        options_(options),
        deadline_(deadline) {}

  // Connected, inside a transaction, and the table looked at.
  Result<void> begin(const std::string& begin) {
    TRY_VOID(connect());
    TRY_VOID(run(begin, {}));
    TRY_VOID(
        run(std::string(limits_statement()), {std::to_string(options_.statement_timeout_ms.count()),
                                              std::to_string(options_.lock_timeout_ms.count())}));
    return describe();
  }
  Result<Rows> run(const std::string& sql, const std::vector<Text>& params) {
    const Milliseconds patience = options_.statement_timeout_ms + kAnswerGrace;
    return session_->run(sql, params, deadline_.sooner(Deadline::after(clock_, patience)));
  }
  const ColumnTypes& types() const { return types_; }

 private:
  Result<void> connect() {
    Error failure{Errc::kUnreachable, "the database's host has no address"};
    for (const HostAddress& at : addresses_) {
      auto session = Session::connect(
          {spec_.url, at.host, at.address, options_.roots_file}, clock_, interrupt_,
          deadline_.sooner(Deadline::after(clock_, options_.connect_timeout_ms)));
      if (session) {
        session_ = *std::move(session);
        return {};
      }
      failure = std::move(session).error();
      if (!may_try_next(failure.code)) break;
    }
    return std::unexpected(std::move(failure));
  }

  Result<void> describe() {
    const auto names = column_names(spec_);
    TRY(rows, run(std::string(describe_statement()), {table_name(spec_), array_of(names)}));
    const std::pair<std::string_view, std::string*> wanted[] = {
        {names[0], &types_.email},
        {names[1], &types_.email_verified},
        {names[2], &types_.verification_date},
        {names[3], &types_.verification_job_id},
        {names[4], &types_.email_invalid_reason}};
    if (rows.size() == 0 || rows.text(0, 0) != "t") {
      return fail(Errc::kNotFound, "there is no table " + table_name(spec_) +
                                       " in the database; put settings.table and settings.schema "
                                       "right or create it");
    }
    std::vector<std::string> missing;
    for (const auto& [name, type] : wanted) {
      bool found = false;
      for (int i = 0; i < rows.size(); ++i) {
        if (rows.is_null(i, 1) || rows.text(i, 1) != name) continue;
        *type = rows.text(i, 2);
        found = true;
      }
      if (!found) missing.push_back(quoted_identifier(name));
    }
    if (missing.empty()) return {};
    return fail(Errc::kNotFound,
                fmt::format("the table {} has no column {}; add it with ALTER TABLE … ADD COLUMN, "
                            "or name the right one in settings.columns",
                            table_name(spec_), fmt::join(missing, ", ")));
  }

  const PostgresContactsSpec& spec_;
  const std::vector<HostAddress>& addresses_;
  const Clock& clock_;
  const Interrupt& interrupt_;
  const PostgresContactsOptions& options_;
  const Deadline deadline_;
  std::unique_ptr<Session> session_;
  ColumnTypes types_;
};

// For as long as it lives, a cancellation of this coroutine raises the interrupt.
class Cancelling {
 public:
  Cancelling(asio::cancellation_slot slot, Interrupt& interrupt) : slot_(slot) {
    if (slot_.is_connected()) {
      slot_.assign([&interrupt](asio::cancellation_type) { interrupt.raise(); });
    }
  }
  ~Cancelling() {
    if (slot_.is_connected()) slot_.clear();
  }
  Cancelling(const Cancelling&) = delete;
  Cancelling& operator=(const Cancelling&) = delete;

 private:
  asio::cancellation_slot slot_;
};

template <class Function>
Task<std::invoke_result_t<Function&>> run_interruptibly(asio::thread_pool& pool,
                                                        Interrupt& interrupt, Function function) {
  const auto state = co_await asio::this_coro::cancellation_state;
  const Cancelling cancelling(state.slot(), interrupt);
  co_return co_await run_on(pool, std::move(function));
}

// A text with a byte 0 is in no table, and PostgreSQL takes none.
bool can_be_there(const model::ContactUpdate& row) { return !row.email.contains('\0'); }

Result<std::int64_t> apply_batch(Work& work, const std::string& sql, const std::string& job_id,
                                 const std::string& date,
                                 std::span<const model::ContactUpdate> rows) {
  std::vector<std::string> emails;
  std::vector<std::string> verified;
  std::vector<std::string> reasons;
  for (const model::ContactUpdate& row : rows) {
    if (!can_be_there(row)) continue;
    emails.push_back(row.email);
    verified.emplace_back(row.email_verified ? "t" : "f");
    reasons.push_back(row.email_verified ? std::string() : row.email_invalid_reason);
  }
  TRY(answer,
      work.run(sql, {array_of(emails), array_of(verified), array_of(reasons), job_id, date}));
  return answer.changed();
}

}  // namespace

class PostgresContacts::Reader final : public ContactsReader {
 public:
  Reader(PostgresContacts& owner, const PostgresContactsSpec& spec, ContactSelection selection,
         Deadline deadline)
      : owner_(owner), spec_(spec), selection_(std::move(selection)), deadline_(deadline) {}

  Task<Result<std::vector<std::string>>> next() override {
    if (!work_) {
      CO_TRY(addresses,
             co_await find_addresses(owner_.lookup_, owner_.filter_, spec_.url, deadline_));
      addresses_ = std::move(addresses);
    }
    co_return co_await run_interruptibly(owner_.pool_, interrupt_, [this] { return fetch(); });
  }

 private:
  Result<std::vector<std::string>> fetch() {
    if (!work_) {
      work_.emplace(spec_, addresses_, owner_.clock_, interrupt_, owner_.options_, deadline_);
      TRY_VOID(work_->begin("BEGIN READ ONLY"));
      std::vector<Text> params;
      const std::string declare = cursor_statement(spec_, work_->types(), selection_, params);
      TRY_VOID(work_->run(declare, params));
    }
    TRY(rows, work_->run(std::string(kFetchStatement), {}));
    std::vector<std::string> emails;
    for (int i = 0; i < rows.size(); ++i) emails.emplace_back(rows.text(i, 0));
    return emails;
  }

  PostgresContacts& owner_;
  const PostgresContactsSpec& spec_;
  const ContactSelection selection_;
  const Deadline deadline_;
  Interrupt interrupt_;
  std::vector<HostAddress> addresses_;
  std::optional<Work> work_;
};

class PostgresContacts::Table final : public ContactsTable {
 public:
  Table(PostgresContacts& owner, PostgresContactsSpec spec)
      : owner_(owner), spec_(std::move(spec)), turn_(owner.turn_of(spec_)) {}

  Task<Result<std::int64_t>> apply(std::string job_id, WallTime verified_at, ContactBatches rows,
                                   Deadline deadline) override {
    const std::string date = to_iso8601(verified_at);
    co_return co_await in_transaction(deadline, [&](Work& work) -> Result<std::int64_t> {
      const std::string sql = apply_statement(spec_, work.types());
      std::int64_t applied = 0;
      TRY_VOID(rows([&](std::span<const model::ContactUpdate> batch) -> Result<void> {
        TRY(changed, apply_batch(work, sql, job_id, date, batch));
        applied += changed;
        return {};
      }));
      return applied;
    });
  }

  Task<Result<void>> mark(std::string job_id, std::vector<std::string> emails,
                          Deadline deadline) override {
    CO_TRY_VOID(co_await in_transaction(deadline, [&](Work& work) -> Result<std::int64_t> {
      TRY(answer, work.run(mark_statement(spec_, work.types()), {array_of(emails), job_id}));
      return answer.changed();
    }));
    co_return Result<void>{};
  }

  std::unique_ptr<ContactsReader> read(ContactSelection selection, Deadline deadline) override {
    return std::make_unique<Reader>(owner_, spec_, std::move(selection), deadline);
  }

  std::string key_of(std::string_view email) const override {
    return spec_.ignore_case ? to_lower(email) : std::string(email);
  }

 private:
  using Function = std::function<Result<std::int64_t>(Work& work)>;

  Task<Result<std::int64_t>> in_transaction(Deadline deadline, Function function) {
    CO_TRY(addresses, co_await find_addresses(owner_.lookup_, owner_.filter_, spec_.url, deadline));
    CO_TRY(permit, co_await turn_->acquire());
    Interrupt interrupt;
    Work work(spec_, addresses, owner_.clock_, interrupt, owner_.options_, deadline);
    co_return co_await run_interruptibly(owner_.pool_, interrupt, [&]() -> Result<std::int64_t> {
      TRY_VOID(work.begin("BEGIN"));
      TRY(value, function(work));
      TRY_VOID(work.run("COMMIT", {}));
      return value;
    });
  }

  PostgresContacts& owner_;
  const PostgresContactsSpec spec_;
  const std::shared_ptr<Semaphore> turn_;
};

PostgresContacts::PostgresContacts(const Clock& clock, net::HostLookup& lookup,
                                   const net::AddressFilter& filter,
                                   PostgresContactsOptions options)
    : clock_(clock), lookup_(lookup), filter_(filter), options_(options), pool_(options.threads) {}

PostgresContacts::~PostgresContacts() { pool_.join(); }

std::unique_ptr<ContactsTable> PostgresContacts::open(PostgresContactsSpec spec) {
  return std::make_unique<Table>(*this, std::move(spec));
}

std::shared_ptr<Semaphore> PostgresContacts::turn_of(const PostgresContactsSpec& spec) {
  std::erase_if(turns_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Semaphore>& known = turns_[spec.url.shown()];
  auto turn = known.lock();
  if (!turn) {
    turn = std::make_shared<Semaphore>(1);
    known = turn;
  }
  return turn;
}

}  // namespace verihook::store::postgres
