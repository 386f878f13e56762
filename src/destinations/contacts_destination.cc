#include "destinations/contacts_destination.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "async/run_on.h"
#include "base/log.h"
#include "delivery/schedule.h"
#include "destinations/event_facts.h"
#include "destinations/failure.h"
#include "destinations/http_destination.h"
#include "destinations/remote_job.h"
#include "destinations/result_reader.h"
#include "model/event.h"
#include "store/accounts.h"
#include "store/contacts.h"
#include "store/destinations.h"
#include "store/embedded_contacts.h"
#include "store/jobs.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {

namespace json = boost::json;
using delivery::AttemptResult;

namespace {

constexpr std::size_t kUnreadTailBytesMax =
    64 * 1024;                              // of a body that is no results, before it ends
constexpr std::size_t kRestPage = 200'000;  // addresses that are compared with the results at once
constexpr std::size_t kMarkedAtOnce = 1'000;
constexpr Milliseconds kSubmissionMemory = std::chrono::hours{24 * 30};

// For std::expected: the attempt's failure.
std::unexpected<AttemptResult> failing(const Error& error) {
  return std::unexpected(failed(error));
}
std::unexpected<AttemptResult> refused(std::string sentence) {
  return failing(Error{Errc::kInvalidArgument, std::move(sentence)});
}

std::string submission_key(const model::Event& event) { return "contacts-retry:" + event.id; }

// The row of the event's job, or a new one.
Result<model::RemoteJob> row_of(store::Connection& db, const model::Event& event,
                                const std::string& job_id, WallTime now) {
  auto row = store::find_remote_job(db, event.tenant_id, event.source_name, job_id);
  if (!row && row.error().code != Errc::kNotFound) return row;
  if (!row) {
    row = model::RemoteJob{};
    row->tenant_id = event.tenant_id;
    row->source_name = event.source_name;
    row->job_id = job_id;
  }
  row->updated_at = now;
  return row;
}

store::ContactSelection contacts_of_job(std::string job_id) {
  return {.which = store::ContactSelection::Which::kOfJob,
          .verified_before = {},
          .job_id = std::move(job_id)};
}

// Takes out of `emails` those that have a result; the others keep their order.
Result<void> leave_out_known(std::vector<std::string>& emails, const store::ContactsTable& table,
                             const ResultFile& results, std::size_t batch_rows) {
  std::unordered_set<std::string> open;
  for (const std::string& email : emails) open.insert(table.key_of(email));
  TRY_VOID(
      results.read(batch_rows, [&](std::span<const model::ContactUpdate> rows) -> Result<void> {
        for (const model::ContactUpdate& row : rows) open.erase(table.key_of(row.email));
        return {};
      }));
  std::erase_if(emails,
                [&](const std::string& email) { return !open.contains(table.key_of(email)); });
  return {};
}

// Feeds a download to the reader. The body of an error answer comes this way too, before its status
// is known, so what cannot be read does not end the transfer before a page of it went by.
class Sink {
 public:
  explicit Sink(ResultFile& file)
      : reader_([&file](const model::ContactUpdate& row) { return file.append(row); }) {}

