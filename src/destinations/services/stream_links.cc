#include "destinations/services/stream_links.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "async/wait_list.h"

namespace verihook::destinations {
namespace {

constexpr std::size_t kKnownLinksMax = 1'000;

// A message and whoever waits for what becomes of it, who may give up before.
struct Waiting {
  StreamMessage message;
  Deadline deadline;
  std::optional<Result<std::string>> said{};
  WaitList answered{};
  bool abandoned = false;

  void answer(Result<std::string> what) {
    said = std::move(what);
    answered.wake_all();
  }
};
using WaitingRef = std::shared_ptr<Waiting>;

}  // namespace

class StreamLinks::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(StreamLinks& owner, ServiceAddress address)
      : owner_(owner), address_(std::move(address)), idle_alarm_(owner.timers_, owner.executor_) {}

  const ServiceAddress& address() const { return address_; }
  bool open() const { return stream_ != nullptr; }
  bool busy() const { return driving_; }

  void push(WaitingRef waiting) {
    queue_.push_back(std::move(waiting));
    if (driving_) return;
    driving_ = true;
    idle_alarm_.disarm();
    owner_.exchanges_.spawn("exchange", drive(shared_from_this()));
  }

 private:
  // Whatever ends the driver, nobody is left waiting for it.
  class Driving {
   public:
    explicit Driving(Link& link) : link_(link) {}
    ~Driving() {
      link_.driving_ = false;
      if (link_.batch_.empty() && link_.queue_.empty()) return;
      link_.hang_up();
      link_.give_up({Errc::kCancelled, "the exchange broke off"});
      for (const WaitingRef& waiting : std::exchange(link_.queue_, {})) {
        waiting->answer(fail(Errc::kCancelled, "the exchange broke off"));
      }
    }
    Driving(const Driving&) = delete;
    Driving& operator=(const Driving&) = delete;

   private:
    Link& link_;
  };

  static Task<void> drive(std::shared_ptr<Link> self) {
    const Driving driving(*self);
    // The server may have closed it while nobody used it, which shows only now.
    bool perhaps_stale = self->open();
    while (!self->queue_.empty()) {
      self->take_batch();
      if (self->batch_.empty()) continue;
      auto done = co_await self->exchange();
      if (!done && done.error().code == Errc::kConnectionLost &&
          std::exchange(perhaps_stale, false)) {
        self->hang_up();
        done = co_await self->exchange();
      }
      perhaps_stale = false;
      if (done) continue;
      self->hang_up();
      self->give_up(done.error());
    }
    self->idle_alarm_.arm(Deadline::after(self->clock(), self->owner_.options_.idle_ms),
                          [link = self.get()] { link->hang_up(); });
  }

  void take_batch() {
    std::size_t bytes = 0;
    while (!queue_.empty() && batch_.size() < owner_.options_.batch_messages_max) {
      const WaitingRef& next = queue_.front();
      if (!next->abandoned && next->deadline.passed(clock())) {
        next->answer(fail(Errc::kTimeout, "the server did not answer in time"));
      } else if (!next->abandoned) {
        bytes += next->message.payload.size();
        if (!batch_.empty() && bytes > owner_.options_.batch_bytes_max) break;
        batch_.emplace(++last_number_, next);
      }
      queue_.pop_front();
    }
  }

  void give_up(const Error& error) {
    for (const auto& [number, waiting] : std::exchange(batch_, {})) {
      waiting->answer(std::unexpected(error));
    }
  }

  // Sends all of the batch and takes the answers out of it. On failure those that got none are
  // left.
  Task<Result<void>> exchange() {
    Deadline deadline = Deadline::never();
    for (const auto& [number, waiting] : batch_) deadline = deadline.sooner(waiting->deadline);
    if (stream_ == nullptr) CO_TRY_VOID(co_await connect(deadline));
    for (const auto& [number, waiting] : batch_) protocol_->send(number, waiting->message);
    for (;;) {
      CO_TRY_VOID(co_await write_output(deadline));
      for (StreamAnswer& answer : protocol_->take_answers()) {
        const auto found = batch_.find(answer.number);
        if (found == batch_.end()) continue;
        found->second->answer(std::move(answer.said));
        batch_.erase(found);
      }
      if (batch_.empty()) co_return Result<void>{};
      CO_TRY_VOID(co_await read(deadline));
    }
  }

