#include "app/resolved_host_lookup.h"

namespace verihook::app {

Task<Result<std::vector<net::IpAddress>>> ResolvedHostLookup::lookup(std::string host,
                                                                     Deadline deadline) {
  // RFC 6761: this name never leaves the machine; whether it may be reached is the filter's
  // business.
  if (host == "localhost") co_return std::vector{net::IpAddress::loopback_v4()};
  CO_TRY(answer, co_await resolver_.addresses(std::move(host), deadline));
  co_return std::move(answer.records);
}

}  // namespace verihook::app