  bool take(std::string_view piece) {
    if (error_) {
      unread_bytes_ += piece.size();
      return unread_bytes_ <= kUnreadTailBytesMax;
    }
    note(reader_.feed(piece));
    return true;
  }
  void end() {
    if (!error_) note(reader_.finish());
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  void note(Result<void> result) {
    if (!result) error_ = std::move(result).error();
  }

  ResultReader reader_;
  std::optional<Error> error_;
  std::size_t unread_bytes_ = 0;
};

}  // namespace

ContactsDestination::ContactsDestination(store::Database& database, http::Client& client,
                                         const Clock& clock, const crypto::SecretBox& secrets,
                                         store::PostgresContactsOpener& postgres,
                                         asio::thread_pool* cpu_pool, OwnJobs own,
                                         ContactsOptions options)
    : database_(database),
      client_(client),
      clock_(clock),
      secrets_(secrets),
      postgres_(postgres),
      cpu_pool_(cpu_pool),
      own_(own),
      options_(std::move(options)) {}

Task<AttemptResult> ContactsDestination::attempt(const model::Destination& destination,
                                                 const model::Event& event, const model::Delivery&,
                                                 Deadline deadline) {
  const MonotonicTime began = clock_.monotonic_now();
  const Step<> done = co_await handle(destination, event, deadline);
  AttemptResult result;
  if (done) {
    result.success = true;
  } else {
    result = done.error();
  }
  const std::chrono::duration<double, std::milli> took = clock_.monotonic_now() - began;
  result.latency_ms = took.count();
  co_return result;
}

Task<ContactsDestination::Step<>> ContactsDestination::handle(const model::Destination& destination,
                                                              const model::Event& event,
                                                              Deadline deadline) {
  using Handler = Task<Step<>> (ContactsDestination::*)(const Job&);
  static constexpr std::pair<std::string_view, Handler> kHandlers[] = {
      {model::event_type::kBulkCompleted, &ContactsDestination::complete},
      {model::event_type::kBulkFailed, &ContactsDestination::fail_job},
      {model::event_type::kBulkProgress, &ContactsDestination::progress},
  };
  const auto* handler = std::ranges::find(kHandlers, std::string_view(event.type),
                                          &std::pair<std::string_view, Handler>::first);
  if (handler == std::end(kHandlers)) co_return Step<>{};
  auto parsed = webhooks::parse_strict_json(payload_of(event, clock_.wall_now()),
                                            webhooks::received_json_limits());
  if (!parsed || !parsed->is_object()) co_return refused("The event's body is not a JSON object.");
  Job job{event, std::move(parsed->get_object()), {}, {}, nullptr, deadline};
  job.id = text_of(job.payload, "job_id");
  if (job.id.empty()) co_return refused("The event has no job_id.");
  auto settings = co_await settings_of(destination);
  if (!settings) co_return std::unexpected(std::move(settings).error());
  job.table = open_table(std::move(settings->postgres), event.tenant_id);
  job.providers.push_back(std::move(settings->provider));
  if (const auto added = co_await add_source(job); !added) co_return added;
  co_return co_await (this->*handler->second)(job);
}

Task<ContactsDestination::Step<ContactsSettings>> ContactsDestination::settings_of(
    const model::Destination& destination) {
  auto own = open_contacts_settings(destination.settings, secrets_, secret_place(destination));
  if (!own) co_return failing(own.error());
  if (own->destination.empty()) co_return std::move(*own);
  const auto other = co_await database_.read([&](store::Connection& db) {
    return store::find_destination(db, destination.tenant_id, own->destination);
  });
  if (!other && other.error().code == Errc::kNotFound) {
    co_return refused("The destination " + own->destination +
                      " is gone, and with it the way to its contacts table.");
  }
  if (!other) co_return failing(other.error());
  auto theirs = open_contacts_settings(other->settings, secrets_, secret_place(*other));
  if (!theirs) co_return failing(theirs.error());
  co_return std::move(*theirs);
}

std::unique_ptr<store::ContactsTable> ContactsDestination::open_table(
    std::optional<store::PostgresContactsSpec> postgres, const std::string& tenant_id) const {
  if (postgres) return postgres_.open(*std::move(postgres));
  return std::make_unique<store::EmbeddedContacts>(database_, tenant_id);
}

Task<Result<std::unique_ptr<store::ContactsTable>>> ContactsDestination::find_table(
    const model::Destination& destination) {
  auto settings = co_await settings_of(destination);
  if (!settings) co_return fail(Errc::kInvalidArgument, settings.error().error);
  co_return open_table(std::move(settings->postgres), destination.tenant_id);
}

// What the event's source says about its provider.
Task<ContactsDestination::Step<>> ContactsDestination::add_source(Job& job) {
  const model::Event& event = job.event;
  if (event.source_name.empty()) co_return Step<>{};
  // By name, because a source may serve several tenants.
  const auto source = co_await database_.read(
      [&](store::Connection& db) { return store::find_source_by_name(db, event.source_name); });
  if (!source && source.error().code != Errc::kNotFound) co_return failing(source.error());
  if (!source || source->id != event.source_id) co_return Step<>{};
  auto theirs =
      open_provider_settings(source->settings, secrets_, source->tenant_id + "|" + source->id);
  if (!theirs) co_return failing(theirs.error());
  job.providers.push_back(std::move(*theirs));
  co_return Step<>{};
}

bool ContactsDestination::is_own(const http::Url& url) const {
  const auto own = http::Url::parse(options_.public_url);
  return own && own->https == url.https && own->host == url.host && own->port == url.port;
}

ContactsDestination::Step<ContactsDestination::Target> ContactsDestination::target_of(
    const Job& job, std::string_view url_text) const {
  auto url = http::Url::parse(url_text);
  if (!url) return refused("The URL of the results is no good: " + url.error().message);
  if (is_own(*url)) {
    const auto with_key = std::ranges::find_if(
        job.providers, [](const ProviderSettings& provider) { return !provider.api_key.empty(); });
    return Target{*url, with_key == job.providers.end() ? std::string() : with_key->api_key};
  }
  const bool http_is_fine =
      url->https || options_.allow_http ||
      (url->literal && std::ranges::any_of(options_.http_ranges, [&](const net::Cidr& range) {
         return range.contains(*url->literal);
       }));
  for (const ProviderSettings& provider : job.providers) {
    if (!provider.allows(*url)) continue;
    if (!http_is_fine) return refused("The URL must be https.");
    return Target{*url, provider.api_key};
  }
  return failing(Error{
      Errc::kForbidden,
      "The host " + url->host + " is not in allowed_hosts of the destination or the source."});
}

Task<ContactsDestination::Step<std::unique_ptr<ResultFile>>> ContactsDestination::download(
    const Job& job, Target target) {
  auto file = ResultFile::create(options_.folder);
  if (!file) co_return failing(file.error());
  Sink sink(**file);
  http::ClientRequest request;
  request.method = http::Method::kGet;
  request.url = target.url;
  request.headers.add("Accept", "application/json");
  if (!target.api_key.empty()) {
    request.headers.add("Authorization", "Bearer " + target.api_key);
  }
  request.total_timeout_ms = std::min(job.deadline.time_left(clock_), options_.attempt_timeout_ms);
  request.sink = [&sink](std::string_view piece) { return sink.take(piece); };
  request.sink_bytes_max = options_.download_bytes_max;
  const auto response = co_await client_.send(std::move(request));
  if (!response) {
    // A transfer that the sink ended was ended for a reason of its own.
    const bool stopped = response.error().code == Errc::kCancelled && sink.error();
    co_return failing(stopped ? *sink.error() : response.error());
  }
  if (response->status != 200) {
    std::optional<Milliseconds> hint;
    if (const auto header = response->headers.get("Retry-After")) {
      hint = delivery::parse_retry_after(*header, clock_.wall_now());
    }
    co_return std::unexpected(failed_with_status("The download", response->status, hint));
  }
  sink.end();
  if (sink.error()) co_return failing(*sink.error());
  if (const auto sealed = (*file)->seal(); !sealed) co_return failing(sealed.error());
  co_return std::move(*file);
}

Task<ContactsDestination::Step<std::unique_ptr<ResultFile>>> ContactsDestination::results_of(
    const Job& job, std::string url) {
  if (job.event.origin == model::EventOrigin::kReceived) {
    auto target = target_of(job, url);
    if (!target) co_return std::unexpected(std::move(target).error());
    co_return co_await download(job, *std::move(target));
  }
  auto file = ResultFile::create(options_.folder);
  if (!file) co_return failing(file.error());
  const auto read = co_await own_.results.append(job.event.tenant_id, job.id, **file);
  if (!read) co_return failing(read.error());
  if (const auto sealed = (*file)->seal(); !sealed) co_return failing(sealed.error());
  co_return std::move(*file);
}

Task<ContactsDestination::Step<>> ContactsDestination::apply(const Job& job,
                                                             const ResultFile& results) {
  const auto applied = co_await job.table->apply(
      job.id, job.event.created_at,
      [&](const store::OnContactBatch& on_batch) {
        return results.read(options_.batch_rows, on_batch);
      },
      job.deadline);
  if (!applied) co_return failing(applied.error());
  co_return Step<>{};
}

// The row of the provider's job; those of this program have theirs elsewhere.
Task<ContactsDestination::Step<>> ContactsDestination::note(const Job& job,
                                                            void (*change)(model::RemoteJob&,
                                                                           const json::object&)) {
  if (job.event.origin != model::EventOrigin::kReceived) co_return Step<>{};
  const WallTime now = clock_.wall_now();
  const auto noted = co_await database_.write([&](store::Connection& db) -> Result<void> {
    TRY(row, row_of(db, job.event, job.id, now));
    change(row, job.payload);
    return store::upsert_remote_job(db, row);
  });
  if (!noted) co_return failing(noted.error());
  co_return Step<>{};
}

Task<ContactsDestination::Step<>> ContactsDestination::complete(const Job& job) {
  const auto results = co_await results_of(job, text_of(job.payload, "download_url"));
  if (!results) co_return std::unexpected(results.error());
  if (const auto applied = co_await apply(job, **results); !applied) co_return applied;
  co_return co_await note(job, apply_completed);
}

Task<ContactsDestination::Step<>> ContactsDestination::fail_job(const Job& job) {
  // First what people look for, even if the partial results cannot be had.
  if (const auto noted = co_await note(job, apply_failed); !noted) co_return noted;
  if (!truth_of(job.payload, "partial_results_available")) co_return Step<>{};
  std::string url = text_of(job.payload, "download_url");
  for (const ProviderSettings& provider : job.providers) {
    if (url.empty()) url = expand_job_id(provider.results_url, job.id);
  }
  if (url.empty()) {
    co_return refused("The event has no download_url, and no settings name a results_url.");
  }
  const auto results = co_await results_of(job, std::move(url));
  if (!results) co_return std::unexpected(results.error());
  if (const auto applied = co_await apply(job, **results); !applied) co_return applied;
  if (!wants_retry(job.payload)) co_return Step<>{};
  co_return co_await submit_rest(job, **results);
}

Task<ContactsDestination::Step<>> ContactsDestination::progress(const Job& job) {
  const WallTime now = clock_.wall_now();
  model::RemoteJob row;
  const auto passed = co_await database_.write([&](store::Connection& db) -> Result<bool> {
    TRY(known, row_of(db, job.event, job.id, now));
    row = std::move(known);
    const bool passed_quarter = apply_progress(row, job.payload);
    TRY_VOID(store::upsert_remote_job(db, row));
    return passed_quarter;
  });
  if (!passed) co_return failing(passed.error());
  if (*passed) {
    log_info("a provider's job made progress", {{"job", job.id},
                                                {"source", job.event.source_name},
                                                {"percent", row.notified_quarter * 25LL}});
  }
  co_return Step<>{};
}

Task<ContactsDestination::Step<>> ContactsDestination::submit_rest(const Job& job,
                                                                   const ResultFile& results) {
  const std::string& tenant_id = job.event.tenant_id;
  const std::string key = submission_key(job.event);
  const auto before = co_await database_.read([&](store::Connection& db) {
    return store::find_idempotent_answer(db, tenant_id, key, clock_.wall_now());
  });
  if (!before) co_return failing(before.error());
  // Whatever came between the submission and the end of the handing over, that goes on.
  if (*before) co_return co_await hand_over(job, results, (*before)->body);

  const auto submitted = co_await submit_contacts(job, results);
  if (!submitted) co_return std::unexpected(submitted.error());
  const WallTime now = clock_.wall_now();
  const auto remembered = co_await database_.write([&](store::Connection& db) {
    return store::insert_idempotent_answer(db, tenant_id, key, {{}, 202, *submitted},
                                           now + kSubmissionMemory, now);
  });
  if (!remembered && remembered.error().code != Errc::kConflict) {
    co_return failing(remembered.error());
  }
  log_info("the rest of a failed job was submitted", {{"job", job.id}, {"new_job", *submitted}});
  co_return co_await hand_over(job, results, *submitted);
}

Task<ContactsDestination::Step<std::string>> ContactsDestination::submit_contacts(
    const Job& job, const ResultFile& results) {
  const std::string& tenant_id = job.event.tenant_id;
  if (own_.submitter != nullptr) {
    const auto own = co_await database_.read(
        [&](store::Connection& db) { return store::find_job(db, tenant_id, job.id); });
    if (!own && own.error().code != Errc::kNotFound) co_return failing(own.error());
    if (own) {
      auto retried = co_await own_.submitter->retry_own_job(tenant_id, job.id, job.event.id);
      if (retried) co_return std::move(*retried);
      if (retried.error().code != Errc::kUnsupported) co_return failing(retried.error());
    }
  }
  auto emails = co_await contacts_left(job, results);
  if (!emails) co_return std::unexpected(std::move(emails).error());
  if (emails->empty()) co_return std::string();
  RetrySubmission submission{tenant_id, std::move(*emails), job.id, job.event.id};
  for (const ProviderSettings& provider : job.providers) {
    if (provider.submit_url.empty()) continue;
    auto target = target_of(job, provider.submit_url);
    if (!target) co_return std::unexpected(std::move(target).error());
    HttpRetrySubmitter over_http(client_, target->url, target->api_key,
                                 job.deadline.time_left(clock_));
    auto submitted = co_await over_http.submit(std::move(submission));
    if (!submitted) co_return failing(submitted.error());
    co_return std::move(*submitted);
  }
  if (own_.submitter == nullptr) co_return std::string();
  auto submitted = co_await own_.submitter->submit(std::move(submission));
  if (!submitted) co_return failing(submitted.error());
  co_return std::move(*submitted);
}

// Contacts that carry the failed job and have no result of it, a page at a time; empty at the end.
Task<ContactsDestination::Step<std::vector<std::string>>> ContactsDestination::next_left(
    const Job& job, const ResultFile& results, store::ContactsReader& reader) {
  for (;;) {
    std::vector<std::string> emails;
    while (emails.size() < kRestPage) {
      auto page = co_await reader.next();
      if (!page) co_return failing(page.error());
      if (page->empty()) break;
      std::ranges::move(*page, std::back_inserter(emails));
    }
    if (emails.empty()) co_return emails;
    const auto known = co_await run_on(cpu_pool_, [&] {
      return leave_out_known(emails, *job.table, results, options_.batch_rows);
    });
    if (!known) co_return failing(known.error());
    if (!emails.empty()) co_return emails;
  }
}

Task<ContactsDestination::Step<std::vector<std::string>>> ContactsDestination::contacts_left(
    const Job& job, const ResultFile& results) {
  const auto reader = job.table->read(contacts_of_job(job.id), job.deadline);
  std::vector<std::string> emails;
  for (;;) {
    auto page = co_await next_left(job, results, *reader);
    if (!page) co_return std::unexpected(std::move(page).error());
    if (page->empty()) co_return emails;
    if (emails.size() + page->size() > options_.retry_emails_max) {
      co_return refused("More addresses are left than one job may have; submit them by hand.");
    }
    std::ranges::move(*page, std::back_inserter(emails));
  }
}

// The contacts of a failed job that it left without a result are the new job's from now on, so that
// should it fail as well, the rest of it is known.
Task<ContactsDestination::Step<>> ContactsDestination::hand_over(const Job& job,
                                                                 const ResultFile& results,
                                                                 std::string new_job) {
  if (new_job.empty() || new_job == job.id) co_return Step<>{};
  const auto reader = job.table->read(contacts_of_job(job.id), job.deadline);
  for (;;) {
    auto page = co_await next_left(job, results, *reader);
    if (!page) co_return std::unexpected(std::move(page).error());
    if (page->empty()) co_return Step<>{};
    for (std::size_t i = 0; i < page->size(); i += kMarkedAtOnce) {
      const auto some = std::span(*page).subspan(i, std::min(kMarkedAtOnce, page->size() - i));
      const auto marked =
          co_await job.table->mark(new_job, {some.begin(), some.end()}, job.deadline);
      if (!marked) co_return failing(marked.error());
    }
  }
}

}  // namespace verihook::destinations
