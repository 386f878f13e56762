#include "dns/cares_resolver.h"

#include <map>
#include <span>

#include <ares.h>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>

#include "async/semaphore.h"
#include "dns/reply_parser.h"
#include "dns/reverse_name.h"

namespace verihook::dns {
namespace {

using Message = std::vector<std::uint8_t>;

// c-ares closes its sockets itself, so a descriptor is released, never closed, when c-ares is done
// with it. Shared with the waits that are pending then.
struct Socket {
  Socket(const asio::any_io_executor& executor, int fd) : descriptor(executor, fd) {}

  asio::posix::stream_descriptor descriptor;
  bool open = true;
  bool wants_read = false;
  bool wants_write = false;
  bool reading = false;
  bool writing = false;
};

// One question that c-ares works on. It lives until c-ares reports its end, even when the coroutine
// that asked has gone: c-ares cannot take back a single query.
struct Query {
  explicit Query(Semaphore::Permit p) : permit(std::move(p)) {}

  Semaphore::Permit permit;
  bool ended = false;
  int status = ARES_SUCCESS;
  Message reply;
  WaitList waiting;
};

using QueryRef = std::shared_ptr<Query>;

std::string servers_text(const std::vector<net::Endpoint>& servers) {
  std::string text;
  for (const net::Endpoint& server : servers) {
    if (!text.empty()) text += ',';
    text += server.to_string();
  }
  return text;
}

Error to_error(int status) {
  const auto text =
      fmt::format("the name servers gave no usable answer ({})", ares_strerror(status));
  if (status == ARES_ETIMEOUT) return {Errc::kTimeout, text};
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return {Errc::kCancelled, text};
  return {Errc::kDns, text};
}

}  // namespace

class CaresResolver::Channel {
 public:
  Channel(asio::any_io_executor executor, Timers& timers, const CaresOptions& options)
      : executor_(std::move(executor)),
        timers_(timers),
        places_(options.in_flight_max),
        tick_(timers, executor_) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Result<void> open(const CaresOptions& options);
  Task<Result<Message>> ask(std::string name, RecordType type, Deadline deadline);
  // Its two halves, for who asks several questions at once.
  Task<Result<QueryRef>> begin(std::string name, RecordType type, Deadline deadline);
  Task<Result<Message>> end(QueryRef query, Deadline deadline);

 private:
  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
  static void on_reply(void* query, int status, int timeouts, unsigned char* bytes, int size);

  void watch(ares_socket_t fd, bool readable, bool writable);
  void wait_readable(const std::shared_ptr<Socket>& socket, ares_socket_t fd);
  void wait_writable(const std::shared_ptr<Socket>& socket, ares_socket_t fd);
  void keep_ticking();

  asio::any_io_executor executor_;
  Timers& timers_;
  Semaphore places_;
  Alarm tick_;
  bool ticking_ = false;
  std::size_t in_flight_ = 0;
  std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
  ares_channel channel_ = nullptr;
  bool library_ready_ = false;

