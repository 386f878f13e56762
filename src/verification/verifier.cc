#include "verification/verifier.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include "async/run_on.h"
#include "async/with_deadline.h"
#include "smtp/classify.h"
#include "verification/assessment.h"
#include "verification/catch_all.h"
#include "verification/evidence.h"
#include "verification/exchange_pool.h"
#include "verification/fair_sample.h"
#include "verification/result_cache.h"
#include "verification/verdict_rules.h"

namespace verihook::verification {
namespace {

std::string text_of(const dns::MailExchangers& exchangers) {
  switch (exchangers.route) {
    case dns::MailRoute::kHosts:
      return "mail goes to the hosts of its MX records";
    case dns::MailRoute::kImplicit:
      return "no MX record; mail goes to the domain's own address";
    case dns::MailRoute::kNullMx:
      return "a null MX record: it takes no mail (RFC 7505)";
    case dns::MailRoute::kNoMail:
      return "neither a usable MX record nor an address";
    case dns::MailRoute::kNoDomain:
      return "NXDOMAIN: the domain does not exist";
    case dns::MailRoute::kDnsError:
      break;
  }
  return exchangers.error.message;
}

std::string_view text_of(CatchAll answer) {
  switch (answer) {
    case CatchAll::kAcceptsAll:
      return "a random mailbox is accepted too";
    case CatchAll::kTellsApart:
      return "a random mailbox is refused";
    case CatchAll::kLater:
      return "the server wants to hear about a random mailbox later";
    case CatchAll::kInconclusive:
      break;
  }
  return "the answer about a random mailbox says nothing";
}

}  // namespace

class Verifier::Impl {
 public:
  Impl(asio::any_io_executor executor, Timers& timers, Random& random, asio::thread_pool* cpu_pool,
       std::shared_ptr<const address::Lists> lists, dns::Resolver& resolver, net::Network& network,
       VerifierOptions options)
      : executor_(executor),
        timers_(timers),
        cpu_pool_(cpu_pool),
        lists_(std::move(lists)),
        resolver_(resolver),
        options_(std::move(options)),
        exchanges_(executor, timers, resolver, network, options_),
        catch_all_(timers, random, options_),
        known_(options_.result_cache_entries_max, options_.result_ttl_ms),
        resolver_sample_(options_.resolver_sample) {}

  Task<void> verify_all(std::span<const std::string> emails, model::JobOptions options, Asker asker,
                        OnVerdict on_verdict);
  Task<Result<model::Verdict>> verify_one(std::string email, model::JobOptions options,
                                          Trace* trace);
  Trouble take_trouble();
  Task<void> stop() { return exchanges_.stop(); }
  const VerifierStats& stats();

  Timers& timers() { return timers_; }
  const address::Lists& lists() const { return *lists_; }
  void use_lists(std::shared_ptr<const address::Lists> lists) { lists_ = std::move(lists); }
  void forget(std::string_view mailbox) { known_.forget(mailbox); }

 private:
  struct Row {
    std::size_t index = 0;
    Assessment* assessment = nullptr;  // of verify_assessed, which waits for all of them
  };
  // The rows of one domain in one list, and what they have in common.
  struct DomainRows {
    std::string domain;
    std::vector<Row> rows;
    MonotonicTime began{};
    Asker asker;
    Trace* trace = nullptr;
  };

  class Inquiry;

  Task<void> verify_assessed(std::vector<Assessment> assessments, const model::JobOptions& options,
                             const Asker& asker, const OnVerdict& on_verdict, Trace* trace);
  bool settle_from_memory(Assessment& assessment, const model::JobOptions& options);
  Task<std::vector<Assessment>> assess_all(std::span<const std::string> emails,
                                           model::JobOptions options);
  Task<void> verify_domain(DomainRows domain, const model::JobOptions& options,
                           const OnVerdict& on_verdict, Semaphore::Permit place);
  void note_health(const DomainRows& domain, const dns::MailExchangers& exchangers);
  void note_evidence(model::Verdict& verdict, const MailboxAnswer& answer) const;
  void deliver(const DomainRows& domain, Row& row, model::Reason reason,
               const model::JobOptions& options, const OnVerdict& on_verdict);

