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
  void set_texts(const std::string& name, std::vector<std::string> texts,
                 std::chrono::seconds ttl = std::chrono::hours{1});
  // The names of an address given as text; throws when it is not one. Failures of it are set under
  // its text, too.
  void set_names(const std::string& address, std::vector<std::string> names,
                 std::chrono::seconds ttl = std::chrono::hours{1});
  // Every question about the name fails with this error from now on.
  void set_failure(const std::string& name, Error error);
  void remove(const std::string& name) { names_.erase(name); }
  // How long every answer takes, in the time of the timers.
  void set_delay(Milliseconds delay) { delay_ = delay; }

  // Questions asked so far, as "mx example.org", "addresses mx.example.org", "texts example.org"
  // and "names 192.0.2.1".
  const std::vector<std::string>& questions() const { return questions_; }

  Task<Result<dns::MxAnswer>> mx(std::string domain, Deadline deadline) override;
  Task<Result<dns::AddressAnswer>> addresses(std::string host, Deadline deadline) override;
  Task<Result<dns::TextAnswer>> texts(std::string name, Deadline deadline) override;
  Task<Result<dns::NameAnswer>> names(net::IpAddress address, Deadline deadline) override;

 private:
  struct Name {
    dns::MxAnswer mx;
    dns::AddressAnswer addresses;
    dns::TextAnswer texts;
    dns::NameAnswer names;
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
