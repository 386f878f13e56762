#include "jobs/results.h"

#include <algorithm>
#include <numeric>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "async/run_on.h"
#include "async/task_group.h"
#include "crypto/encoding.h"
#include "crypto/sha256.h"
#include "jobs/chunk_codec.h"
#include "jobs/stored_chunk.h"
#include "store/jobs.h"

namespace verihook::jobs {
namespace {

constexpr std::size_t kChunksAtOnce = 2;
constexpr std::size_t kDocumentsRemembered = 64;
constexpr std::size_t kTagBytes = 16;

std::optional<WallTime> end_of(const model::Job& job, bool unprocessed) {
  if (!unprocessed) return std::nullopt;
  return job.finished_at.value_or(job.created_at);
}

// Every row behind a comma where the format has some: whether it is the first is not known yet.
Result<std::string> render_chunk(const store::ChunkResults& stored, const ResultRenderer& renderer,
                                 const ResultFilter& filter,
                                 const std::optional<WallTime>& ended_at,
                                 std::size_t expected_bytes) {
  std::string text;
  text.reserve(expected_bytes);
  const auto append = [&](const StoredResult& row) {
    if (filter.is_empty() || filter.wants(row)) renderer.append_row(text, row, false);
    return true;
  };
  TRY_VOID(for_each_result(stored, append, ended_at));
  return text;
}

}  // namespace

std::string ExportRequest::text() const {
  return fmt::format("{} {} {} {} {:x} {:x} {} {} {}\n{}", static_cast<int>(format.container),
                     static_cast<int>(format.view), format.raw, format.bom, filter.statuses,
                     filter.reasons, filter.after_row, unprocessed, filter.domain, filter.text);
}

std::shared_ptr<const DownloadMemory::Sizes> DownloadMemory::find(const std::string& document) {
  const auto found = by_document_.find(document);
  if (found == by_document_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().sizes;
}

void DownloadMemory::keep(const std::string& document, Sizes sizes) {
  forget(document);
  entries_.push_front({document, std::make_shared<const Sizes>(std::move(sizes))});
  by_document_[document] = entries_.begin();
  if (entries_.size() <= kDocumentsRemembered) return;
  by_document_.erase(entries_.back().document);
  entries_.pop_back();
}

void DownloadMemory::forget(const std::string& document) {
  const auto found = by_document_.find(document);
  if (found == by_document_.end()) return;
  entries_.erase(found->second);
  by_document_.erase(found);
}

std::string document_tag(const model::Job& job, std::int64_t content_version,
                         const ExportRequest& request) {
  const std::string made_of =
      fmt::format("1 {} {} {} {} {} {}\n{}", job.id, static_cast<int>(job.state),
                  job.processed_count, job.chunk_count, content_version,
                  to_unix_ms(job.finished_at.value_or(WallTime{})), request.text());
  const auto digest = crypto::sha256(made_of);
  return crypto::hex_encode(std::span(digest).first(kTagBytes));
}

Task<Result<std::string>> find_document_tag(store::Database& database, const model::Job& job,
                                            const ExportRequest& request) {
  if (!model::is_final(job.state)) co_return std::string();
  CO_TRY(version, co_await database.read([&](store::Connection& db) {
    return store::find_content_version(db, job.tenant_id, job.id);
  }));
  co_return document_tag(job, version, request);
}

ResultStream::ResultStream(store::Database& database, asio::thread_pool* cpu_pool, model::Job job,
                           ExportRequest request)
    : database_(database),
      cpu_pool_(cpu_pool),
      job_(std::move(job)),
      request_(std::move(request)),
      memory_(nullptr) {}

ResultStream::ResultStream(store::Database& database, asio::thread_pool* cpu_pool, model::Job job,
                           ExportRequest request, DownloadMemory& memory, std::string tag)
    : database_(database),
      cpu_pool_(cpu_pool),
      job_(std::move(job)),
      request_(std::move(request)),
      memory_(tag.empty() ? nullptr : &memory),
      document_(std::move(tag)) {}

ResultStream::~ResultStream() = default;

std::optional<std::uint64_t> ResultStream::known_size() {
  if (memory_ == nullptr) return std::nullopt;
  if (!known_) known_ = memory_->find(document_);
  if (!known_) return std::nullopt;
  return std::accumulate(known_->begin(), known_->end(), std::uint64_t{0});
}

Task<Result<std::uint64_t>> ResultStream::measure() {
  while (!known_size()) {
    if (next_piece_ == piece_count()) {
      co_return fail(Errc::kConflict, "only the document of a job that has ended has a size");
    }
    CO_TRY_VOID(co_await render_next());
  }
  next_piece_ = 0;
  position_ = 0;
  wrote_row_ = false;
  co_return known_size().value_or(0);
}

void ResultStream::limit(std::uint64_t first, std::uint64_t last) {
  begin_ = first;
  end_ = last + 1;
  if (!known_) return;
  while (next_piece_ < known_->size() && position_ + (*known_)[next_piece_] <= first) {
    position_ += (*known_)[next_piece_];
    wrote_row_ = wrote_row_ || (next_piece_ > 0 && (*known_)[next_piece_] > 0);
    ++next_piece_;
  }
}

Task<Result<std::string>> ResultStream::next() {
  std::string text;
  while (text.empty() && next_piece_ < piece_count() && position_ < end_) {
    const std::uint64_t at = position_;
    CO_TRY(rendered, co_await render_next());
    if (at + rendered.size() <= end_ && at >= begin_) {
      text = std::move(rendered);
    } else {
      const std::uint64_t from = std::clamp(begin_, at, position_) - at;
      const std::uint64_t to = std::clamp(end_, at, position_) - at;
      text = rendered.substr(from, to - from);
    }
  }
  co_return text;
}

Task<Result<void>> ResultStream::prepare() {
  if (renderer_) co_return Result<void>{};
  ColumnSet columns;
  if (request_.format.needs_columns()) {
    CO_TRY(found, co_await find_columns());
    columns = std::move(found);
  }
  if (request_.filter.after_row > 0) {
    CO_TRY(chunk, co_await first_chunk());
    first_chunk_ = chunk;
  }
  renderer_.emplace(request_.format, std::move(columns));
  co_return Result<void>{};
}

Task<Result<ColumnSet>> ResultStream::find_columns() {
  ColumnSet columns;
  for (std::int64_t number = 0; number < job_.chunk_count; ++number) {
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job_.tenant_id, job_.id, number, request_.unprocessed);
    }));
    if (!stored.result.empty()) stored.segments.push_back(std::move(stored.result));
    for (const std::string& segment : stored.segments) {
      CO_TRY_VOID(decode_columns(segment, columns));
    }
    if (!request_.unprocessed || stored.chunk.state == model::ChunkState::kDone) continue;
    CO_TRY(rows, co_await run_on(cpu_pool_, [&] { return decode_rows(stored.input); }));
    for (const InputRow& row : rows) columns.add_data(row.data);
  }
  co_return columns;
}

