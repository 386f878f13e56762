// OwnJobResults: what contacts destinations ask about jobs of this program. Chunk by chunk, so that
// memory stays flat; decoding happens on the CPU pool.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "destinations/own_results.h"
#include "store/database.h"

namespace verihook::app {

class OwnJobResults final : public destinations::OwnResults {
 public:
  // Both must outlive it.
  OwnJobResults(store::Database& database, asio::thread_pool& cpu_pool)
      : database_(database), cpu_pool_(cpu_pool) {}

  Task<Result<void>> append(std::string tenant_id, std::string job_id,
                            destinations::ResultFile& into) override;

 private:
  store::Database& database_;
  asio::thread_pool& cpu_pool_;
};

}  // namespace verihook::app
