#include "jobs/results.h"

#include <algorithm>

#include "async/run_on.h"
#include "jobs/chunk_codec.h"
#include "store/jobs.h"

namespace verihook::jobs {
namespace {

Result<std::string> render_chunk(const store::ChunkResults& stored, ResultFormat format,
                                 std::optional<model::Status> only, bool separate_first) {
  std::vector<ResultLine> lines;
  if (!stored.result.empty()) {
    TRY_VOID(decode_results(stored.result, lines));
  } else {
    for (const std::string& segment : stored.segments) TRY_VOID(decode_results(segment, lines));
    std::ranges::sort(lines, {}, &ResultLine::number);
  }
  std::string text;
  for (const ResultLine& line : lines) {
    if (only && !has_status(line.json, *only)) continue;
    if (format == ResultFormat::kJson && (separate_first || !text.empty())) text.push_back(',');
    text.append(line.json);
    if (format == ResultFormat::kNdjson) text.push_back('\n');
  }
  return text;
}

}  // namespace

bool has_status(std::string_view json, model::Status status) {
  const std::string member = "\"status\":\"" + std::string(model::to_string(status)) + "\",";
  const auto at = json.find("\"status\":\"");
  return json.substr(std::min(at, json.size())).starts_with(member);
}

ResultStream::ResultStream(store::Database& database, asio::thread_pool* cpu_pool, model::Job job,
                           ResultFormat format, std::optional<model::Status> only)
    : database_(database),
      cpu_pool_(cpu_pool),
      job_(std::move(job)),
      format_(format),
      only_(only) {}

Task<Result<std::string>> ResultStream::next() {
  std::string piece;
  if (!std::exchange(began_, true) && format_ == ResultFormat::kJson) piece = "[";
  while (piece.size() <= 1 && next_chunk_ < job_.chunk_count) {
    const std::int64_t number = next_chunk_++;
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job_.tenant_id, job_.id, number, false);
    }));
    CO_TRY(text, co_await run_on(cpu_pool_,
                                 [&] { return render_chunk(stored, format_, only_, wrote_row_); }));
    wrote_row_ = wrote_row_ || !text.empty();
    piece += text;
  }
  if (next_chunk_ >= job_.chunk_count && !std::exchange(ended_, true) &&
      format_ == ResultFormat::kJson) {
    piece += "]";
  }
  co_return piece;
}

}  // namespace verihook::jobs
