#include "verification/verifier.h"

#include <algorithm>
#include <unordered_map>

#include "async/run_on.h"
#include "async/with_deadline.h"
#include "smtp/classify.h"
#include "verification/assessment.h"
#include "verification/catch_all.h"
#include "verification/exchange.h"
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

model::Reason to_reason(smtp::ReplyClass reply_class) {
  return model::parse_reason(smtp::reason_of(reply_class))
      .value_or(model::Reason::kUnexpectedError);
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
  if (evidence.message.size() > kReplyTextBytesMax) {
    std::size_t end = kReplyTextBytesMax;
    while (end > 0 && (static_cast<unsigned char>(evidence.message[end]) & 0xc0) == 0x80) --end;
    evidence.message.resize(end);
  }
  return evidence;
}

bool is_not_hosted(const MailboxAnswer& answer) {
  const auto reply_class =
      smtp::classify(answer.outcome, smtp::provider_of(answer.host)).reply_class;
  return reply_class == smtp::ReplyClass::kRelayDenied ||
         reply_class == smtp::ReplyClass::kDomainNotHosted;
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
        catch_all_(timers, random, options_) {}

  Task<void> verify_all(std::span<const std::string> emails, model::JobOptions options,
                        OnVerdict on_verdict);
  Task<Result<model::Verdict>> verify_one(std::string email, model::JobOptions options);
  Task<void> stop() { return exchanges_.stop(); }
  const VerifierStats& stats();

  Timers& timers() { return timers_; }
  const address::Lists& lists() const { return *lists_; }

 private:
  struct Row {
    std::size_t index = 0;
    Assessment assessment;
  };
  // The rows of one domain in one list, and what they have in common.
  struct DomainRows {
    std::string domain;
    std::vector<Row> rows;
    MonotonicTime began{};
  };

  Task<std::vector<Assessment>> assess_all(std::span<const std::string> emails,
                                           model::JobOptions options);
  Task<void> verify_domain(DomainRows domain, const model::JobOptions& options,
                           const OnVerdict& on_verdict, Semaphore::Permit place);
  Task<void> ask_servers(DomainRows& domain, const dns::MailExchangers& exchangers,
                         const model::JobOptions& options, const OnVerdict& on_verdict);
  Task<bool> ask_other_hosts(const DomainRows& domain, const dns::MailExchangers& exchangers,
                             std::vector<MailboxAnswer>& answers);
  void deliver(const DomainRows& domain, Row& row, model::Reason reason,
               const model::JobOptions& options, const OnVerdict& on_verdict);

  asio::any_io_executor executor_;
  Timers& timers_;
  asio::thread_pool* const cpu_pool_;
  const std::shared_ptr<const address::Lists> lists_;
  dns::Resolver& resolver_;
  const VerifierOptions options_;
  ExchangePool exchanges_;
  CatchAllMemory catch_all_;
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
                                      model::JobOptions options, OnVerdict on_verdict) {
  // Children refer to this frame, so a cancellation must not unwind it before they have ended.
  co_await asio::this_coro::throw_if_cancelled(false);
  auto assessments = co_await assess_all(emails, options);
  std::unordered_map<std::string, DomainRows> domains;
  for (std::size_t i = 0; i < assessments.size(); ++i) {
    Assessment& assessment = assessments[i];
    if (assessment.settled) {
      ++stats_.addresses;
      on_verdict(i, std::move(assessment.verdict));
    } else {
      DomainRows& rows = domains[assessment.domain];
      rows.domain = assessment.domain;
      rows.rows.push_back({i, std::move(assessment)});
    }
  }
  assessments.clear();
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
  ++stats_.mx_lookups;
  const auto deadline = Deadline::after(timers_.clock(), options_.dns_deadline_ms);
  const auto exchangers = co_await dns::find_mail_exchangers(resolver_, domain.domain, deadline);
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  const model::MxEvidence evidence = evidence_of(exchangers);
  const bool looked_up = exchangers.route != dns::MailRoute::kDnsError;
  for (Row& row : domain.rows) {
    if (looked_up) row.assessment.verdict.mx = evidence;
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

Task<void> Verifier::Impl::ask_servers(DomainRows& domain, const dns::MailExchangers& exchangers,
                                       const model::JobOptions& options,
                                       const OnVerdict& on_verdict) {
  const auto exchange = exchanges_.exchange(exchangers.hosts);
  std::vector<std::string> mailboxes;
  for (const Row& row : domain.rows) mailboxes.push_back(row.assessment.mailbox);
  auto answers = co_await exchange->ask(std::move(mailboxes));
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  const bool nobody_hosts_it = co_await ask_other_hosts(domain, exchangers, answers);
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  std::vector<std::size_t> accepted;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Row& row = domain.rows[i];
    model::Verdict& verdict = row.assessment.verdict;
    const MailboxAnswer& answer = answers[i];
    verdict.smtp = evidence_of(answer);
    if (!answer.host.empty()) verdict.mx->host = answer.host;
    const auto provider = smtp::provider_of(answer.host);
    const auto classification = smtp::classify(answer.outcome, provider);
    if (classification.reply_class == smtp::ReplyClass::kAccepted) {
      accepted.push_back(i);
      continue;
    }
    model::Reason reason = to_reason(classification.reply_class);
    if (nobody_hosts_it && is_not_hosted(answer)) reason = model::Reason::kDomainNotHosted;
    if (classification.retry_after) {
      verdict.retry_after = timers_.clock().wall_now() + *classification.retry_after;
    }
    deliver(domain, row, reason, options, on_verdict);
  }
  if (accepted.empty()) co_return;
  const CatchAll catch_all = co_await catch_all_.find(domain.domain, exchange);
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  for (const std::size_t i : accepted) {
    Row& row = domain.rows[i];
    if (catch_all == CatchAll::kTellsApart) row.assessment.verdict.is_catch_all = false;
    deliver(domain, row,
            catch_all == CatchAll::kAcceptsAll ? model::Reason::kCatchAll
                                               : model::Reason::kAcceptedEmail,
            options, on_verdict);
  }
}

// One host that says "not my domain" may be misconfigured; only when every MX host says so is the
// domain not hosted. Answers of another host replace such answers. True when all of them agree.
Task<bool> Verifier::Impl::ask_other_hosts(const DomainRows& domain,
                                           const dns::MailExchangers& exchangers,
                                           std::vector<MailboxAnswer>& answers) {
  std::vector<std::size_t> refused;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (is_not_hosted(answers[i])) refused.push_back(i);
  }
  if (refused.empty()) co_return false;
  const std::string first = answers[refused.front()].host;
  const std::size_t tried = std::min(exchangers.hosts.size(), options_.mx_hosts_tried_max);
  for (std::size_t h = 0; h < tried && !refused.empty(); ++h) {
    if (exchangers.hosts[h].host == first) continue;
    std::vector<std::string> mailboxes;
    for (const std::size_t i : refused) mailboxes.push_back(domain.rows[i].assessment.mailbox);
    auto others = co_await exchanges_.exchange({exchangers.hosts[h]})->ask(std::move(mailboxes));
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return false;
    for (std::size_t k = 0; k < refused.size(); ++k) {
      if (others[k].outcome.reply && !is_not_hosted(others[k])) {
        answers[refused[k]] = std::move(others[k]);
      } else if (!others[k].outcome.reply) {
        co_return false;  // a host that could not be asked might have known the domain
      }
    }
    std::erase_if(refused, [&](std::size_t i) { return !is_not_hosted(answers[i]); });
  }
  co_return tried == exchangers.hosts.size();
}

