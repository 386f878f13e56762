#include "jobs/chunk_codec.h"

#include <algorithm>
#include <memory>

#include <zstd.h>

#include "base/varint.h"
#include "jobs/result_record.h"

namespace verihook::jobs {
namespace {

// Level 1: a chunk is written once and read a few times; the database's disk is not the bottleneck.
constexpr int kCompressionLevel = 1;
// A chunk of 10,000 rows with all its evidence stays far below this.
constexpr std::size_t kDecodedBytesMax = std::size_t{1} << 30;

std::string compress(std::string_view plain) {
  std::string compressed(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress(compressed.data(), compressed.size(), plain.data(),
                                         plain.size(), kCompressionLevel);
  compressed.resize(size);
  return compressed;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(Errc::kStorageFailed, "a stored chunk is damaged (" + std::string(what) +
                                        "); restore the database from a backup");
}

Result<std::string> decompress(std::string_view compressed) {
  const auto size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
      size > kDecodedBytesMax) {
    return damaged("its header cannot be read");
  }
  std::string plain(size, '\0');
  const std::size_t written =
      ZSTD_decompress(plain.data(), plain.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(written) || written != plain.size()) return damaged("its checksum is wrong");
  return plain;
}

bool take_string(std::string_view& in, std::string& text) {
  std::string_view field;
  if (!take_field(in, field)) return false;
  text.assign(field);
  return true;
}

// How much is decompressed at a time to find the columns.
constexpr std::size_t kHeadBytes = 4096;

// The first byte of stored results. The form before this one began with the number of a row, and
// these begin with 1.
constexpr char kResultForm = '\0';

// Before the number of a row that is one; numbers begin with 1.
constexpr std::uint64_t kDuplicateMark = 0;

std::unexpected<Error> other_form() {
  return fail(Errc::kStorageFailed,
              "results of this job were stored in the form of another version of the program; "
              "submit its list again");
}

bool skip_columns(std::string_view& in) {
  std::uint64_t complete = 0;
  std::uint64_t count = 0;
  if (!take_varint(in, complete) || !take_varint(in, count)) return false;
  std::string_view name;
  for (; count > 0; --count) {
    if (!take_field(in, name)) return false;
  }
  return true;
}

// False when they are not all there yet; nothing has been added then.
bool read_columns(std::string_view plain, ColumnSet& columns) {
  std::string_view whole = plain;
  if (!skip_columns(whole)) return false;
  std::uint64_t complete = 0;
  std::uint64_t count = 0;
  take_varint(plain, complete);
  take_varint(plain, count);
  std::string_view name;
  while (count-- > 0 && take_field(plain, name)) columns.add(name);
  if (complete == 0) columns.note_incomplete();
  return true;
}

Result<std::vector<InputRow>> unpack(std::string_view rest) {
  std::vector<InputRow> rows;
  while (!rest.empty()) {
    InputRow row;
    std::uint64_t number = 0;
    bool whole = take_varint(rest, number);
    row.duplicate = whole && number == kDuplicateMark;
    if (row.duplicate) whole = take_varint(rest, number);
    if (!whole || !take_string(rest, row.email) || !take_string(rest, row.id) ||
        !take_string(rest, row.data)) {
      return damaged("a row is cut short");
    }
    row.number = static_cast<std::int64_t>(number);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

void PackedRows::add(const InputRowView& row) {
  if (row.duplicate) append_varint(bytes_, kDuplicateMark);
  append_varint(bytes_, static_cast<std::uint64_t>(row.number));
  append_field(bytes_, row.email);
  append_field(bytes_, row.id);
  append_field(bytes_, row.data);
  ++count_;
}

std::string PackedRows::compressed() const { return compress(bytes_); }

std::vector<InputRow> PackedRows::unpacked() const { return *unpack(bytes_); }

std::string encode_rows(const std::vector<InputRow>& rows) {
  PackedRows packed;
  for (const InputRow& row : rows) packed.add(view_of(row));
  return packed.compressed();
}

Result<std::vector<InputRow>> decode_rows(std::string_view encoded) {
  TRY(plain, decompress(encoded));
  return unpack(plain);
}

std::string encode_results(const std::vector<ResultLine>& lines) {
  ColumnSet columns;
  std::size_t size = 0;
  for (const ResultLine& line : lines) {
    columns.add_data(data_of_record(line.record));
    size += line.record.size() + 8;
  }
  std::string plain;
  plain.reserve(size);
  plain.push_back(kResultForm);
  append_varint(plain, columns.complete() ? 1 : 0);
  append_varint(plain, columns.names().size());
  for (const std::string& name : columns.names()) append_field(plain, name);
  for (const ResultLine& line : lines) {
    append_varint(plain, static_cast<std::uint64_t>(line.number));
    append_field(plain, line.record);
  }
  return compress(plain);
}

Result<void> RecordList::add(std::string_view encoded) {
  TRY(plain, decompress(encoded));
  std::string_view rest = texts_.emplace_back(std::move(plain));
  if (!rest.starts_with(kResultForm)) return other_form();
  rest.remove_prefix(1);
  if (!skip_columns(rest)) return damaged("its columns are cut short");
  while (!rest.empty()) {
    std::uint64_t number = 0;
    std::string_view record;
    if (!take_varint(rest, number) || !take_field(rest, record)) {
      return damaged("a result is cut short");
    }
    records_.push_back({static_cast<std::int64_t>(number), record});
  }
  return {};
}

void RecordList::sort() {
  if (!std::ranges::is_sorted(records_, {}, &RecordView::number)) {
    std::ranges::sort(records_, {}, &RecordView::number);
  }
}

Result<void> decode_results(std::string_view encoded, std::vector<ResultLine>& lines) {
  RecordList list;
  TRY_VOID(list.add(encoded));
  for (const RecordView& view : list.records()) {
    lines.push_back({view.number, std::string(view.record)});
  }
  return {};
}

Result<void> decode_columns(std::string_view encoded, ColumnSet& columns) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  std::string plain;
  ZSTD_inBuffer in{encoded.data(), encoded.size(), 0};
  for (std::size_t hint = 1; hint != 0;) {
    const std::size_t before = plain.size();
    plain.resize(before + kHeadBytes);
    ZSTD_outBuffer out{plain.data() + before, kHeadBytes, 0};
    hint = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(hint)) return damaged("its columns cannot be read");
    plain.resize(before + out.pos);
    if (!plain.empty() && plain.front() != kResultForm) return other_form();
    if (!plain.empty() && read_columns(std::string_view(plain).substr(1), columns)) return {};
    if (out.pos == 0 && in.pos == in.size) break;
  }
  return damaged("its columns are cut short");
}

}  // namespace verihook::jobs
