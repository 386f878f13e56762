#include "destinations/result_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace verihook::destinations {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::size_t kTextBytesMax = 0xffff;
constexpr std::size_t kHeadBytes = 5;  // verdict, two lengths
constexpr int kOwnerOnly = 0600;

std::unexpected<Error> file_error(int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return fail(
      full ? Errc::kStorageFull : Errc::kBusy,
      "the temporary file of the results failed: " + std::generic_category().message(number));
}

// A file that never had a name, or (file systems that cannot do that) has lost it.
int open_nameless(const std::filesystem::path& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return file;
  std::string name = (folder / "results-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

void append_length(std::string& out, std::size_t length) {
  out += static_cast<char>(length & 0xff);
  out += static_cast<char>(length >> 8 & 0xff);
}

std::size_t length_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) |
         static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}

// Takes a row from the front of `bytes`; false when it is not all there.
bool take_row(std::string_view& bytes, model::ContactUpdate& row) {
  if (bytes.size() < kHeadBytes) return false;
  const std::size_t email = length_at(bytes, 1);
  const std::size_t reason = length_at(bytes, 3);
  if (bytes.size() < kHeadBytes + email + reason) return false;
  row.email_verified = bytes[0] != 0;
  row.email = bytes.substr(kHeadBytes, email);
  row.email_invalid_reason = bytes.substr(kHeadBytes + email, reason);
  bytes.remove_prefix(kHeadBytes + email + reason);
  return true;
}

}  // namespace

Result<std::unique_ptr<ResultFile>> ResultFile::create(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const int file = open_nameless(folder);
  if (file < 0) return file_error(errno);
  return std::unique_ptr<ResultFile>(new ResultFile(file));
}

ResultFile::~ResultFile() { ::close(file_); }

Result<void> ResultFile::append(const model::ContactUpdate& row) {
  if (row.email.size() > kTextBytesMax || row.email_invalid_reason.size() > kTextBytesMax) {
    return fail(Errc::kInvalidArgument, "a row of the results is too long");
  }
  pending_ += row.email_verified ? '\1' : '\0';
  append_length(pending_, row.email.size());
  append_length(pending_, row.email_invalid_reason.size());
  pending_ += row.email;
  pending_ += row.email_invalid_reason;
  ++rows_;
  if (pending_.size() < kBufferBytes) return {};
  return flush();
}

Result<void> ResultFile::seal() { return flush(); }

Result<void> ResultFile::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error(errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
    bytes_ += static_cast<std::uint64_t>(written);
  }
  pending_.clear();
  return {};
}

Result<void> ResultFile::read(std::size_t rows_max, const OnBatch& on_batch) const {
  std::vector<model::ContactUpdate> batch(rows_max);
  std::size_t in_batch = 0;
  std::string buffer;
  std::uint64_t at = 0;
  while (at < bytes_) {
    const std::size_t kept = buffer.size();
    buffer.resize(kept + kBufferBytes);
    const ssize_t got = ::pread(file_, buffer.data() + kept, kBufferBytes, static_cast<off_t>(at));
    const int error = errno;
    buffer.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got <= 0) return file_error(got < 0 ? error : EIO);
    at += static_cast<std::uint64_t>(got);
    std::string_view rest = buffer;
    while (take_row(rest, batch[in_batch])) {
      if (++in_batch < rows_max) continue;
      TRY_VOID(on_batch(batch));
      in_batch = 0;
    }
    buffer.erase(0, buffer.size() - rest.size());
  }
  if (!buffer.empty()) return fail(Errc::kInternal, "the temporary file of the results is cut off");
  if (in_batch == 0) return {};
  return on_batch(std::span(batch).first(in_batch));
}

}  // namespace verihook::destinations
