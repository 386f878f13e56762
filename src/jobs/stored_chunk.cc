#include "jobs/stored_chunk.h"

#include "jobs/chunk_codec.h"
#include "verification/verdict_rules.h"

namespace verihook::jobs {
namespace {

StoredResult not_attempted(InputRow row, WallTime ended_at) {
  StoredResult result;
  result.number = row.number;
  result.verdict =
      verification::unseen_verdict(row.email, model::Reason::kNotAttempted, {}, ended_at);
  result.id = std::move(row.id);
  result.data = std::move(row.data);
  result.duplicate = row.duplicate;
  return result;
}

}  // namespace

Result<void> for_each_result(const store::ChunkResults& stored, const OnResult& on_result,
                             const std::optional<WallTime>& ended_at) {
  RecordList list;
  if (!stored.result.empty()) {
    TRY_VOID(list.add(stored.result));
  } else {
    for (const std::string& segment : stored.segments) TRY_VOID(list.add(segment));
  }
  list.sort();
  std::vector<InputRow> rows;
  if (ended_at && stored.chunk.state != model::ChunkState::kDone) {
    TRY(decoded, decode_rows(stored.input));
    rows = std::move(decoded);
  }
  auto row = rows.begin();
  StoredResult result;
  for (const RecordView& view : list.records()) {
    for (; row != rows.end() && row->number < view.number; ++row) {
      if (!on_result(not_attempted(std::move(*row), *ended_at))) return {};
    }
    if (row != rows.end() && row->number == view.number) ++row;
    TRY_VOID(read_record(view.record, result));
    result.number = view.number;
    if (!on_result(result)) return {};
  }
  for (; row != rows.end(); ++row) {
    if (!on_result(not_attempted(std::move(*row), *ended_at))) return {};
  }
  return {};
}

}  // namespace verihook::jobs
