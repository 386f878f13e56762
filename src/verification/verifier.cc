#include "verification/verifier.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include "async/run_on.h"
#include "async/with_deadline.h"
#include "base/utf8.h"
#include "smtp/classify.h"
#include "verification/assessment.h"
#include "verification/catch_all.h"
#include "verification/exchange_pool.h"
#include "verification/fair_sample.h"
#include "verification/result_cache.h"
#include "verification/verdict_rules.h"

namespace verihook::verification {
namespace {

constexpr std::size_t kReplyTextBytesMax = 500;

model::SmtpStage stage_of(smtp::Stage stage) {
  switch (stage) {
    case smtp::Stage::kConnect:
      return model::SmtpStage::kConnect;
    case smtp::Stage::kBanner:
      return model::SmtpStage::kBanner;
    case smtp::Stage::kEhlo:
      return model::SmtpStage::kEhlo;
    case smtp::Stage::kStartTls:
      return model::SmtpStage::kStartTls;
    case smtp::Stage::kMail:
      return model::SmtpStage::kMailFrom;
    case smtp::Stage::kRcpt:
      return model::SmtpStage::kRcptTo;
  }
  return model::SmtpStage::kNone;
}

smtp::ReplyClass class_of(const MailboxAnswer& answer) {
  return smtp::classify(answer.outcome, smtp::provider_of(answer.host)).reply_class;
}

bool is_not_hosted(const MailboxAnswer& answer) {
  const smtp::ReplyClass reply_class = class_of(answer);
  return reply_class == smtp::ReplyClass::kRelayDenied ||
         reply_class == smtp::ReplyClass::kDomainNotHosted;
}

// "Not my domain" is believed when every MX host says so; until then it says something about the
// host that said it.
model::Reason reason_of(const MailboxAnswer& answer, bool nobody_hosts_it) {
  if (answer.outcome.error && answer.outcome.error->code == Errc::kDns) {
    return model::Reason::kDnsError;
  }
  if (is_not_hosted(answer)) {
    if (nobody_hosts_it) return model::Reason::kDomainNotHosted;
    return answer.outcome.stage == smtp::Stage::kRcpt ? model::Reason::kRelayDenied
                                                      : model::Reason::kUnavailableSmtp;
  }
  return model::parse_reason(smtp::reason_of(class_of(answer)))
      .value_or(model::Reason::kUnexpectedError);
}

// Whether another MX host of the domain may say more. The hosts of a large provider all know the
// same.
bool deserves_second_opinion(const MailboxAnswer& answer) {
  if (smtp::provider_of(answer.host) != smtp::Provider::kOther) return is_not_hosted(answer);
  switch (class_of(answer)) {
    case smtp::ReplyClass::kRelayDenied:
    case smtp::ReplyClass::kDomainNotHosted:
    case smtp::ReplyClass::kPolicy:
    case smtp::ReplyClass::kBlocked:
    case smtp::ReplyClass::kSenderRejected:
    case smtp::ReplyClass::kNeedsReverseDns:
    case smtp::ReplyClass::kConnectionLost:
    case smtp::ReplyClass::kTimeout:
    case smtp::ReplyClass::kUnavailable:
      return true;
    default:
      return false;
  }
}

model::SmtpEvidence evidence_of(const MailboxAnswer& answer) {
  model::SmtpEvidence evidence;
  evidence.checked = true;
  evidence.stage = stage_of(answer.outcome.stage);
  evidence.attempts = answer.attempts;
  if (const auto& reply = answer.outcome.reply) {
    evidence.code = reply->code;
    if (reply->enhanced) evidence.enhanced_code = reply->enhanced->to_string();
    evidence.message = reply->text();
  } else if (answer.outcome.error) {
    evidence.message = answer.outcome.error->message;
  }
  evidence.message.resize(utf8_prefix(evidence.message, kReplyTextBytesMax).size());
  return evidence;
}

model::MxEvidence evidence_of(const dns::MailExchangers& exchangers) {
  model::MxEvidence evidence;
  evidence.found = !exchangers.hosts.empty();
  evidence.implicit = exchangers.route == dns::MailRoute::kImplicit;
  evidence.null_mx = exchangers.route == dns::MailRoute::kNullMx;
  for (const dns::MxRecord& record : exchangers.records) {
    if (!record.host.empty()) evidence.records.push_back(record.host);
  }
  if (evidence.found) {
    evidence.host = exchangers.hosts.front().host;
    const smtp::Provider provider = smtp::provider_of(evidence.host);
    if (provider != smtp::Provider::kOther) evidence.provider = smtp::to_string(provider);
  }
  return evidence;
}

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

// Of an accepted mailbox. Who can wait hears whether the domain accepts everything before it is
// called valid.
model::Reason reason_of(CatchAll answer, const model::JobOptions& options) {
  if (answer == CatchAll::kAcceptsAll) return model::Reason::kCatchAll;
  if (answer == CatchAll::kLater && options.greylist == model::Greylist::kWait) {
    return model::Reason::kGreylisted;
  }
  return model::Reason::kAcceptedEmail;
}

// The verdict that the DNS alone gives; nothing when there are hosts to ask.
std::optional<model::Reason> reason_of(dns::MailRoute route) {
  switch (route) {
    case dns::MailRoute::kHosts:
    case dns::MailRoute::kImplicit:
      return std::nullopt;
    case dns::MailRoute::kNullMx:
      return model::Reason::kNullMx;
    case dns::MailRoute::kNoMail:
      return model::Reason::kNoMx;
    case dns::MailRoute::kNoDomain:
      return model::Reason::kInvalidDomain;
    case dns::MailRoute::kDnsError:
      return model::Reason::kDnsError;
  }
  return model::Reason::kDnsError;
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

  struct Answered {
    MailboxAnswer answer;
    std::shared_ptr<Exchange> by;
  };

  Task<void> verify_assessed(std::vector<Assessment> assessments, const model::JobOptions& options,
                             const Asker& asker, const OnVerdict& on_verdict, Trace* trace);
  bool settle_from_memory(Assessment& assessment, const model::JobOptions& options);
  Task<std::vector<Assessment>> assess_all(std::span<const std::string> emails,
                                           model::JobOptions options);
  Task<void> verify_domain(DomainRows domain, const model::JobOptions& options,
                           const OnVerdict& on_verdict, Semaphore::Permit place);
  Task<void> ask_servers(DomainRows& domain, const dns::MailExchangers& exchangers,
                         const model::JobOptions& options, const OnVerdict& on_verdict);
  Task<CatchAll> find_catch_all(const DomainRows& domain,
                                const std::shared_ptr<Exchange>& exchange);
  void note_health(const DomainRows& domain, const dns::MailExchangers& exchangers);
  Task<std::vector<Answered>> ask(const DomainRows& domain, const std::vector<std::size_t>& indexes,
                                  std::shared_ptr<Exchange> exchange);
  Task<bool> ask_other_hosts(const DomainRows& domain, const dns::MailExchangers& exchangers,
                             std::vector<Answered>& answers);
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
    co_await ask_servers(domain, exchangers, options, on_verdict);
  }
  place.release();
}

// The answers about some of the rows, in the order of `indexes`.
Task<std::vector<Verifier::Impl::Answered>> Verifier::Impl::ask(
    const DomainRows& domain, const std::vector<std::size_t>& indexes,
    std::shared_ptr<Exchange> exchange) {
  std::vector<MailboxAnswer> answers;
  if (domain.trace != nullptr) {
    const std::string& mailbox = domain.rows[indexes.front()].assessment->mailbox;
    answers.push_back(co_await exchange->ask_alone(mailbox, domain.trace->smtp));
  } else {
    std::vector<std::string> mailboxes;
    mailboxes.reserve(indexes.size());
    for (const std::size_t i : indexes) mailboxes.push_back(domain.rows[i].assessment->mailbox);
    answers = co_await exchange->ask(std::move(mailboxes), domain.asker);
  }
  std::vector<Answered> answered;
  answered.reserve(answers.size());
  for (MailboxAnswer& answer : answers) answered.push_back({std::move(answer), exchange});
  co_return answered;
}

Task<void> Verifier::Impl::ask_servers(DomainRows& domain, const dns::MailExchangers& exchangers,
                                       const model::JobOptions& options,
                                       const OnVerdict& on_verdict) {
  std::vector<std::size_t> all(domain.rows.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  auto answers = co_await ask(domain, all, exchanges_.exchange(exchangers.hosts));
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  const bool nobody_hosts_it = co_await ask_other_hosts(domain, exchangers, answers);
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  std::map<std::shared_ptr<Exchange>, std::vector<std::size_t>> accepted;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Row& row = domain.rows[i];
    const MailboxAnswer& answer = answers[i].answer;
    note_evidence(row.assessment->verdict, answer);
    if (class_of(answer) == smtp::ReplyClass::kAccepted) {
      accepted[answers[i].by].push_back(i);
    } else {
      deliver(domain, row, reason_of(answer, nobody_hosts_it), options, on_verdict);
    }
  }
  for (const auto& [exchange, rows] : accepted) {
    const CatchAll catch_all = co_await find_catch_all(domain, exchange);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    for (const std::size_t i : rows) {
      Row& row = domain.rows[i];
      if (catch_all == CatchAll::kTellsApart) row.assessment->verdict.is_catch_all = false;
      deliver(domain, row, reason_of(catch_all, options), options, on_verdict);
    }
  }
}

void Verifier::Impl::note_evidence(model::Verdict& verdict, const MailboxAnswer& answer) const {
  verdict.smtp = evidence_of(answer);
  if (!answer.host.empty()) verdict.mx->host = answer.host;
  const auto named = smtp::classify(answer.outcome, smtp::provider_of(answer.host)).retry_after;
  if (const auto wait = answer.retry_in ? answer.retry_in : named) {
    verdict.retry_after = timers_.clock().wall_now() + *wait;
  }
}

Task<CatchAll> Verifier::Impl::find_catch_all(const DomainRows& domain,
                                              const std::shared_ptr<Exchange>& exchange) {
  const CatchAll answer = co_await catch_all_.find(domain.domain, exchange);
  if (domain.trace != nullptr) {
    domain.trace->smtp.push_back(fmt::format("catch-all: {}", text_of(answer)));
  }
  co_return answer;
}

// One host that says "not my domain", refuses us or breaks off may be alone with that: where it
// could be so, the others are asked too, and one that knows about the mailbox replaces its answer.
// True when every host says that the domain is not its business.
Task<bool> Verifier::Impl::ask_other_hosts(const DomainRows& domain,
                                           const dns::MailExchangers& exchangers,
                                           std::vector<Answered>& answers) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (deserves_second_opinion(answers[i].answer)) open.push_back(i);
  }
  if (open.empty()) co_return false;
  const std::string first = answers[open.front()].answer.host;
  bool all_agree =
      std::ranges::all_of(open, [&](std::size_t i) { return is_not_hosted(answers[i].answer); });
  const std::size_t tried = std::min(exchangers.hosts.size(), options_.mx_hosts_tried_max);
  for (std::size_t h = 0; h < tried && !open.empty(); ++h) {
    if (exchangers.hosts[h].host == first) continue;
    auto others = co_await ask(domain, open, exchanges_.exchange({exchangers.hosts[h]}));
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return false;
    for (std::size_t k = 0; k < open.size(); ++k) {
      all_agree &= is_not_hosted(others[k].answer);
      const bool knows = others[k].answer.outcome.kind == smtp::OutcomeKind::kReplied &&
                         !deserves_second_opinion(others[k].answer);
      if (knows) answers[open[k]] = std::move(others[k]);
    }
    std::erase_if(open, [&](std::size_t i) { return !deserves_second_opinion(answers[i].answer); });
  }
  if (tried < exchangers.hosts.size()) co_return false;
  co_return all_agree;
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