  asio::any_io_executor executor_;
  Timers& timers_;
  asio::thread_pool* const cpu_pool_;
  std::shared_ptr<const address::Lists> lists_;  // copied by whoever keeps it over a wait
  dns::Resolver& resolver_;
  const VerifierOptions options_;
  ExchangePool exchanges_;
  CatchAllMemory catch_all_;
  ResultCache known_;
  FairSample resolver_sample_;
  VerifierStats stats_;
};

// The questions to the mail servers of one domain on behalf of one list. An answer becomes a
// verdict as soon as nothing that is still to be asked can change it, so that a list at a slow
// server has its results as they come.
class Verifier::Impl::Inquiry {
 public:
  Inquiry(Impl& verifier, DomainRows& domain, const dns::MailExchangers& exchangers,
          const model::JobOptions& options, const OnVerdict& on_verdict)
      : verifier_(verifier),
        domain_(domain),
        exchangers_(exchangers),
        options_(options),
        on_verdict_(on_verdict),
        catch_all_questions_(verifier.executor_, "catch-all questions of a domain") {}

  // Ends early when it is cancelled, and the rows without a verdict are nobody's then.
  Task<void> run();

 private:
  using ExchangeRef = std::shared_ptr<Exchange>;
  struct Answered {
    std::size_t row = 0;
    MailboxAnswer answer;
    ExchangeRef by;
  };
  using OnAnswered = std::function<void(Answered&& answered)>;
  // What is known of a set of hosts that accepted somebody, and who waits to know it.
  struct Acceptance {
    std::optional<CatchAll> catch_all;
    std::vector<std::size_t> waiting;
  };

  Task<void> ask_everybody();
  Task<void> ask(std::vector<std::size_t> rows, ExchangeRef exchange, OnAnswered on_answered);
  void take(Answered&& answered);
  // What the other hosts say where the first may be alone with its answer.
  Task<void> ask_other_hosts();
  void conclude(const Answered& answered, bool nobody_hosts_it);
  void accept(std::size_t row, const ExchangeRef& by);
  Task<void> ask_whether_catch_all(ExchangeRef exchange);
  void deliver(std::size_t row, model::Reason reason) {
    verifier_.deliver(domain_, domain_.rows[row], reason, options_, on_verdict_);
  }
  void deliver_accepted(std::size_t row, CatchAll catch_all);

  Impl& verifier_;
  DomainRows& domain_;
  const dns::MailExchangers& exchangers_;
  const model::JobOptions& options_;
  const OnVerdict& on_verdict_;
  std::vector<Answered> doubted_;
  bool all_deny_ = true;  // that the domain is theirs, of those doubted
  std::map<ExchangeRef, Acceptance> accepted_by_;
  TaskGroup catch_all_questions_;
};

Task<void> Verifier::Impl::Inquiry::run() {
  // The questions refer to this object, so a cancellation must not unwind past it.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await ask_everybody();
  if (!cancelled(co_await asio::this_coro::cancellation_state)) co_await ask_other_hosts();
  if (!cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await catch_all_questions_.join();
  }
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    catch_all_questions_.cancel();
    co_await catch_all_questions_.join();
  }
}

