// The world of the simulation: mail servers, a resolver, customers' endpoints and a disk that
// survive, and the node (the program's parts, wired as in app/wiring) that runs in it and can be
// killed at any moment. One io thread, virtual time, one seed. What the world knows to be true of
// every address is kept beside it, so that verdicts can be checked.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "address/lists.h"
#include "crypto/secret_box.h"
#include "delivery/dispatcher.h"
#include "delivery/outbox.h"
#include "destinations/http_destination.h"
#include "jobs/engine.h"
#include "jobs/single_verifications.h"
#include "model/tenant.h"
#include "tests/support/simulated_http.h"
#include "tests/support/simulated_network.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/surviving_store.h"
#include "tests/support/virtual_time.h"
#include "verification/verifier.h"

namespace verihook::simulation {

// How often the world misbehaves; each run draws its own.
struct Faults {
  double mail_connection = 0;   // a connection to a mail server is reset after some bytes
  double mail_throttle = 0;     // … or refused with "too many connections"
  double endpoint = 0;          // a customer's endpoint answers 500
  double endpoint_timeout = 0;  // … or not at all
  double disk_full = 0;         // a commit finds no space
};

// What an endpoint saw.
struct Received {
  std::string event_type;
  std::string webhook_id;
  std::string job_id;
  std::string verification_id;
  std::string body;
  bool signature_ok = false;
};

// A question about a recipient that a mail server heard.
struct Probe {
  std::string email;
  WallTime at{};
};

// Whether an address may be at a server that says "later" at first.
enum class Greylisted { kPerhaps, kNo };

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();

  // Starts the node; what a former one left is taken up.
  void start_node();
  // Nothing of what it does from now on is kept; then it is gone.
  void kill_node();

  // The job's id, or empty when the store refused; then nothing of it may exist.
  std::string submit(const std::vector<std::string>& emails) {
    return submit(model::kDefaultTenant, emails, 16);
  }
  std::string submit(std::string_view tenant_id, const std::vector<std::string>& emails,
                     std::size_t chunk_rows);
  // As jobs::Engine has them.
  Result<model::Job> pause(const std::string& job_id);
  Result<model::Job> resume(const std::string& job_id);
  Result<model::Job> cancel(const std::string& job_id);
  Result<void> remove(const std::string& job_id);
  // A verification of one address to be answered later; its id, or empty as above.
  std::string verify_later(const std::string& email);
  void advance(Milliseconds by) { time.advance(by); }

  // A new address, and what is true of it.
  std::string make_address(Greylisted greylisted = Greylisted::kPerhaps);
  model::Status truth(const std::string& email) const { return truths_.at(email); }

  Result<model::Job> look_up_job(const std::string& id,
                                 std::string_view tenant_id = model::kDefaultTenant);
  model::Job find_job(const std::string& id);
  model::Verification find_verification(const std::string& id);
  // Rows that wait for a server that said "later".
  store::ParkedRows find_parked(const std::string& job_id);
  // The results of a job as the download gives them.
  std::string download(const std::string& id);
  store::DeliveryCounts delivery_counts();

  asio::io_context io{1};
  testing::VirtualTime time{io};
  SeededRandom random;
  Faults faults;
  std::vector<Received> received;
  std::vector<Probe> probes;

 private:
  struct Node;

  void add_domain(int number);
  Task<void> serve_mail(testing::SimulatedPeer& peer);
  std::string answer_recipient(const std::string& line);
  Result<http::ClientResponse> answer_webhook(const http::ClientRequest& request);
  void add_endpoint();
  template <class Value>
  Value run(Task<Value> task);

  testing::SurvivingStore store_;
  testing::SimulatedResolver resolver_{time};
  testing::SimulatedNetwork network_;
  testing::SimulatedHttpClient endpoints_{time};
  std::unique_ptr<crypto::SecretBox> secrets_;
  std::shared_ptr<const address::Lists> lists_;
  std::map<std::string, model::Status> truths_;
  std::set<std::string> mailboxes_;
  std::set<std::string> catch_all_domains_;
  std::set<std::string> greylisting_domains_;
  std::map<std::string, WallTime> first_asked_;  // what a greylisting server has seen, and when
  int addresses_made_ = 0;
  bool endpoint_added_ = false;
  std::unique_ptr<Node> node_;
};

}  // namespace verihook::simulation
