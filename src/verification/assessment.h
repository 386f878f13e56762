// Assessment: what can be said of an address by thinking alone: syntax, normal form, lists, typo,
// sandbox. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "address/lists.h"
#include "model/job.h"
#include "model/verdict.h"

namespace verihook::verification {

struct Assessment {
  model::Verdict verdict;  // complete when `settled`, else what is known so far
  bool settled = false;    // no network is needed
  std::string mailbox;     // what RCPT TO asks for: normal form
  std::string domain;      // A-labels: what the resolver is asked for
  bool needs_smtputf8 = false;
};

// `email` with white space around it is taken as without.
Assessment assess(std::string_view email, const address::Lists& lists,
                  const model::JobOptions& options, WallTime now);

// For traces: what stands in a list about this address, each like
// "disposable:mailinator.com@package@1.2.3": the list, the entry, and the source with its version.
std::vector<std::string> list_hits(std::string_view email, const address::Lists& lists);

}  // namespace verihook::verification