Task<void> Verifier::Impl::Inquiry::ask_everybody() {
  std::vector<std::size_t> all(domain_.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  co_await ask(std::move(all), verifier_.exchanges_.exchange(exchangers_.hosts),
               [this](Answered&& answered) { take(std::move(answered)); });
}

Task<void> Verifier::Impl::Inquiry::ask(std::vector<std::size_t> rows, ExchangeRef exchange,
                                        OnAnswered on_answered) {
  if (domain_.trace != nullptr) {
    const std::string& mailbox = domain_.rows[rows.front()].assessment->mailbox;
    MailboxAnswer answer = co_await exchange->ask_alone(mailbox, domain_.trace->smtp);
    on_answered({rows.front(), std::move(answer), exchange});
    co_return;
  }
  std::vector<std::string> mailboxes;
  mailboxes.reserve(rows.size());
  for (const std::size_t row : rows) mailboxes.push_back(domain_.rows[row].assessment->mailbox);
  const auto on_answer = [&](std::size_t index, MailboxAnswer&& answer) {
    on_answered({rows[index], std::move(answer), exchange});
  };
  co_await exchange->ask(std::move(mailboxes), on_answer, domain_.asker);
}

void Verifier::Impl::Inquiry::take(Answered&& answered) {
  const bool doubted = deserves_second_opinion(answered.answer);
  const bool not_hosted = is_not_hosted(answered.answer);
  if (doubted) all_deny_ &= not_hosted;
  // Whether a domain is hosted is said of all its rows together.
  if (not_hosted || (doubted && exchangers_.hosts.size() > 1)) {
    doubted_.push_back(std::move(answered));
  } else {
    conclude(answered, false);
  }
}

// One host that says "not my domain", refuses us or breaks off may be alone with that: where it
// could be so, the others are asked too, and one that knows about the mailbox replaces its answer.
Task<void> Verifier::Impl::Inquiry::ask_other_hosts() {
  if (doubted_.empty()) co_return;
  const std::string first = doubted_.front().answer.host;
  const std::size_t tried =
      std::min(exchangers_.hosts.size(), verifier_.options_.mx_hosts_tried_max);
  for (std::size_t h = 0; h < tried && !doubted_.empty(); ++h) {
    if (exchangers_.hosts[h].host == first) continue;
    std::vector<std::size_t> rows;
    for (const Answered& answered : doubted_) rows.push_back(answered.row);
    std::map<std::size_t, Answered> before;
    for (Answered& answered : doubted_) before.emplace(answered.row, std::move(answered));
    doubted_.clear();
    const auto on_answered = [&](Answered&& other) {
      all_deny_ &= is_not_hosted(other.answer);
      const bool knows = other.answer.outcome.kind == smtp::OutcomeKind::kReplied &&
                         !deserves_second_opinion(other.answer);
      const auto former = before.find(other.row);
      if (knows) {
        conclude(other, false);
      } else {
        doubted_.push_back(std::move(former->second));
      }
      before.erase(former);
    };
    co_await ask(std::move(rows), verifier_.exchanges_.exchange({exchangers_.hosts[h]}),
                 on_answered);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
  const bool nobody_hosts_it = all_deny_ && tried == exchangers_.hosts.size();
  for (const Answered& answered : doubted_) conclude(answered, nobody_hosts_it);
}

void Verifier::Impl::Inquiry::conclude(const Answered& answered, bool nobody_hosts_it) {
  verifier_.note_evidence(domain_.rows[answered.row].assessment->verdict, answered.answer);
  if (class_of(answered.answer) == smtp::ReplyClass::kAccepted) {
    accept(answered.row, answered.by);
  } else {
    deliver(answered.row, reason_of(answered.answer, nobody_hosts_it));
  }
}

void Verifier::Impl::Inquiry::accept(std::size_t row, const ExchangeRef& by) {
  const auto [entry, is_first] = accepted_by_.try_emplace(by);
  Acceptance& acceptance = entry->second;
  if (acceptance.catch_all) {
    deliver_accepted(row, *acceptance.catch_all);
    return;
  }
  acceptance.waiting.push_back(row);
  if (is_first) catch_all_questions_.spawn("catch-all", ask_whether_catch_all(by));
}

Task<void> Verifier::Impl::Inquiry::ask_whether_catch_all(ExchangeRef exchange) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const CatchAll answer = co_await verifier_.catch_all_.find(domain_.domain, exchange);
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  if (domain_.trace != nullptr) {
    domain_.trace->smtp.push_back(fmt::format("catch-all: {}", text_of(answer)));
  }
  Acceptance& acceptance = accepted_by_.at(exchange);
  acceptance.catch_all = answer;
  for (const std::size_t row : std::exchange(acceptance.waiting, {})) deliver_accepted(row, answer);
}

void Verifier::Impl::Inquiry::deliver_accepted(std::size_t row, CatchAll catch_all) {
  if (catch_all == CatchAll::kTellsApart) {
    domain_.rows[row].assessment->verdict.is_catch_all = false;
  }
  deliver(row, reason_of(catch_all, options_));
}

Task<std::vector<Assessment>> Verifier::Impl::assess_all(std::span<const std::string> emails,
                                                         model::JobOptions options) {
  const WallTime now = timers_.clock().wall_now();
  auto think = [emails, options, now, lists = lists_] {
    std::vector<Assessment> assessments;
    assessments.reserve(emails.size());
    for (const std::string& email : emails) {
      assessments.push_back(assess(email, *lists, options, now));
    }
    return assessments;
  };
  co_return co_await run_on(cpu_pool_, think);
}

Task<void> Verifier::Impl::verify_all(std::span<const std::string> emails,
                                      model::JobOptions options, Asker asker,
                                      OnVerdict on_verdict) {
  // Children refer to this frame, so a cancellation must not unwind it before they have ended.
  co_await asio::this_coro::throw_if_cancelled(false);
  auto assessments = co_await assess_all(emails, options);
  co_await verify_assessed(std::move(assessments), options, asker, on_verdict, nullptr);
}

// Takes the answer that was given a while ago, when the caller allows it.
bool Verifier::Impl::settle_from_memory(Assessment& assessment, const model::JobOptions& options) {
  if (!options.cache || !options.smtp) return false;
  const KnownMailbox* known = known_.find(assessment.mailbox, timers_.clock().wall_now());
  if (known == nullptr) return false;
  model::Verdict& verdict = assessment.verdict;
  verdict.mx = known->mx;
  verdict.smtp = known->smtp;
  verdict.is_catch_all = known->is_catch_all;
  verdict.checked_at = known->checked_at;
  settle(verdict, known->reason, options);
  return true;
}

Task<void> Verifier::Impl::verify_assessed(std::vector<Assessment> assessments,
                                           const model::JobOptions& options, const Asker& asker,
                                           const OnVerdict& on_verdict, Trace* trace) {
  std::unordered_map<std::string, DomainRows> domains;
  for (std::size_t i = 0; i < assessments.size(); ++i) {
    Assessment& assessment = assessments[i];
    if (assessment.settled || settle_from_memory(assessment, options)) {
      ++stats_.addresses;
      on_verdict(i, std::move(assessment.verdict));
    } else {
      DomainRows& rows = domains[assessment.domain];
      rows.domain = assessment.domain;
      rows.asker = asker;
      rows.trace = trace;
      rows.rows.push_back({i, &assessment});
    }
  }
  Semaphore places(options_.domains_in_flight_max);
  TaskGroup group(executor_, "domains of a list");
  for (auto& [name, domain] : domains) {
    auto place = co_await places.acquire();
    if (!place || cancelled(co_await asio::this_coro::cancellation_state)) break;
    domain.began = timers_.clock().monotonic_now();
    group.spawn("domain", verify_domain(std::move(domain), options, on_verdict, std::move(*place)));
  }
  co_await group.join();
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    group.cancel();
    co_await group.join();
  }
}

