// ContactsDestination: what becomes of bulk events that are routed to a contacts table, the
// embedded one or one in PostgreSQL (contract, section 6.7).
//
//   bulk.completed  the results are fetched and applied to the contacts in one transaction
//   bulk.failed     the job's error is kept, partial results are applied, the rest is submitted as
//   a
//                   new job, once per event
//   bulk.progress   the job's row, and which quarter people were told of
//
// Anything else is accepted and ignored. Results of a received event are downloaded, those of this
// program's own job read from its store; they go through the parser into a nameless temporary file
// and from there, a thousand rows at a time, into the table, so that memory stays flat; a download
// that is no list of results ends at once. Every step can be repeated: the same event twice leaves
// what one leaves, and `verification_date` is the event's time. Lives on the io thread.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include "base/clock.h"
#include "crypto/secret_box.h"
#include "delivery/destination_handler.h"
#include "destinations/contacts_settings.h"
#include "destinations/own_results.h"
#include "destinations/result_file.h"
#include "destinations/retry_submitter.h"
#include "http/client.h"
#include "model/contact.h"
#include "net/ip.h"
#include "store/contacts_table.h"
#include "store/database.h"

namespace verihook::destinations {

struct ContactsOptions {
  std::string public_url;              // of this server: results may always be had from here
  std::filesystem::path folder;        // for temporary files
  std::vector<net::Cidr> http_ranges;  // plain http is allowed to addresses in these …
  bool allow_http = false;             // … or to every host
  std::uint64_t download_bytes_max = std::uint64_t{16} * 1024 * 1024 * 1024;
  Milliseconds attempt_timeout_ms = std::chrono::minutes{30};
  std::size_t batch_rows = 1'000;            // written at a time
  std::size_t retry_emails_max = 1'000'000;  // submitted as one job
};

// What is asked about jobs of this program. Without a `submitter` the rest of a failed job is
// submitted only where settings name a `submit_url`.
struct OwnJobs {
  OwnResults& results;
  RetrySubmitter* submitter = nullptr;
};

class ContactsDestination final : public delivery::DestinationHandler {
 public:
  // Everything passed by reference must outlive it. `cpu_pool` may be null (simulations).
  ContactsDestination(store::Database& database, http::Client& client, const Clock& clock,
                      const crypto::SecretBox& secrets, store::PostgresContactsOpener& postgres,
                      asio::thread_pool* cpu_pool, OwnJobs own, ContactsOptions options);

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;
  Milliseconds attempt_timeout_ms() const override { return options_.attempt_timeout_ms; }

  // The table that a contacts destination is about. kInvalidArgument when its settings do not open.
  Task<Result<std::unique_ptr<store::ContactsTable>>> find_table(
      const model::Destination& destination);

 private:
  // What a step comes to: its value, or the attempt's failure.
  template <class T = void>
  using Step = std::expected<T, delivery::AttemptResult>;

  // An event and what its destination and source say about the provider.
  struct Job {
    const model::Event& event;
    boost::json::object payload;
    std::string id;
    std::vector<ProviderSettings> providers;  // the destination's, then the source's
    std::unique_ptr<store::ContactsTable> table;
    Deadline deadline;
  };
  struct Target {
    http::Url url;
    std::string api_key;
  };

  Task<Step<>> handle(const model::Destination& destination, const model::Event& event,
                      Deadline deadline);
  Task<Step<>> complete(const Job& job);
  Task<Step<>> fail_job(const Job& job);
  Task<Step<>> progress(const Job& job);

  // Those of the destination, or of the one that it is a route to.
  Task<Step<ContactsSettings>> settings_of(const model::Destination& destination);
  std::unique_ptr<store::ContactsTable> open_table(
      std::optional<store::PostgresContactsSpec> postgres, const std::string& tenant_id) const;
  Task<Step<>> add_source(Job& job);
  // Refuses hosts that nobody allowed, and plain http where it may not be.
  Step<Target> target_of(const Job& job, std::string_view url) const;
  bool is_own(const http::Url& url) const;
  Task<Step<std::unique_ptr<ResultFile>>> download(const Job& job, Target target);

  Task<Step<std::unique_ptr<ResultFile>>> results_of(const Job& job, std::string url);
  Task<Step<>> apply(const Job& job, const ResultFile& results);
  Task<Step<>> note(const Job& job,
                    void (*change)(model::RemoteJob& row, const boost::json::object& payload));

  Task<Step<>> submit_rest(const Job& job, const ResultFile& results);
  Task<Step<std::string>> submit_contacts(const Job& job, const ResultFile& results);
  Task<Step<std::vector<std::string>>> contacts_left(const Job& job, const ResultFile& results);
  Task<Step<std::vector<std::string>>> next_left(const Job& job, const ResultFile& results,
                                                 store::ContactsReader& reader);
  Task<Step<>> hand_over(const Job& job, const ResultFile& results, std::string new_job);

  store::Database& database_;
  http::Client& client_;
  const Clock& clock_;
  const crypto::SecretBox& secrets_;
  store::PostgresContactsOpener& postgres_;
  asio::thread_pool* const cpu_pool_;
  const OwnJobs own_;
  const ContactsOptions options_;
};

}  // namespace verihook::destinations