  struct Pending {
    Channel& channel;
    std::shared_ptr<Query> query;
  };
};

CaresResolver::Channel::~Channel() {
  // Ends every query and releases every socket through the callbacks.
  if (channel_ != nullptr) ares_destroy(channel_);
  if (library_ready_) ares_library_cleanup();
}

Result<void> CaresResolver::Channel::open(const CaresOptions& options) {
  if (const int status = ares_library_init(ARES_LIB_INIT_ALL); status != ARES_SUCCESS) {
    return std::unexpected(to_error(status));
  }
  library_ready_ = true;
  char lookups[] = "b";  // the DNS only, not /etc/hosts
  ares_options settings{};
  settings.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  settings.timeout = options.try_timeout_ms;
  settings.tries = options.tries_max;
  settings.ednspsz = options.edns_payload_bytes;
  settings.socket_receive_buffer_size = options.receive_buffer_bytes;
  settings.lookups = lookups;
  settings.sock_state_cb = &Channel::on_socket_state;
  settings.sock_state_cb_data = this;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                   ARES_OPT_SOCK_RCVBUF | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
                   ARES_OPT_NOROTATE;
  if (const int status = ares_init_options(&channel_, &settings, mask); status != ARES_SUCCESS) {
    channel_ = nullptr;
    return fail(Errc::kDns, fmt::format("the resolver cannot start: {}", ares_strerror(status)));
  }
  if (options.servers.empty()) return {};
  const std::string servers = servers_text(options.servers);
  if (const int status = ares_set_servers_ports_csv(channel_, servers.c_str());
      status != ARES_SUCCESS) {
    return fail(Errc::kInvalidArgument,
                fmt::format("dns.servers is not a list of ip:port: {}", ares_strerror(status)));
  }
  return {};
}

Task<Result<Message>> CaresResolver::Channel::ask(std::string name, RecordType type,
                                                  Deadline deadline) {
  CO_TRY(query, co_await begin(std::move(name), type, deadline));
  co_return co_await end(std::move(query), deadline);
}

Task<Result<QueryRef>> CaresResolver::Channel::begin(std::string name, RecordType type,
                                                     Deadline deadline) {
  CO_TRY(place, co_await places_.acquire(timers_, deadline));
  auto query = std::make_shared<Query>(std::move(place));
  ++in_flight_;
  constexpr int kClassIn = 1;
  ares_query(channel_, name.c_str(), kClassIn, static_cast<int>(type), &Channel::on_reply,
             new Pending{*this, query});
  keep_ticking();
  co_return query;
}

Task<Result<Message>> CaresResolver::Channel::end(QueryRef query, Deadline deadline) {
  if (!query->ended) {
    const auto ended = co_await query->waiting.wait(timers_, deadline);
    if (!ended) co_return unanswered(ended.error().code);
  }
  // c-ares reports some rcodes as failures; when it hands over the reply, the parser judges it.
  if (query->reply.empty()) co_return std::unexpected(to_error(query->status));
  co_return std::move(query->reply);
}

void CaresResolver::Channel::on_reply(void* pending, int status, int, unsigned char* bytes,
                                      int size) {
  const std::unique_ptr<Pending> owned(static_cast<Pending*>(pending));
  Query& query = *owned->query;
  --owned->channel.in_flight_;
  query.ended = true;
  query.status = status;
  if (bytes != nullptr && size > 0) query.reply.assign(bytes, bytes + size);
  query.permit.release();
  query.waiting.wake_all();
}

void CaresResolver::Channel::on_socket_state(void* self, ares_socket_t fd, int readable,
                                             int writable) {
  static_cast<Channel*>(self)->watch(fd, readable != 0, writable != 0);
}

void CaresResolver::Channel::watch(ares_socket_t fd, bool readable, bool writable) {
  const auto known = sockets_.find(fd);
  if (!readable && !writable) {
    if (known == sockets_.end()) return;
    known->second->open = false;
    known->second->descriptor.release();
    sockets_.erase(known);
    return;
  }
  auto socket = known != sockets_.end() ? known->second : std::make_shared<Socket>(executor_, fd);
  if (known == sockets_.end()) sockets_.emplace(fd, socket);
  socket->wants_read = readable;
  socket->wants_write = writable;
  wait_readable(socket, fd);
  wait_writable(socket, fd);
}

void CaresResolver::Channel::wait_readable(const std::shared_ptr<Socket>& socket,
                                           ares_socket_t fd) {
  if (!socket->open || !socket->wants_read || socket->reading) return;
  socket->reading = true;
  socket->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [this, socket, fd](const boost::system::error_code& error) {
                                  socket->reading = false;
                                  if (error || !socket->open)
                                    return;  // closed sockets are how a dead channel is noticed
                                  ares_process_fd(channel_, fd, ARES_SOCKET_BAD);
                                  wait_readable(socket, fd);
                                });
}

void CaresResolver::Channel::wait_writable(const std::shared_ptr<Socket>& socket,
                                           ares_socket_t fd) {
  if (!socket->open || !socket->wants_write || socket->writing) return;
  socket->writing = true;
  socket->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                [this, socket, fd](const boost::system::error_code& error) {
                                  socket->writing = false;
                                  if (error || !socket->open) return;
                                  ares_process_fd(channel_, ARES_SOCKET_BAD, fd);
                                  wait_writable(socket, fd);
                                });
}

