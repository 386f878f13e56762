#include "jobs/intake/multipart.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace verihook::jobs {
namespace {

constexpr std::size_t kHeaderBytesMax = 8 * 1024;
constexpr std::size_t kFieldBytesMax = 64 * 1024;
constexpr std::size_t kPartsMax = 64;
constexpr std::string_view kBlankLine = "\r\n\r\n";

std::unexpected<Error> refuse(std::string_view why) {
  return fail(Errc::kInvalidArgument, "the multipart body " + std::string(why));
}

std::string header_value(std::string_view head, std::string_view name) {
  for (const std::string_view line : split(head, '\n')) {
    const auto colon = line.find(':');
    if (colon == line.npos || !equals_ignoring_case(trim(line.substr(0, colon)), name)) continue;
    return std::string(trim(line.substr(colon + 1)));
  }
  return {};
}

}  // namespace

std::string header_parameter(std::string_view header, std::string_view name) {
  auto semicolon = header.find(';');
  while (semicolon != header.npos) {
    header.remove_prefix(semicolon + 1);
    const auto equals = header.find('=');
    if (equals == header.npos) return {};
    const bool wanted = equals_ignoring_case(trim(header.substr(0, equals)), name);
    header = trim(header.substr(equals + 1));
    std::string value;
    std::size_t end = 0;
    if (header.starts_with('"')) {
      for (end = 1; end < header.size() && header[end] != '"'; ++end) {
        // Browsers write a quotation mark as %22 and a backslash as itself.
        if (header[end] == '\\' && end + 1 < header.size() && header[end + 1] == '"') ++end;
        value.push_back(header[end]);
      }
    } else {
      end = std::min(header.find(';'), header.size());
      value = trim(header.substr(0, end));
    }
    if (wanted) return value;
    semicolon = header.find(';', end);
  }
  return {};
}

MultipartReader::MultipartReader(std::string_view boundary, Handler handler)
    : mark_("\r\n--" + std::string(boundary)), handler_(std::move(handler)) {
  // The first boundary may be the very beginning.
  buffer_ = "\r\n";
}

Result<void> MultipartReader::feed(std::string_view piece) {
  if (state_ == State::kEpilogue) return {};
  buffer_.append(piece);
  for (;;) {
    TRY(went_on, step());
    if (!went_on) return {};
  }
}

Result<void> MultipartReader::finish() {
  if (state_ != State::kEpilogue) return refuse("ends before its last boundary");
  if (!saw_file_) return refuse("has no file; give the list as the part \"file\"");
  return {};
}

Result<bool> MultipartReader::step() {
  switch (state_) {
    case State::kPreamble: {
      const auto at = buffer_.find(mark_);
      if (at == buffer_.npos) {
        if (buffer_.size() > kHeaderBytesMax) return refuse("does not begin with its boundary");
        return false;
      }
      buffer_.erase(0, at + mark_.size());
      state_ = State::kAfterMark;
      return true;
    }
    case State::kAfterMark:
      return pass_mark();
    case State::kHeader:
      return read_header();
    case State::kField:
    case State::kFile:
      return read_content();
    case State::kEpilogue:
      return false;
  }
  return false;
}

Result<bool> MultipartReader::pass_mark() {
  if (buffer_.size() < 2) return false;
  if (buffer_.starts_with("--")) {
    state_ = State::kEpilogue;
    buffer_ = {};
    return true;
  }
  // White space may follow a boundary (RFC 2046, section 5.1.1).
  const auto end = buffer_.find("\r\n");
  if (end == buffer_.npos && buffer_.size() < mark_.size() + kHeaderBytesMax) return false;
  if (end == buffer_.npos || !trim(std::string_view(buffer_).substr(0, end)).empty()) {
    return refuse("has something behind a boundary");
  }
  // The line end stays: a part without any header begins with the second half of a blank line.
  buffer_.erase(0, end);
  state_ = State::kHeader;
  return true;
}

Result<bool> MultipartReader::read_header() {
  const auto end = buffer_.find(kBlankLine);
  if (end == buffer_.npos) {
    if (buffer_.size() > kHeaderBytesMax) return refuse("has a part with very long headers");
    return false;
  }
  if (++parts_ > kPartsMax) return refuse("has too many parts");
  const std::string_view head = std::string_view(buffer_).substr(0, end);
  const std::string disposition = header_value(head, "Content-Disposition");
  part_ = {};
  part_.name = header_parameter(disposition, "name");
  part_.file_name = header_parameter(disposition, "filename");
  part_.content_type = header_value(head, "Content-Type");
  part_.is_file = !part_.file_name.empty() || part_.name == "file";
  buffer_.erase(0, end + kBlankLine.size());
  value_.clear();
  if (part_.is_file) {
    if (std::exchange(saw_file_, true)) return refuse("has more than one file");
    TRY_VOID(handler_.on_file(part_));
  }
  state_ = part_.is_file ? State::kFile : State::kField;
  return true;
}

Result<bool> MultipartReader::read_content() {
  const auto at = buffer_.find(mark_);
  if (at == buffer_.npos) {
    // The end may be the beginning of a boundary.
    if (buffer_.size() <= mark_.size()) return false;
    const std::size_t sure = buffer_.size() - mark_.size();
    TRY_VOID(take_content(std::string_view(buffer_).substr(0, sure), false));
    buffer_.erase(0, sure);
    return false;
  }
  TRY_VOID(take_content(std::string_view(buffer_).substr(0, at), true));
  buffer_.erase(0, at + mark_.size());
  state_ = State::kAfterMark;
  return true;
}

Result<void> MultipartReader::take_content(std::string_view content, bool ended) {
  if (part_.is_file) return handler_.on_file_data(content);
  if (value_.size() + content.size() > kFieldBytesMax) return refuse("has a very long field");
  value_.append(content);
  return ended ? handler_.on_field(part_, value_) : Result<void>();
}

}  // namespace verihook::jobs
