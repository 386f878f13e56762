// DnsName: the name of a host, a domain or a zone as it stands in a configuration: in A-labels,
// kept in lower case. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "dns/mail_exchangers.h"

namespace verihook::app {

struct DnsName {
  static Result<DnsName> parse(std::string_view text) {
    std::string name = to_lower(text);
    if (name.ends_with('.')) name.pop_back();
    if (!dns::is_usable_mail_host(name)) {
      return fail(Errc::kInvalidArgument, "must be a full domain name, like example.com");
    }
    return DnsName{std::move(name)};
  }
  std::string to_string() const { return value; }

  std::string value;

  bool operator==(const DnsName&) const = default;
};

}  // namespace verihook::app
