// What DNS and mail servers said, as evidence in a verdict and as its reason. Pure.
#pragma once

#include <optional>

#include "dns/mail_exchangers.h"
#include "model/job.h"
#include "model/verdict.h"
#include "verification/catch_all.h"
#include "verification/exchange.h"

namespace verihook::verification {

model::MxEvidence evidence_of(const dns::MailExchangers& exchangers);
model::SmtpEvidence evidence_of(const MailboxAnswer& answer);

// The host says that it does not take mail for the domain.
bool is_not_hosted(const MailboxAnswer& answer);
// Whether another MX host of the domain may say more. The hosts of a large provider all know the
// same.
bool deserves_second_opinion(const MailboxAnswer& answer);

// The verdict that the DNS alone gives; nothing when there are hosts to ask.
std::optional<model::Reason> reason_of(dns::MailRoute route);
// Of a mailbox that was not accepted. "Not my domain" is believed when every MX host says so; until
// then it says something about the host that said it.
model::Reason reason_of(const MailboxAnswer& answer, bool nobody_hosts_it);
// Of an accepted mailbox. Who can wait hears whether the domain accepts everything before it is
// called valid.
model::Reason reason_of(CatchAll answer, const model::JobOptions& options);

}  // namespace verihook::verification
