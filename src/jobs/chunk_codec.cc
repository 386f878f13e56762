#include "jobs/chunk_codec.h"

#include <zstd.h>

#include "base/text.h"

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

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void append_field(std::string& out, std::string_view field) {
  append_varint(out, field.size());
  out.append(field);
}

bool take_field(std::string_view& in, std::string& field) {
  std::uint64_t size = 0;
  if (!take_varint(in, size) || size > in.size()) return false;
  field.assign(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

}  // namespace

std::string encode_rows(const std::vector<InputRow>& rows) {
  std::string plain;
  for (const InputRow& row : rows) {
    append_varint(plain, static_cast<std::uint64_t>(row.number));
    append_field(plain, row.email);
    append_field(plain, row.id);
    append_field(plain, row.data);
  }
  return compress(plain);
}

Result<std::vector<InputRow>> decode_rows(std::string_view encoded) {
  TRY(plain, decompress(encoded));
  std::string_view rest = plain;
  std::vector<InputRow> rows;
  while (!rest.empty()) {
    InputRow row;
    std::uint64_t number = 0;
    if (!take_varint(rest, number) || !take_field(rest, row.email) || !take_field(rest, row.id) ||
        !take_field(rest, row.data)) {
      return damaged("a row is cut short");
    }
    row.number = static_cast<std::int64_t>(number);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string encode_results(const std::vector<ResultLine>& lines) {
  std::string plain;
  for (const ResultLine& line : lines) {
    plain.append(std::to_string(line.number)).push_back('\t');
    plain.append(line.json).push_back('\n');
  }
  return compress(plain);
}

Result<void> decode_results(std::string_view encoded, std::vector<ResultLine>& lines) {
  TRY(plain, decompress(encoded));
  std::string_view rest = plain;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto tab = rest.find('\t');
    if (end == rest.npos || tab == rest.npos || tab > end) return damaged("a result is cut short");
    const auto number = parse_u64(rest.substr(0, tab));
    if (!number) return damaged("a result has no row number");
    lines.push_back(
        {static_cast<std::int64_t>(*number), std::string(rest.substr(tab + 1, end - tab - 1))});
    rest.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace verihook::jobs
