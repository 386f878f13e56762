// OwnResults: the results of a job of this program, out of its store instead of over HTTP. Lives on
// the io thread; app/ implements it over the jobs folder, which destinations/ may not know.
#pragma once

#include <string>

#include "async/task.h"
#include "base/result.h"
#include "destinations/result_file.h"

namespace verihook::destinations {

class OwnResults {
 public:
  virtual ~OwnResults() = default;
  // Appends what results there are. kNotFound when the job is gone.
  virtual Task<Result<void>> append(std::string tenant_id, std::string job_id,
                                    ResultFile& into) = 0;
};

}  // namespace verihook::destinations