// Row numbers grow from chunk to chunk, so halving finds the last one that begins no later.
Task<Result<std::int64_t>> ResultStream::first_chunk() {
  std::int64_t low = 0;
  std::int64_t high = job_.chunk_count;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job_.tenant_id, job_.id, middle, true);
    }));
    CO_TRY(rows, co_await run_on(cpu_pool_, [&] { return decode_rows(stored.input); }));
    if (!rows.empty() && rows.front().number <= request_.filter.after_row) {
      low = middle;
    } else {
      high = middle;
    }
  }
  co_return low;
}

Task<Result<std::string>> ResultStream::render(std::int64_t chunk) const {
  if (chunk < first_chunk_) co_return std::string();
  CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
    return store::find_chunk_results(db, job_.tenant_id, job_.id, chunk, request_.unprocessed);
  }));
  // One like the last one, and a little more: text that grows is copied again and again.
  const std::size_t expected_bytes = chunk_bytes_ + chunk_bytes_ / 8;
  co_return co_await run_on(cpu_pool_, [&] {
    return render_chunk(stored, *renderer_, request_.filter, end_of(job_, request_.unprocessed),
                        expected_bytes);
  });
}

Task<void> ResultStream::render_into(std::int64_t chunk, Result<std::string>& rendered) const {
  rendered = co_await render(chunk);
}

// All that are wanted now, at the same time.
Task<void> ResultStream::render_all() {
  TaskGroup group(co_await asio::this_coro::executor, "rendering of results");
  auto chunk = static_cast<std::int64_t>(next_piece_) - 1;
  for (Result<std::string>& rendered : ready_) {
    group.spawn("chunk", render_into(chunk++, rendered));
  }
  co_await group.join();
}

// The next chunks, at least one.
Task<void> ResultStream::render_ahead() {
  ready_.resize(std::min(kChunksAtOnce, piece_count() - 1 - next_piece_));
  const auto executor = co_await asio::this_coro::executor;
  // A cancellation must not unwind past what the tasks refer to, so it does not reach them.
  co_await asio::co_spawn(
      executor, render_all(),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

Task<Result<std::string>> ResultStream::render_next() {
  CO_TRY_VOID(co_await prepare());
  std::string text;
  if (next_piece_ == 0) {
    renderer_->append_head(text);
    CO_TRY_VOID(note_size(0, text.size()));
    co_return text;
  }
  if (next_piece_ + 1 == piece_count()) {
    renderer_->append_tail(text);
    CO_TRY_VOID(note_size(next_piece_, text.size()));
    co_return text;
  }
  if (ready_.empty()) co_await render_ahead();
  CO_TRY(part, std::exchange(ready_.front(), std::string()));
  ready_.pop_front();
  if (!wrote_row_ && part.starts_with(',') && request_.format.container == Container::kJson) {
    part.erase(0, 1);
  }
  wrote_row_ = wrote_row_ || !part.empty();
  CO_TRY_VOID(note_size(next_piece_, part.size()));
  chunk_bytes_ = part.size();
  co_return std::move(part);
}

Result<void> ResultStream::note_size(std::size_t piece, std::uint64_t size) {
  ++next_piece_;
  position_ += size;
  if (known_) {
    if ((*known_)[piece] == size) return {};
    // The stored results have changed since; what was sent of them cannot be gone on with.
    memory_->forget(document_);
    return fail(Errc::kConflict, "the results changed while they were sent");
  }
  if (memory_ == nullptr || sizes_.size() != piece) return {};
  sizes_.push_back(size);
  if (sizes_.size() == piece_count()) memory_->keep(document_, std::move(sizes_));
  return {};
}

}  // namespace verihook::jobs
