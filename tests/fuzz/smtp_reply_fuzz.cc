// smtp::ReplyParser on any bytes of a mail server, in any pieces (see pieces.h), and what
// classify() makes of the replies at each stage. Checked:
// - replies, error and leftover are the same however the bytes are cut;
// - a reply has a code from 200 to 599, 1 to 100 lines of UTF-8 without control characters, and
//   written out again it is read as the same reply;
// - once broken, a parser stays broken;
// - "invalid" never comes of a temporary reply, nor of one before RCPT TO unless the whole domain
//   is refused; a positive reply to RCPT TO is never a refusal.
#include <algorithm>

#include "smtp/classify.h"
#include "smtp/reply.h"
#include "tests/fuzz/pieces.h"

namespace verihook::fuzz {
namespace {

using smtp::Reply;
using smtp::ReplyClass;
using smtp::Stage;

constexpr Stage kStages[] = {Stage::kBanner, Stage::kEhlo, Stage::kStartTls, Stage::kMail,
                             Stage::kRcpt};

// The tables take longer than the parser; more replies of one input would only slow the fuzzer.
constexpr std::size_t kClassifiedMax = 4;

struct Heard {
  std::vector<Reply> replies;
  std::optional<Error> error;
  bool leftover = false;
};

Heard listen(const Pieces& pieces) {
  smtp::ReplyParser parser;
  Heard heard;
  for (const auto& piece : pieces) {
    parser.feed(view(piece));
    for (;;) {
      auto next = parser.next();
      if (!next) {
        parser.feed("250 ok\r\n");
        check(!parser.next(), "a broken parser stays broken", "");
        heard.error = next.error();
        return heard;
      }
      if (!*next) break;
      heard.replies.push_back(**std::move(next));
    }
  }
  heard.leftover = parser.has_leftover();
  return heard;
}

std::string describe(const Heard& heard) {
  std::string text;
  for (const Reply& reply : heard.replies) {
    text += fmt::format("{} {}\n", reply.code,
                        reply.enhanced ? reply.enhanced->to_string() : "without");
    for (const std::string& line : reply.lines) text += "  " + line + "\n";
  }
  if (heard.error) text += heard.error->message;
  return text + (heard.leftover ? "leftover" : "");
}

void check_reply(const Reply& reply) {
  check(reply.code >= 200 && reply.code <= 599, "a code is from 200 to 599", reply.text());
  check(!reply.lines.empty() && reply.lines.size() <= smtp::kReplyLinesMax,
        "a reply has 1 to 100 lines", reply.text());
  std::string wire;
  bool replaced = false;
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    const std::string& line = reply.lines[i];
    check(is_valid_utf8(line) && line.size() <= smtp::kReplyLineBytesMax &&
              std::ranges::none_of(line, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }),
          "a line is short UTF-8 without control characters", line);
    replaced |= line.contains('?');
    wire += fmt::format("{}{}{}\r\n", reply.code, i + 1 < reply.lines.size() ? '-' : ' ', line);
  }
  if (reply.enhanced) {
    const int kind = reply.enhanced->class_digit;
    check(kind == 2 || kind == 4 || kind == 5, "an enhanced code is of class 2, 4 or 5", wire);
  }
  smtp::ReplyParser parser;
  parser.feed(wire);
  auto again = parser.next();
  check(again && *again && (*again)->code == reply.code && (*again)->lines == reply.lines,
        "a reply written out is read as the same", wire);
  // A tab that became a question mark may have stood before the enhanced code.
  check(replaced || (*again)->enhanced == reply.enhanced, "the enhanced code survives", wire);
}

void check_classes(const Reply& reply) {
  for (const Stage stage : kStages) {
    const auto result = classify(stage, reply);
    check(!smtp::reason_of(result.reply_class).empty() && !result.rule.empty(),
          "every reply has a reason and the rule that gave it", reply.text());
    const bool invalid = smtp::is_invalid(result.reply_class);
    check(!invalid || reply.permanent(), "only a 5xx reply makes an address invalid",
          fmt::format("{} {}: {}", reply.code, reply.text(), result.rule));
    check(!invalid || stage == Stage::kRcpt || result.reply_class == ReplyClass::kDomainNotHosted,
          "before RCPT TO nothing is said about a mailbox",
          fmt::format("{} {}: {}", reply.code, reply.text(), result.rule));
    check((result.reply_class == ReplyClass::kAccepted) <= (reply.positive()),
          "only a 2xx reply accepts", reply.text());
    check(!result.retry_after ||
              (result.retry_after->count() >= 0 && *result.retry_after <= std::chrono::hours{24}),
          "a named delay is at most a day", reply.text());
  }
}

}  // namespace

void run_one(std::string_view input) {
  check_cuts(input, [](const Pieces& pieces) { return describe(listen(pieces)); });
  const Heard heard = listen(cut(input));
  if (heard.error) check_sentence(heard.error->message);
  for (std::size_t i = 0; i < heard.replies.size(); ++i) {
    check_reply(heard.replies[i]);
    if (i < kClassifiedMax) check_classes(heard.replies[i]);
  }
}

}  // namespace verihook::fuzz
