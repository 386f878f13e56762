// ContactsDestination: what becomes of bulk events that are routed to the embedded contacts table
// (contract, section 6.7).
//
//   bulk.completed  the results are downloaded and applied to the contacts in one transaction
//   bulk.failed     the job's error is kept, partial results are applied, the rest is submitted as
//   a
//                   new job, once per event
//   bulk.progress   the job's row, and which quarter people were told of
//
// Anything else is accepted and ignored. Results go from the network through the parser into a
// nameless temporary file and from there, a thousand rows at a time, into the store, so that memory
// stays flat; a download that is no list of results ends at once. Every step can be repeated: the
// same event twice leaves what one leaves. Lives on the io thread.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "crypto/secret_box.h"
#include "delivery/destination_handler.h"
#include "destinations/provider_settings.h"
#include "destinations/result_file.h"
#include "destinations/retry_submitter.h"
#include "http/client.h"
#include "net/ip.h"
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

class ContactsDestination final : public delivery::DestinationHandler {
 public:
  // Everything passed by reference must outlive it. Without a `submitter` the rest of a failed job
  // is submitted only where settings name a `submit_url`.
  ContactsDestination(store::Database& database, http::Client& client, const Clock& clock,
                      const crypto::SecretBox& secrets, RetrySubmitter* submitter,
                      ContactsOptions options);

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;
  Milliseconds attempt_timeout_ms() const override { return options_.attempt_timeout_ms; }

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

  Task<Step<std::vector<ProviderSettings>>> providers_of(const model::Destination& destination,
                                                         const model::Event& event);
  // Refuses hosts that nobody allowed, and plain http where it may not be.
  Step<Target> target_of(const Job& job, std::string_view url) const;
  bool is_own(const http::Url& url) const;
  Task<Step<std::unique_ptr<ResultFile>>> download(const Job& job, Target target);

  Task<Step<>> submit_rest(const Job& job);
  Task<Step<std::string>> submit_contacts(const Job& job);
  Task<Step<std::vector<std::string>>> contacts_left(const Job& job);

  store::Database& database_;
  http::Client& client_;
  const Clock& clock_;
  const crypto::SecretBox& secrets_;
  RetrySubmitter* const submitter_;
  const ContactsOptions options_;
};

}  // namespace verihook::destinations
