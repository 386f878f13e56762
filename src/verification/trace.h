// Trace: how one verdict came about, for a person who wants to know: lines to read, not to parse.
#pragma once

#include <string>
#include <vector>

namespace verihook::verification {

struct Trace {
  std::vector<std::string> lists;  // hits, each with its list and version
  std::vector<std::string> dns;    // what the resolver answered
  std::vector<std::string> smtp;   // connections, and the dialogue: "C: …", "S: …"
};

}  // namespace verihook::verification
