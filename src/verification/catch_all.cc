#include "verification/catch_all.h"

#include <array>

namespace verihook::verification {
namespace {

constexpr std::array<std::string_view, 24> kSyllables = {
    "ma", "ri",  "be", "lo",  "ton", "der", "wil", "fa",  "sto", "mer", "ka", "vin",
    "ro", "sel", "hu", "ber", "ti",  "lan", "no",  "gar", "pe",  "lis", "du", "cor"};
constexpr std::size_t kSyllablesPerName = 7;
// A line of its own at the servers: verdicts on all that they accepted wait for this answer.
const Asker kQuestioner{.tenant_id = "", .line = "catch-all"};

CatchAll read_answer(const MailboxAnswer& answer) {
  switch (answer.classification.reply_class) {
    case smtp::ReplyClass::kAccepted:
      return CatchAll::kAcceptsAll;
    case smtp::ReplyClass::kMailboxNotFound:
    case smtp::ReplyClass::kMailboxDisabled:
    case smtp::ReplyClass::kDomainNotHosted:
      return CatchAll::kTellsApart;
    case smtp::ReplyClass::kGreylisted:
      return CatchAll::kLater;
    default:
      return CatchAll::kInconclusive;
  }
}

}  // namespace

std::string improbable_local_part(Random& random) {
  static_assert(kSyllablesPerName <= 13, "one draw has bits for no more");
  std::string name;
  std::uint64_t drawn = random.next_u64();
  for (std::size_t i = 0; i < kSyllablesPerName; ++i, drawn /= kSyllables.size()) {
    name.append(kSyllables[drawn % kSyllables.size()]);
  }
  return name;
}

std::string CatchAllMemory::mailbox_for(const std::string& domain) {
  const auto known = known_.find(domain);
  if (known != known_.end() && known->second.answer == CatchAll::kLater) {
    return known->second.mailbox;
  }
  return improbable_local_part(random_) + "@" + domain;
}

class CatchAllMemory::Question : public std::enable_shared_from_this<Question> {
 public:
  Question(CatchAllMemory& memory, std::string domain, std::shared_ptr<Exchange> exchange)
      : memory_(memory),
        domain_(std::move(domain)),
        mailbox_(memory.mailbox_for(domain_)),
        exchange_(std::move(exchange)) {
    memory_.under_way_[domain_] = this;
  }
  ~Question() {
    const auto found = memory_.under_way_.find(domain_);
    if (found != memory_.under_way_.end() && found->second == this) memory_.under_way_.erase(found);
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void add(OnAnswer on_answer) { waiting_.push_back(std::move(on_answer)); }
  void ask() {
    ticket_ = exchange_->ask(
        {mailbox_},
        [question = weak_from_this()](std::size_t, MailboxAnswer&& answer) {
          if (const auto self = question.lock()) self->memory_.take(*self, read_answer(answer));
        },
        kQuestioner);
  }
  void tell(CatchAll answer) {
    for (const OnAnswer& on_answer : std::exchange(waiting_, {})) on_answer(answer);
  }

  const std::string& domain() const { return domain_; }
  const std::string& mailbox() const { return mailbox_; }
  const std::shared_ptr<Exchange>& exchange() const { return exchange_; }

 private:
  CatchAllMemory& memory_;
  const std::string domain_;
  const std::string mailbox_;
  const std::shared_ptr<Exchange> exchange_;
  std::vector<OnAnswer> waiting_;
  Exchange::Ticket ticket_;
};

CatchAllMemory::Ticket CatchAllMemory::find(const std::string& domain,
                                            std::shared_ptr<Exchange> exchange,
                                            OnAnswer on_answer) {
  const auto known = known_.find(domain);
  if (known != known_.end() && known->second.exchange.lock() == exchange &&
      timers_.clock().monotonic_now() < known->second.until) {
    on_answer(known->second.answer);
    return nullptr;
  }
  if (const auto found = under_way_.find(domain); found != under_way_.end()) {
    found->second->add(std::move(on_answer));
    return found->second->shared_from_this();
  }
  auto question = std::make_shared<Question>(*this, domain, std::move(exchange));
  ++questions_;
  question->add(std::move(on_answer));
  question->ask();
  return question;
}

void CatchAllMemory::take(Question& question, CatchAll answer) {
  under_way_.erase(question.domain());
  if (answer != CatchAll::kInconclusive) {
    if (known_.size() >= options_.catch_all_entries_max) known_.clear();
    const MonotonicTime now = timers_.clock().monotonic_now();
    const bool later = answer == CatchAll::kLater;
    known_[question.domain()] = {question.exchange(), answer,
                                 later ? now : now + options_.catch_all_ttl_ms, question.mailbox()};
  }
  question.tell(answer);
}

}  // namespace verihook::verification
