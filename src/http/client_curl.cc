#include "http/client_curl.h"

#include <chrono>
#include <stdexcept>

#include <curl/curl.h>

#include "http/client_curl_exchange.h"

namespace verihook::http {
namespace {

// Tried in turn when a host has several; each gets a share of the time for connecting.
constexpr std::size_t kAddressesTriedMax = 3;

double ms_between(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

// Takes a handle out of the pool and puts it back, however the send ends. Its options are set anew
// for each use; what it may carry over (connections, sessions) belongs to the loop or is switched
// off.
class CurlClient::Lease {
 public:
  explicit Lease(CurlClient& client) : client_(client) {
    if (client.idle_handles_.empty()) {
      easy_ = client.new_handle();
    } else {
      easy_ = client.idle_handles_.back();
      client.idle_handles_.pop_back();
    }
  }
  ~Lease() {
    if (running_ && !end_.has_ended) client_.loop_.abandon(easy_);
    client_.idle_handles_.push_back(easy_);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  EasyHandle easy() const { return easy_; }

  // Runs what has been set up; the CURLcode. Once per lease.
  Task<Result<int>> run() {
    running_ = client_.loop_.start(easy_, end_);
    if (!running_) co_return fail(Errc::kInternal, "the transfer could not be started");
    if (!co_await end_.ended.wait() && !end_.has_ended) {
      co_return fail(Errc::kCancelled, "the request was cancelled");
    }
    co_return end_.code;
  }

 private:
  CurlClient& client_;
  EasyHandle easy_ = nullptr;
  TransferEnd end_;
  bool running_ = false;
};

CurlClient::CurlClient(const asio::any_io_executor& executor, Timers& timers,
                       net::HostLookup& lookup, const net::AddressFilter& filter,
                       net::TrustStore roots, CurlClientOptions options)
    : timers_(timers),
      lookup_(lookup),
      filter_(filter),
      roots_(std::move(roots)),
      options_(std::move(options)),
      places_(options_.transfers_max),
      loop_(executor, timers, options_.idle_connections_max) {}

CurlClient::~CurlClient() {
  for (const EasyHandle easy : idle_handles_) curl_easy_cleanup(easy);
}

EasyHandle CurlClient::new_handle() const {
  const EasyHandle easy = curl_easy_init();
  if (!easy) throw std::runtime_error("curl_easy_init failed");
  set_constant_options(easy, options_.user_agent);
  return easy;
}

Task<Result<std::vector<net::IpAddress>>> CurlClient::vetted_addresses(const Url& url,
                                                                       Deadline deadline) {
  std::vector<net::IpAddress> addresses;
  if (url.literal) {
    addresses.push_back(*url.literal);
  } else {
    CO_TRY(found, co_await lookup_.lookup(url.host, deadline));
    addresses = std::move(found);
  }
  if (addresses.empty()) co_return fail(Errc::kDns, "the endpoint's host name has no address");
  if (!filter_.allows_all(addresses)) {
    co_return fail(Errc::kForbiddenAddress, "the endpoint's address may not be connected to");
  }
  co_return addresses;
}

Task<Result<ClientResponse>> CurlClient::send(ClientRequest request) {
  CO_TRY_VOID(check_request(request));
  CO_TRY(place, co_await places_.acquire());
  const Clock& clock = timers_.clock();
  const MonotonicTime start = clock.monotonic_now();
  const Deadline deadline = Deadline::after(clock, request.total_timeout_ms);
  CO_TRY(addresses, co_await vetted_addresses(request.url, deadline));
  const MonotonicTime resolved = clock.monotonic_now();
  if (request.timing != nullptr) request.timing->resolved_ms = ms_between(start, resolved);
  const Deadline connected = Deadline::after(clock, request.connect_timeout_ms);
  if (addresses.size() > kAddressesTriedMax) addresses.resize(kAddressesTriedMax);

  for (std::size_t i = 0;; ++i) {
    const MonotonicTime begin = clock.monotonic_now();
    const auto addresses_left = static_cast<Milliseconds::rep>(addresses.size() - i);
    CurlExchange exchange(request, addresses[i], filter_, roots_, clock);
    Lease lease(*this);  // goes first: it stops what still refers to the exchange
    const CurlExchange::Limits limits{
        .connect_timeout_ms = connected.time_left(clock) / addresses_left,
        .total_timeout_ms = deadline.time_left(clock)};
    if (!exchange.prepare(lease.easy(), limits)) {
      co_return fail(Errc::kInternal, "the request could not be set up");
    }
    CO_TRY(code, co_await lease.run());
    const bool last = addresses_left == 1 || deadline.passed(clock);
    if (!last && exchange.failed_to_connect(lease.easy(), code)) continue;
    co_return exchange.finish(lease.easy(), code, ms_between(start, resolved),
                              ms_between(start, begin));
  }
}

}  // namespace verihook::http
