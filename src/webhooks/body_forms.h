// The other texts that a body may have been when it was signed: somebody between the signature and
// here parsed it and wrote it again, or a file gained a line end. What a diagnosis tries when the
// signature does not fit the bytes that came. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace verihook::webhooks {

struct BodyForm {
  std::string_view what;  // "as JSON.stringify writes it"
  bool line_end = false;  // nothing but the line ends differs
  std::string text;
};

// Those that differ from the body, the likeliest first; of a body that is no JSON only what differs
// in its line ends.
std::vector<BodyForm> body_forms(std::string_view body);

}  // namespace verihook::webhooks