  Task<Result<void>> connect(Deadline deadline) {
    CO_TRY(stream, co_await owner_.dialer_.dial(address_, deadline));
    stream_ = std::move(stream);
    protocol_ = owner_.make_protocol_(address_);
    for (;;) {
      CO_TRY_VOID(co_await write_output(deadline));
      switch (protocol_->step()) {
        case StreamProtocol::Step::kReady:
          co_return Result<void>{};
        case StreamProtocol::Step::kStartTls:
          CO_TRY_VOID(
              co_await stream_->start_tls(address_.host, protocol_->tls_verification(), deadline));
          protocol_->tls_started();
          break;
        case StreamProtocol::Step::kRead:
          CO_TRY_VOID(co_await read(deadline));
          break;
      }
    }
  }

  Task<Result<void>> write_output(Deadline deadline) {
    const std::string output = protocol_->take_output();
    if (output.empty()) co_return Result<void>{};
    co_return co_await stream_->write_all(output, deadline);
  }

  Task<Result<void>> read(Deadline deadline) {
    CO_TRY(count, co_await stream_->read_some(buffer_, deadline));
    co_return protocol_->receive({buffer_.data(), count});
  }

  void hang_up() {
    if (stream_ != nullptr) stream_->close();
    stream_.reset();
    protocol_.reset();
  }

  const Clock& clock() const { return owner_.timers_.clock(); }

  StreamLinks& owner_;
  const ServiceAddress address_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<StreamProtocol> protocol_;
  std::deque<WaitingRef> queue_;
  std::map<std::uint64_t, WaitingRef> batch_;  // in the exchange under way, without an answer yet
  std::uint64_t last_number_ = 0;
  bool driving_ = false;
  std::array<char, 16 * 1024> buffer_;
  Alarm idle_alarm_;
};

StreamLinks::StreamLinks(asio::any_io_executor executor, Timers& timers, Dialer& dialer,
                         MakeProtocol make_protocol, StreamLinkOptions options)
    : executor_(executor),
      timers_(timers),
      dialer_(dialer),
      make_protocol_(std::move(make_protocol)),
      options_(options),
      exchanges_(std::move(executor), "streams") {}

StreamLinks::~StreamLinks() = default;

std::shared_ptr<StreamLinks::Link> StreamLinks::link_for(const std::string& key,
                                                         const ServiceAddress& address) {
  const auto found = links_.find(key);
  if (found != links_.end() && found->second->address() == address) return found->second;
  if (links_.size() >= kKnownLinksMax) {
    std::erase_if(links_,
                  [](const auto& each) { return !each.second->open() && !each.second->busy(); });
  }
  return links_.insert_or_assign(key, std::make_shared<Link>(*this, address)).first->second;
}

Task<Result<std::string>> StreamLinks::publish(std::string key, ServiceAddress address,
                                               StreamMessage message, Deadline deadline) {
  const auto waiting = std::make_shared<Waiting>(std::move(message), deadline);
  link_for(key, address)->push(waiting);
  if (!waiting->said) co_await waiting->answered.wait();
  if (waiting->said) co_return std::move(*waiting->said);
  waiting->abandoned = true;
  co_return fail(Errc::kCancelled, "the attempt was cancelled");
}

Task<void> StreamLinks::stop() {
  exchanges_.cancel();
  co_await exchanges_.join();
  links_.clear();
}

std::size_t StreamLinks::open_connections() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(links_, [](const auto& each) { return each.second->open(); }));
}

}  // namespace verihook::destinations
