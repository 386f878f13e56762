#include "verification/sandbox.h"

#include <array>

#include "base/text.h"

namespace verihook::verification {
namespace {

using enum model::Reason;
using model::SmtpStage;

struct Evidence {
  model::Reason reason;
  SmtpStage stage;
  int code;
  std::string_view enhanced_code;
  std::string_view message;
};

// What a mail server would have said, for the reasons that come from one.
constexpr std::array kEvidence = {
    Evidence{kAcceptedEmail, SmtpStage::kRcptTo, 250, "2.1.5", "Ok"},
    Evidence{kCatchAll, SmtpStage::kRcptTo, 250, "2.1.5", "Ok"},
    Evidence{kRole, SmtpStage::kRcptTo, 250, "2.1.5", "Ok"},
    Evidence{kRejectedEmail, SmtpStage::kRcptTo, 550, "5.1.1", "User unknown"},
    Evidence{kMailboxDisabled, SmtpStage::kRcptTo, 550, "5.2.1", "Mailbox disabled"},
    Evidence{kEaiNotSupported, SmtpStage::kRcptTo, 550, "5.6.7", "SMTPUTF8 not supported"},
    Evidence{kDomainNotHosted, SmtpStage::kRcptTo, 550, "5.1.2", "Domain not hosted here"},
    Evidence{kMailboxFull, SmtpStage::kRcptTo, 452, "4.2.2", "Mailbox full"},
    Evidence{kRateLimitedMailbox, SmtpStage::kRcptTo, 450, "4.2.1", "Receiving mail too quickly"},
    Evidence{kTimeout, SmtpStage::kBanner, 0, "", ""},
    Evidence{kNoConnect, SmtpStage::kConnect, 0, "", ""},
    Evidence{kConnectionLost, SmtpStage::kRcptTo, 0, "", ""},
    Evidence{kUnavailableSmtp, SmtpStage::kBanner, 554, "", "No SMTP service here"},
    Evidence{kThrottled, SmtpStage::kBanner, 421, "4.7.0", "Too many connections"},
    Evidence{kGreylisted, SmtpStage::kRcptTo, 451, "4.7.1", "Greylisted, try again later"},
    Evidence{kBlocked, SmtpStage::kMailFrom, 550, "5.7.1", "Blocked by a block list"},
    Evidence{kNeedsReverseDns, SmtpStage::kBanner, 550, "5.7.25", "Reverse DNS required"},
    Evidence{kSenderRejected, SmtpStage::kMailFrom, 550, "5.1.8", "Sender rejected"},
    Evidence{kRelayDenied, SmtpStage::kRcptTo, 550, "5.7.1", "Relaying denied"},
    Evidence{kTlsRequired, SmtpStage::kMailFrom, 530, "5.7.0", "Must issue STARTTLS first"},
    Evidence{kProtocolError, SmtpStage::kRcptTo, 503, "5.5.1", "Bad sequence of commands"},
    Evidence{kPolicy, SmtpStage::kRcptTo, 550, "5.7.0", "Refused by local policy"},
    Evidence{kCannotVerify, SmtpStage::kRcptTo, 252, "2.0.0", "Cannot verify"},
};

std::string_view without_tag(std::string_view local_part) {
  return local_part.substr(0, local_part.find('+'));
}

}  // namespace

std::optional<model::Reason> sandbox_reason(std::string_view local_part, std::string_view domain) {
  if (domain != kSandboxDomain) return std::nullopt;
  const std::string name = to_lower(without_tag(local_part));
  if (name == "fail_job") return kUnexpectedError;
  return model::parse_reason(name).value_or(kRejectedEmail);
}

bool fails_the_job(std::string_view email) {
  const auto at = email.rfind('@');
  if (at == email.npos || !equals_ignoring_case(email.substr(at + 1), kSandboxDomain)) return false;
  return equals_ignoring_case(without_tag(email.substr(0, at)), "fail_job");
}

void add_sandbox_evidence(model::Verdict& verdict) {
  if (verdict.reason == kDisposable) verdict.is_disposable = true;
  if (verdict.reason == kRole) verdict.is_role = true;
  for (const Evidence& evidence : kEvidence) {
    if (evidence.reason != verdict.reason) continue;
    verdict.mx = model::MxEvidence{
        .found = true, .host = "mx.sandbox.test", .records = {"mx.sandbox.test"}, .provider = ""};
    verdict.smtp = {true,
                    evidence.stage,
                    evidence.code,
                    std::string(evidence.enhanced_code),
                    std::string(evidence.message),
                    1};
  }
}

}  // namespace verihook::verification