void Verifier::Impl::deliver(const DomainRows& domain, Row& row, model::Reason reason,
                             const model::JobOptions& options, const OnVerdict& on_verdict) {
  model::Verdict& verdict = row.assessment.verdict;
  settle(verdict, reason, options);
  verdict.checked_at = timers_.clock().wall_now();
  verdict.duration_ms =
      std::chrono::duration_cast<Milliseconds>(timers_.clock().monotonic_now() - domain.began)
          .count();
  ++stats_.addresses;
  on_verdict(row.index, std::move(verdict));
}

Task<Result<model::Verdict>> Verifier::Impl::verify_one(std::string email,
                                                        model::JobOptions options) {
  const std::vector<std::string> emails{std::move(email)};
  std::optional<model::Verdict> verdict;
  co_await verify_all(emails, options,
                      [&](std::size_t, model::Verdict given) { verdict = std::move(given); });
  if (!verdict) co_return fail(Errc::kCancelled, "the verification was cancelled");
  co_return std::move(*verdict);
}

const VerifierStats& Verifier::Impl::stats() {
  stats_.conversations = exchanges_.stats().conversations;
  stats_.recipients_asked = exchanges_.stats().recipients_asked;
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
                                      Deadline deadline) {
  auto verdict =
      co_await with_deadline(impl_->timers(), deadline, impl_->verify_one(email, options));
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
                                OnVerdict on_verdict) {
  return impl_->verify_all(emails, options, std::move(on_verdict));
}

Task<void> Verifier::stop() { return impl_->stop(); }

const VerifierStats& Verifier::stats() const { return impl_->stats(); }

}  // namespace verihook::verification
