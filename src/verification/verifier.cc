#include "verification/verifier.h"

#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "async/run_on.h"
#include "async/with_deadline.h"
#include "smtp/classify.h"
#include "verification/assessment.h"
#include "verification/evidence.h"
#include "verification/exchange_pool.h"
#include "verification/fair_sample.h"
#include "verification/inquiry.h"
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
  struct ListInProgress;

  Task<void> verify_assessed(std::vector<Assessment> assessments, const model::JobOptions& options,
                             const Asker& asker, const OnVerdict& on_verdict, Trace* trace);
  bool settle_from_memory(Assessment& assessment, const model::JobOptions& options);
  Task<std::vector<Assessment>> assess_all(std::span<const std::string> emails,
                                           model::JobOptions options);
  Task<void> begin_domain(DomainRows domain, ListInProgress& list, Semaphore::Permit place,
                          Semaphore::Permit lookup);
  void note_health(const std::string& domain, const dns::MailExchangers& exchangers, Trace* trace);
  void note_evidence(model::Verdict& verdict, const MailboxAnswer& answer) const;
  void deliver(const DomainRows& domain, DomainRow& row, model::Reason reason,
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

// What verify_assessed does at once. It waits for all of it, so everything may refer to it.
struct Verifier::Impl::ListInProgress {
  ListInProgress(Impl& verifier, const model::JobOptions& options, const Asker& asker,
                 const OnVerdict& on_verdict, Trace* trace)
      : places(verifier.options_.domains_in_flight_max),
        lookups(verifier.executor_, "look-ups of a list"),
        traced_questions(verifier.executor_, "traced questions of a list"),
        shared{.exchanges = verifier.exchanges_,
               .catch_all = verifier.catch_all_,
               .options = options,
               .asker = asker,
               .trace = trace,
               .mx_hosts_tried_max = verifier.options_.mx_hosts_tried_max,
               .traced_questions = traced_questions,
               .note_evidence =
                   [&verifier](DomainRow& row, const MailboxAnswer& answer) {
                     verifier.note_evidence(row.assessment->verdict, answer);
                   },
               .deliver =
                   [&](const DomainRows& domain, DomainRow& row, model::Reason reason) {
                     verifier.deliver(domain, row, reason, options, on_verdict);
                   },
               .on_end =
                   [this](const std::shared_ptr<Inquiry>& inquiry) {
                     inquiries.erase(inquiry);
                     if (inquiries.empty()) inquiries_ended.wake_all();
                   }} {}

  // Gives up whatever has no verdict yet.
  Task<void> cancel();

  Semaphore places;  // for domains
  TaskGroup lookups;
  TaskGroup traced_questions;
  Inquiry::List shared;
  std::unordered_set<std::shared_ptr<Inquiry>> inquiries;
  WaitList inquiries_ended;
};

Task<void> Verifier::Impl::ListInProgress::cancel() {
  lookups.cancel();
  co_await lookups.join();
  inquiries.clear();
  traced_questions.cancel();
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
  if (known->mx) verdict.mx = *known->mx;
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
      rows.rows.push_back({i, &assessment});
    }
  }
  ListInProgress list(*this, options, asker, on_verdict, trace);
  while (!domains.empty()) {
    auto place = co_await list.places.acquire();
    if (!place || cancelled(co_await asio::this_coro::cancellation_state)) break;
    // Waited for here, by one coroutine instead of one for each domain.
    auto lookup = co_await exchanges_.lookups().acquire();
    if (!lookup || cancelled(co_await asio::this_coro::cancellation_state)) break;
    DomainRows domain = std::move(domains.extract(domains.begin()).mapped());
    domain.began = timers_.clock().monotonic_now();
    list.lookups.spawn(
        "domain", begin_domain(std::move(domain), list, std::move(*place), std::move(*lookup)));
  }
  // A wait that begins after the cancellation would not be ended by it.
  if (!cancelled(co_await asio::this_coro::cancellation_state)) co_await list.lookups.join();
  if (!cancelled(co_await asio::this_coro::cancellation_state) && !list.inquiries.empty()) {
    co_await list.inquiries_ended.wait();
  }
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await list.cancel();
  }
  co_await list.traced_questions.join();
}

Task<void> Verifier::Impl::begin_domain(DomainRows domain, ListInProgress& list,
                                        Semaphore::Permit place, Semaphore::Permit lookup) {
  ++stats_.mx_lookups;
  const auto deadline = Deadline::after(timers_.clock(), options_.dns_deadline_ms);
  auto exchangers = co_await dns::find_mail_exchangers(resolver_, domain.domain, deadline);
  lookup.release();
  // Cut off in the middle it says nothing about the resolver.
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  note_health(domain.domain, exchangers, list.shared.trace);
  if (exchangers.route != dns::MailRoute::kDnsError) {
    const model::MxEvidence evidence = evidence_of(exchangers);
    for (DomainRow& row : domain.rows) row.assessment->verdict.mx = evidence;
  }
  std::optional<model::Reason> reason = reason_of(exchangers.route);
  if (!reason && !list.shared.options.smtp) reason = model::Reason::kCannotVerify;
  if (reason) {
    for (DomainRow& row : domain.rows) list.shared.deliver(domain, row, *reason);
    co_return;
  }
  const auto inquiry = std::make_shared<Inquiry>(list.shared, std::move(domain),
                                                 std::move(exchangers.hosts), std::move(place));
  list.inquiries.insert(inquiry);
  inquiry->begin();
}

void Verifier::Impl::note_evidence(model::Verdict& verdict, const MailboxAnswer& answer) const {
  verdict.smtp = evidence_of(answer);
  if (!answer.host.empty()) verdict.mx->host = answer.host;
  const auto wait = answer.retry_in ? answer.retry_in : answer.classification.retry_after;
  if (wait) {
    verdict.retry_after = timers_.clock().wall_now() + *wait;
  }
}

// What the resolver's answer says about the resolver, and to whoever asked for a trace.
void Verifier::Impl::note_health(const std::string& domain, const dns::MailExchangers& exchangers,
                                 Trace* trace) {
  if (exchangers.route == dns::MailRoute::kDnsError) {
    resolver_sample_.failed(domain);
  } else {
    resolver_sample_.succeeded(timers_.clock().monotonic_now());
  }
  if (trace == nullptr) return;
  for (const dns::MxRecord& record : exchangers.records) {
    trace->dns.push_back(fmt::format("{} MX {} {}", domain, record.preference,
                                     record.host.empty() ? "." : record.host));
  }
  trace->dns.push_back(fmt::format("{}: {}", domain, text_of(exchangers)));
}

void Verifier::Impl::deliver(const DomainRows& domain, DomainRow& row, model::Reason reason,
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