Task<void> Verifier::Impl::verify_domain(DomainRows domain, const model::JobOptions& options,
                                         const OnVerdict& on_verdict, Semaphore::Permit place) {
  auto lookup = co_await exchanges_.lookups().acquire();
  if (!lookup) co_return;
  ++stats_.mx_lookups;
  const auto deadline = Deadline::after(timers_.clock(), options_.dns_deadline_ms);
  const auto exchangers = co_await dns::find_mail_exchangers(resolver_, domain.domain, deadline);
  lookup->release();
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  note_health(domain, exchangers);
  const model::MxEvidence evidence = evidence_of(exchangers);
  const bool looked_up = exchangers.route != dns::MailRoute::kDnsError;
  for (Row& row : domain.rows) {
    if (looked_up) row.assessment->verdict.mx = evidence;
  }
  if (const auto reason = reason_of(exchangers.route)) {
    for (Row& row : domain.rows) deliver(domain, row, *reason, options, on_verdict);
  } else if (!options.smtp) {
    for (Row& row : domain.rows) {
      deliver(domain, row, model::Reason::kCannotVerify, options, on_verdict);
    }
  } else {
    Inquiry inquiry(*this, domain, exchangers, options, on_verdict);
    co_await inquiry.run();
  }
  place.release();
}

void Verifier::Impl::note_evidence(model::Verdict& verdict, const MailboxAnswer& answer) const {
  verdict.smtp = evidence_of(answer);
  if (!answer.host.empty()) verdict.mx->host = answer.host;
  const auto named = smtp::classify(answer.outcome, smtp::provider_of(answer.host)).retry_after;
  if (const auto wait = answer.retry_in ? answer.retry_in : named) {
    verdict.retry_after = timers_.clock().wall_now() + *wait;
  }
}

