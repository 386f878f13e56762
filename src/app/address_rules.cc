#include "app/address_rules.h"

#include "net/local_address.h"

namespace verihook::app {
namespace {

net::Cidr only(const net::IpAddress& address) { return {address, address.v6 ? 128u : 32u}; }

}  // namespace

net::AddressFilter address_filter_of(const Config& config, std::span<const net::IpAddress> own) {
  std::vector<net::Cidr> denied = config.network.deny;
  if (!config.network.reach_itself) {
    for (const net::IpAddress& address : own) denied.push_back(only(address));
    for (const verification::EgressSource& source : config.smtp.sources) {
      // The public address of a proxy is the proxy's.
      if (source.public_address && !source.proxy) denied.push_back(only(*source.public_address));
    }
  }
  return net::AddressFilter(config.network.allow, std::move(denied));
}

Result<net::AddressFilter> address_filter_here(const Config& config) {
  TRY(own, net::interface_addresses());
  return address_filter_of(config, own);
}

}  // namespace verihook::app
