// RealNetwork: Network over Asio's TCP sockets and OpenSSL. Refuses targets that the address filter
// does not allow, before connecting and again by the connected socket's own peer address, whoever
// asks. One io thread; outlives its streams.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "async/timers.h"
#include "net/address_filter.h"
#include "net/network.h"
#include "net/trust_store.h"

namespace verihook::net {

class RealNetwork final : public Network {
 public:
  RealNetwork(asio::any_io_executor executor, Timers& timers, const AddressFilter& filter,
              const TrustStore& roots);

  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint target, ConnectOptions options,
                                                Deadline deadline) override;

 private:
  asio::any_io_executor executor_;
  Timers& timers_;
  const AddressFilter& filter_;
  asio::ssl::context strict_;
  asio::ssl::context opportunistic_;
};

}  // namespace verihook::net
