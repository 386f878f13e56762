// CurlClient: the real http::Client, libcurl's multi interface on the io thread.
//
// Vet, then pin: the host is looked up with our own resolver, every answer must pass the address
// filter, and each connection is told the one address to go to. libcurl never resolves a name. What
// it opens is compared with the judged addresses before the connection is made, and the connected
// peer again before each request, also on a connection that is used again; a connection is used
// again only for the same host, port and pinned address. Redirects, proxies, cookies, netrc,
// HTTP/0.9, decompression and protocols other than HTTP/1.1 are off.
//
// One io thread; outlives its sends. Cancelling a send ends its transfer.
#pragma once

#include <memory>
#include <vector>

#include "async/semaphore.h"
#include "async/timers.h"
#include "http/client.h"
#include "http/client_curl_loop.h"
#include "net/address_filter.h"
#include "net/host_lookup.h"
#include "net/trust_store.h"

namespace verihook::http {

struct CurlClientOptions {
  std::string user_agent = "verihook";  // app/ adds the version
  std::size_t transfers_max = 4096;     // at once; more wait for a place, before their time starts
  std::size_t idle_connections_max = 1024;
};

class CurlClient final : public Client {
 public:
  CurlClient(const asio::any_io_executor& executor, Timers& timers, net::HostLookup& lookup,
             const net::AddressFilter& filter, net::TrustStore roots,
             CurlClientOptions options = {});
  ~CurlClient() override;
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Task<Result<ClientResponse>> send(ClientRequest request) override;

 private:
  class Lease;  // an easy handle while it is in use

  Task<Result<std::vector<net::IpAddress>>> vetted_addresses(const Url& url, Deadline deadline);
  EasyHandle new_handle() const;

  Timers& timers_;
  net::HostLookup& lookup_;
  const net::AddressFilter& filter_;
  const net::TrustStore roots_;
  const CurlClientOptions options_;
  Semaphore places_;
  CurlLoop loop_;
  std::vector<EasyHandle> idle_handles_;
};

}  // namespace verihook::http
