// Notice: what people are told of an event: one line, and a few more where there is more to say.
// And its forms: the JSON that Slack takes (Mattermost, Rocket.Chat and Discord's /slack do, too),
// and a mail (RFC 5322). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "model/event.h"

namespace verihook::destinations {

struct Notice {
  std::string title;  // one line
  std::vector<std::string> lines;
};

// `payload` is the event's body. Of a type that is not known, received from others, it says that it
// came.
Notice notice_of(const model::Event& event, const boost::json::object& payload);

// {"text":"…"}
std::string slack_form_of(const Notice& notice);

struct MailHead {
  std::string from;  // addresses, ASCII
  std::vector<std::string> to;
  std::string id;  // of the event and its destination: the same in every attempt
  WallTime date{};
};
// With CRLF line ends; the text in base64, so that no server changes it.
std::string mail_form_of(const Notice& notice, const MailHead& head);

}  // namespace verihook::destinations
