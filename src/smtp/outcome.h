// What asking a mail server about a recipient led to: how far the conversation came and what was
// said there. Plain values; classify.h says what they mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "smtp/reply.h"

namespace verihook::smtp {

enum class Stage {
  kConnect,   // the TCP connection
  kBanner,    // the server's greeting
  kEhlo,      // EHLO or HELO
  kStartTls,  // STARTTLS and the handshake
  kMail,      // MAIL FROM: about the sender
  kRcpt,      // RCPT TO: the first that is about the recipient
};
std::string_view to_string(Stage stage);

enum class OutcomeKind {
  kReplied,        // the server's reply at `stage` decides
  kFailed,         // `error` happened at `stage`
  kNotAsked,       // the connection ended first (why: reply or error); ask again on a new one
  kUnaskable,      // the address cannot be written in a command; nothing was sent
  kNeedsSmtpUtf8,  // the address is not ASCII and the server does not offer SMTPUTF8
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::kNotAsked;
  Stage stage = Stage::kRcpt;
  std::optional<Reply> reply;
  std::optional<Error> error;
};

struct RecipientOutcome {
  std::size_t index = 0;  // among those who were added together
  std::string recipient;
  Outcome outcome;
};

}  // namespace verihook::smtp
