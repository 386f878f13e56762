// Classification: what a mail server's reply means for the verdict. Pure. The table follows these
// principles: a refusal before RCPT is about us, never about the mailbox; 4xx is never "invalid";
// the subject digit of the enhanced code (RFC 3463) says whom a refusal is about; the name of a
// block list in the text beats every code; one provider's habits are exceptions in provider_rules,
// not rules here.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "smtp/outcome.h"
#include "smtp/provider_rules.h"
#include "smtp/reply_rule.h"

namespace verihook::smtp {

struct Classification {
  ReplyClass reply_class = ReplyClass::kNotAttempted;
  std::string_view rule;                    // the row that decided; static text
  std::optional<Milliseconds> retry_after;  // when the reply names a delay
};

Classification classify(Stage stage, const Reply& reply, Provider provider = Provider::kOther);
Classification classify(const Outcome& outcome, Provider provider = Provider::kOther);

// The reason that results and events carry, e.g. "rejected_email".
std::string_view reason_of(ReplyClass reply_class);
// Whether the class says that mail to this recipient cannot arrive.
bool is_invalid(ReplyClass reply_class);

// "Too many recipients": the recipient was not judged, and fewer per transaction may work.
bool is_recipient_limit(const Reply& reply);

// A delay named in a reply ("try again in 5 minutes", "retry after 00:04:59"), at most a day.
std::optional<Milliseconds> parse_retry_delay(std::string_view text);

}  // namespace verihook::smtp
