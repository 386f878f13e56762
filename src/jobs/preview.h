// Preview: what a sample of a list looks like before it is started: syntax, lists and DNS are
// asked, mail servers are not. It says what the whole list will cost in probes and what can be said
// without any. Nothing is stored. The io thread; thinking runs on the CPU pool.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "async/task.h"
#include "model/job.h"
#include "model/summary.h"
#include "store/database.h"
#include "verification/verifier.h"

namespace verihook::jobs {

struct Preview {
  model::Job job;
  std::int64_t sampled = 0;                       // rows looked at, at most kPreviewRowsMax
  model::Summary summary;                         // of those that need no mail server
  std::int64_t to_probe = 0;                      // the others: a mail server has to be asked
  std::int64_t domains = 0;                       // different ones among those
  std::map<std::string, std::int64_t> reasons;    // of those that need no mail server
  std::map<std::string, std::int64_t> providers;  // of those to probe; "other" when unknown to us
};

inline constexpr std::int64_t kPreviewRowsMax = 1'000;

// `cpu_pool` may be null.
Task<Result<Preview>> preview_job(store::Database& database, verification::Verifier& verifier,
                                  asio::thread_pool* cpu_pool, model::Job job);

// As the API shows it: the sample, and what it means for the whole list.
std::string preview_json(const Preview& preview);

}  // namespace verihook::jobs
