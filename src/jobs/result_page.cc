#include <fmt/format.h>

#include "async/run_on.h"
#include "base/text.h"
#include "jobs/results.h"
#include "jobs/stored_chunk.h"
#include "store/jobs.h"

namespace verihook::jobs {
namespace {

constexpr std::int64_t kChunksPerPageMax = 16;

// Where a page begins: behind this row of this chunk.
struct Place {
  std::int64_t chunk = 0;
  std::int64_t after_row = 0;
};

Result<Place> parse_cursor(std::string_view cursor) {
  if (cursor.empty()) return Place{};
  const auto dash = cursor.find('-');
  if (dash != cursor.npos) {
    const auto chunk = parse_u64(cursor.substr(0, dash));
    const auto row = parse_u64(cursor.substr(dash + 1));
    constexpr auto kMax = static_cast<std::uint64_t>(INT64_MAX);
    if (chunk && row && *chunk <= kMax && *row <= kMax) {
      return Place{static_cast<std::int64_t>(*chunk), static_cast<std::int64_t>(*row)};
    }
  }
  return fail(Errc::kInvalidArgument, "cursor must be the next_cursor of the page before");
}

std::string cursor_at(const Place& place) {
  return fmt::format("{}-{}", place.chunk, place.after_row);
}

// Adds the chunk's rows until the page is full; whether it is, and rows may be left.
Result<bool> fill_page(ResultPage& page, const store::ChunkResults& stored,
                       const ResultRenderer& renderer, const ResultFilter& filter, Place& place,
                       std::size_t limit) {
  bool full = false;
  const auto take = [&](const StoredResult& row) {
    if (row.number <= place.after_row || !filter.wants(row)) return true;
    if (page.items.size() == limit) {
      full = true;
      return false;
    }
    renderer.append_row(page.items.emplace_back(), row, true);
    place.after_row = row.number;
    return true;
  };
  TRY_VOID(for_each_result(stored, take));
  return full;
}

}  // namespace

Task<Result<ResultPage>> find_result_page(store::Database& database, asio::thread_pool* cpu_pool,
                                          const model::Job& job, const ResultFilter& filter,
                                          std::string_view cursor, std::size_t limit) {
  CO_TRY(place, parse_cursor(cursor));
  const ResultRenderer renderer({}, {});
  ResultPage page;
  for (std::int64_t looked_at = 0; place.chunk < job.chunk_count; ++looked_at, ++place.chunk) {
    if (looked_at == kChunksPerPageMax) {
      page.next_cursor = cursor_at(place);
      break;
    }
    CO_TRY(stored, co_await database.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job.tenant_id, job.id, place.chunk, false);
    }));
    CO_TRY(full, co_await run_on(cpu_pool, [&] {
             return fill_page(page, stored, renderer, filter, place, limit);
           }));
    if (full) {
      page.next_cursor = cursor_at(place);
      break;
    }
  }
  co_return page;
}

}  // namespace verihook::jobs