// c-ares looks for its own timeouts when it is called. A tick is cheaper than asking it for the
// next one, which walks all its queries.
void CaresResolver::Channel::keep_ticking() {
  constexpr Milliseconds kTick{50};
  if (ticking_ || in_flight_ == 0) return;
  ticking_ = true;
  tick_.arm(Deadline::after(timers_.clock(), kTick), [this] {
    ticking_ = false;
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    keep_ticking();
  });
}

CaresResolver::CaresResolver(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}
CaresResolver::~CaresResolver() = default;

Result<std::unique_ptr<CaresResolver>> CaresResolver::create(asio::any_io_executor executor,
                                                             Timers& timers, CaresOptions options) {
  auto channel = std::make_unique<Channel>(std::move(executor), timers, options);
  TRY_VOID(channel->open(options));
  return std::unique_ptr<CaresResolver>(new CaresResolver(std::move(channel)));
}

Task<Result<MxAnswer>> CaresResolver::mx(std::string domain, Deadline deadline) {
  if (!is_askable_name(domain))
    co_return MxAnswer{NameStatus::kDoesNotExist, {}, kNegativeTtlMax_s};
  CO_TRY(reply, co_await channel_->ask(domain, RecordType::kMx, deadline));
  co_return parse_mx_reply(reply, domain);
}

Task<Result<AddressAnswer>> CaresResolver::addresses(std::string host, Deadline deadline) {
  if (!is_askable_name(host)) {
    co_return AddressAnswer{NameStatus::kDoesNotExist, {}, kNegativeTtlMax_s};
  }
  // The first gives its place back when it ends, so who waits for the second's place gets it.
  CO_TRY(v4_query, co_await channel_->begin(host, RecordType::kA, deadline));
  CO_TRY(v6_query, co_await channel_->begin(host, RecordType::kAaaa, deadline));
  const auto v4 = co_await channel_->end(std::move(v4_query), deadline);
  const auto v6 = co_await channel_->end(std::move(v6_query), deadline);
  const auto read = [&](const Result<Message>& reply, RecordType type) -> Result<AddressAnswer> {
    if (!reply) return std::unexpected(reply.error());
    return parse_address_reply(*reply, host, type);
  };
  co_return merge_addresses(read(v4, RecordType::kA), read(v6, RecordType::kAaaa));
}

Task<Result<TextAnswer>> CaresResolver::texts(std::string name, Deadline deadline) {
  if (!is_askable_name(name)) {
    co_return TextAnswer{NameStatus::kDoesNotExist, {}, kNegativeTtlMax_s};
  }
  CO_TRY(reply, co_await channel_->ask(name, RecordType::kTxt, deadline));
  co_return parse_text_reply(reply, name);
}

Task<Result<NameAnswer>> CaresResolver::names(net::IpAddress address, Deadline deadline) {
  const std::string name = reverse_name(address);
  CO_TRY(reply, co_await channel_->ask(name, RecordType::kPtr, deadline));
  co_return parse_name_reply(reply, name);
}

Result<AddressAnswer> merge_addresses(Result<AddressAnswer> v4, Result<AddressAnswer> v6) {
  constexpr std::chrono::seconds kHalfKnownTtl{60};
  const auto has_records = [](const auto& answer) { return answer && !answer->records.empty(); };
  if (!has_records(v4) && !has_records(v6)) {
    if (!v4) return v4;
    if (!v6) return v6;
    // Some servers deny the name for one type only; a name that exists for one type exists.
    if (v6->status == NameStatus::kExists) v4->status = NameStatus::kExists;
    v4->ttl = std::min(v4->ttl, v6->ttl);
    return v4;
  }
  AddressAnswer merged{NameStatus::kExists, {}, kTtlMax_s};
  for (const auto* answer : {&v4, &v6}) {
    if (!*answer) {
      merged.ttl = std::min(merged.ttl, kHalfKnownTtl);
      continue;
    }
    const auto& records = (*answer)->records;
    merged.records.insert(merged.records.end(), records.begin(), records.end());
    // The absence of one kind is re-learnt together with the other kind, so only records count
    // here.
    if (!records.empty()) merged.ttl = std::min(merged.ttl, (*answer)->ttl);
  }
  return merged;
}

}  // namespace verihook::dns
