#include "verification/evidence.h"

#include "base/utf8.h"
#include "smtp/classify.h"

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

}  // namespace

bool is_not_hosted(const MailboxAnswer& answer) {
  const smtp::ReplyClass reply_class = answer.classification.reply_class;
  return reply_class == smtp::ReplyClass::kRelayDenied ||
         reply_class == smtp::ReplyClass::kDomainNotHosted;
}

model::Reason reason_of(const MailboxAnswer& answer, bool nobody_hosts_it) {
  if (answer.outcome.error && answer.outcome.error->code == Errc::kDns) {
    return model::Reason::kDnsError;
  }
  if (is_not_hosted(answer)) {
    if (nobody_hosts_it) return model::Reason::kDomainNotHosted;
    return answer.outcome.stage == smtp::Stage::kRcpt ? model::Reason::kRelayDenied
                                                      : model::Reason::kUnavailableSmtp;
  }
  return model::parse_reason(smtp::reason_of(answer.classification.reply_class))
      .value_or(model::Reason::kUnexpectedError);
}

bool deserves_second_opinion(const MailboxAnswer& answer) {
  if (answer.provider != smtp::Provider::kOther) return is_not_hosted(answer);
  switch (answer.classification.reply_class) {
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

model::Reason reason_of(CatchAll answer, const model::JobOptions& options) {
  if (answer == CatchAll::kAcceptsAll) return model::Reason::kCatchAll;
  if (answer == CatchAll::kLater && options.greylist == model::Greylist::kWait) {
    return model::Reason::kGreylisted;
  }
  return model::Reason::kAcceptedEmail;
}

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

}  // namespace verihook::verification
