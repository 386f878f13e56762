// CaresResolver: asks real name servers through c-ares, on the io thread that it is made for. Owned
// by the wiring; destroy it when nobody waits in it. Queries carry EDNS, go over TCP when a UDP
// reply is truncated and never use a search list or /etc/hosts. c-ares checks id, question and
// source address of every reply; what the reply says is read by reply_parser.
//
// A name that the DNS cannot carry (too long, empty labels) does not exist. Errors: kDns (servers
// refuse, fail or are unreachable), kTimeout, kCancelled.
#pragma once

#include <memory>
#include <vector>

#include "async/timers.h"
#include "dns/resolver.h"

namespace verihook::dns {

struct CaresOptions {
  std::vector<net::Endpoint> servers{};  // empty: those of resolv.conf
  std::size_t in_flight_max = 256;
  int try_timeout_ms = 2000;  // doubles when every server has been tried once
  int tries_max = 3;
  int edns_payload_bytes = 1232;           // what crosses today's networks unfragmented
  int receive_buffer_bytes = 1024 * 1024;  // a burst of replies must not overflow the socket
};

class CaresResolver final : public Resolver {
 public:
  static Result<std::unique_ptr<CaresResolver>> create(asio::any_io_executor executor,
                                                       Timers& timers, CaresOptions options);
  ~CaresResolver() override;
  CaresResolver(const CaresResolver&) = delete;
  CaresResolver& operator=(const CaresResolver&) = delete;

  Task<Result<MxAnswer>> mx(std::string domain, Deadline deadline) override;
  Task<Result<AddressAnswer>> addresses(std::string host, Deadline deadline) override;
  Task<Result<TextAnswer>> texts(std::string name, Deadline deadline) override;
  Task<Result<NameAnswer>> names(net::IpAddress address, Deadline deadline) override;

 private:
  class Channel;
  explicit CaresResolver(std::unique_ptr<Channel> channel);

  std::unique_ptr<Channel> channel_;
};

// One answer of an A and an AAAA reply, IPv4 first. Addresses of either win over a failure of the
// other; without any, a failure wins over "none", because nothing was learnt.
Result<AddressAnswer> merge_addresses(Result<AddressAnswer> v4, Result<AddressAnswer> v6);

}  // namespace verihook::dns
