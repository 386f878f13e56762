// SimulatedResolver: answers from a table, for tests. A name that the table does not know does not
// exist. Counts questions; can wait before it answers, and fail.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/timers.h"
#include "dns/resolver.h"

namespace verihook::testing {

class SimulatedResolver final : public dns::Resolver {
 public:
  explicit SimulatedResolver(Timers& timers) : timers_(timers) {}

  // Replaces what the name answered before. Setting one kind makes the name exist for the other.
  void set_mx(const std::string& domain, std::vector<dns::MxRecord> records,
              std::chrono::seconds ttl = std::chrono::hours{1});
  // Each address as text; throws when one is not an address.
  void set_addresses(const std::string& host, const std::vector<std::string>& addresses,
                     std::chrono::seconds ttl = std::chrono::hours{1});
  // Every question about the name fails with this error from now on.
  void set_failure(const std::string& name, Error error);
  void remove(const std::string& name) { names_.erase(name); }
  // How long every answer takes, in the time of the timers.
  void set_delay(Milliseconds delay) { delay_ = delay; }

  // Questions asked so far, as "mx example.org" and "addresses mx.example.org".
  const std::vector<std::string>& questions() const { return questions_; }

  Task<Result<dns::MxAnswer>> mx(std::string domain, Deadline deadline) override;
  Task<Result<dns::AddressAnswer>> addresses(std::string host, Deadline deadline) override;

 private:
  struct Name {
    dns::MxAnswer mx;
    dns::AddressAnswer addresses;
    std::optional<Error> failure;
  };

  // The entry after the delay, or why there is none; a missing name gives a null pointer.
  Task<Result<const Name*>> look_up(std::string name, Deadline deadline);

  Timers& timers_;
  Milliseconds delay_{0};
  std::map<std::string, Name> names_;
  std::vector<std::string> questions_;
};

}  // namespace verihook::testing
