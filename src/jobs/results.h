// ResultStream: the results of a job in input order, one chunk in memory at a time, as the pieces
// of a JSON array or of lines. Works at any moment of a job's life; rows without a result are left
// out. Lives on the io thread; decoding runs on the CPU pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "async/task.h"
#include "model/job.h"
#include "store/database.h"

namespace verihook::jobs {

enum class ResultFormat {
  kJson,    // one array
  kNdjson,  // one object a line
};

// Of a result as it is stored: our own writer made it, so the member's place and spelling are
// certain.
bool has_status(std::string_view json, model::Status status);

class ResultStream {
 public:
  // `cpu_pool` may be null (simulations).
  ResultStream(store::Database& database, asio::thread_pool* cpu_pool, model::Job job,
               ResultFormat format, std::optional<model::Status> only);

  // The next piece, empty at the end.
  Task<Result<std::string>> next();

 private:
  store::Database& database_;
  asio::thread_pool* const cpu_pool_;
  const model::Job job_;
  const ResultFormat format_;
  const std::optional<model::Status> only_;
  std::int64_t next_chunk_ = 0;
  bool began_ = false;
  bool wrote_row_ = false;
  bool ended_ = false;
};

}  // namespace verihook::jobs