// What the resolver's answer says about the resolver, and to whoever asked for a trace.
void Verifier::Impl::note_health(const DomainRows& domain, const dns::MailExchangers& exchangers) {
  if (exchangers.route == dns::MailRoute::kDnsError) {
    resolver_sample_.failed(domain.domain);
  } else {
    resolver_sample_.succeeded(timers_.clock().monotonic_now());
  }
  if (domain.trace == nullptr) return;
  for (const dns::MxRecord& record : exchangers.records) {
    domain.trace->dns.push_back(fmt::format("{} MX {} {}", domain.domain, record.preference,
                                            record.host.empty() ? "." : record.host));
  }
  domain.trace->dns.push_back(fmt::format("{}: {}", domain.domain, text_of(exchangers)));
}

void Verifier::Impl::deliver(const DomainRows& domain, Row& row, model::Reason reason,
                             const model::JobOptions& options, const OnVerdict& on_verdict) {
  model::Verdict& verdict = row.assessment->verdict;
  settle(verdict, reason, options);
  verdict.checked_at = timers_.clock().wall_now();
  verdict.duration_ms =
      std::chrono::duration_cast<Milliseconds>(timers_.clock().monotonic_now() - domain.began)
          .count();
  ++stats_.addresses;
  known_.remember(row.assessment->mailbox, verdict);
  on_verdict(row.index, std::move(verdict));
}

Task<Result<model::Verdict>> Verifier::Impl::verify_one(std::string email,
                                                        model::JobOptions options, Trace* trace) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (trace != nullptr) {
    options.cache = false;
    trace->lists = list_hits(email, *lists_);
  }
  std::vector<Assessment> assessments;
  assessments.push_back(assess(email, *lists_, options, timers_.clock().wall_now()));
  std::optional<model::Verdict> verdict;
  co_await verify_assessed(
      std::move(assessments), options, Asker{},
      [&](std::size_t, model::Verdict given) { verdict = std::move(given); }, trace);
  if (!verdict) co_return fail(Errc::kCancelled, "the verification was cancelled");
  co_return std::move(*verdict);
}

Trouble Verifier::Impl::take_trouble() {
  if (resolver_sample_.take_failed(timers_.clock().monotonic_now())) {
    return Trouble::kResolverUnavailable;
  }
  return exchanges_.take_egress_blocked() ? Trouble::kEgressBlocked : Trouble::kNone;
}

const VerifierStats& Verifier::Impl::stats() {
  stats_.conversations = exchanges_.stats().conversations;
  stats_.recipients_asked = exchanges_.stats().recipients_asked;
  stats_.lanes_closed = exchanges_.stats().lanes_closed;
  stats_.cache_hits = known_.hits();
  stats_.catch_all_questions = catch_all_.questions();
  return stats_;
}

Verifier::Verifier(asio::any_io_executor executor, Timers& timers, Random& random,
                   asio::thread_pool* cpu_pool, std::shared_ptr<const address::Lists> lists,
                   dns::Resolver& resolver, net::Network& network, VerifierOptions options)
    : impl_(std::make_unique<Impl>(executor, timers, random, cpu_pool, std::move(lists), resolver,
                                   network, std::move(options))) {}

Verifier::~Verifier() = default;

Task<model::Verdict> Verifier::verify(std::string email, model::JobOptions options,
                                      Deadline deadline, Trace* trace) {
  auto verdict =
      co_await with_deadline(impl_->timers(), deadline, impl_->verify_one(email, options, trace));
  if (verdict) co_return std::move(*verdict);
  const WallTime now = impl_->timers().clock().wall_now();
  Assessment assessment = assess(email, impl_->lists(), options, now);
  settle(assessment.verdict,
         verdict.error().code == Errc::kTimeout ? model::Reason::kTimeout
                                                : model::Reason::kNotAttempted,
         options);
  co_return std::move(assessment.verdict);
}

Task<void> Verifier::verify_all(std::span<const std::string> emails, model::JobOptions options,
                                Asker asker, OnVerdict on_verdict) {
  return impl_->verify_all(emails, options, std::move(asker), std::move(on_verdict));
}

void Verifier::forget(std::string_view mailbox) { impl_->forget(mailbox); }

void Verifier::use_lists(std::shared_ptr<const address::Lists> lists) {
  impl_->use_lists(std::move(lists));
}

Trouble Verifier::take_trouble() { return impl_->take_trouble(); }

Task<void> Verifier::stop() { return impl_->stop(); }

const VerifierStats& Verifier::stats() const { return impl_->stats(); }

}  // namespace verihook::verification
