// DemoStory: what the demonstration does and shows, step by step, as a client of the running
// server: contacts are imported, a customer's endpoint and the program's own receiver are
// registered, a list is submitted, its webhooks arrive signed, and the contacts change. Lives on
// the io thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "async/timers.h"
#include "cli/api_client.h"
#include "cli/demo_customer.h"
#include "cli/job_watch.h"
#include "crypto/system_random.h"
#include "net/ip.h"

namespace verihook::cli {

struct DemoSetting {
  std::string server_url;
  std::string api_key;
  std::string folder;
  net::Endpoint wanted;
  net::Endpoint listening;
  bool stays_up = true;
};

class DemoStory {
 public:
  DemoStory(asio::any_io_executor executor, DemoSetting setting);
  DemoStory(const DemoStory&) = delete;
  DemoStory& operator=(const DemoStory&) = delete;

  // Returns when the last step has been shown.
  Task<Result<void>> tell();
  // Closes the customer's server.
  Task<void> stop();

 private:
  struct Contacts {
    std::int64_t total = 0;
    std::int64_t verified = 0;
    std::int64_t refused = 0;
  };

  void step(std::string_view label, std::string_view text);
  void show_server();
  Task<Result<void>> remove_old();
  Task<Result<void>> remove_named(std::string path, std::string id_member);
  Task<Result<void>> import_contacts(const std::vector<std::string>& addresses);
  Task<Result<Contacts>> count_contacts();
  Task<Result<void>> register_customer();
  Task<Result<void>> register_receiver();
  Task<Result<void>> register_endpoint(std::string url, std::string secret);
  Task<Result<std::string>> submit(const std::vector<std::string>& addresses);
  Task<Result<void>> follow(std::string job_id);
  Task<Result<void>> show_contacts(std::string job_id);
  Task<Result<bool>> contacts_are_written(std::string job_id);
  void show_webhook(const DemoWebhook& webhook);
  void show_ending(const std::string& job_id);

  asio::any_io_executor executor_;
  const DemoSetting setting_;
  SystemClock clock_;
  RealTimers timers_{clock_};
  crypto::SystemRandom random_;
  StatusLine status_{Channel::kOut};
  DemoCustomer customer_;
  std::unique_ptr<ApiClient> client_;
  Contacts before_;
  bool completed_seen_ = false;  // the customer has the last webhook of the job
};

}  // namespace verihook::cli
