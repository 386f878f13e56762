#include "address/current_lists.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

namespace verihook::address {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSummaryOctets = 19;  // "2026-11-23T21:51:11" of an ISO 8601 time

std::unexpected<Error> failed(std::string_view what, const std::string& path, int error) {
  const Errc code = error == ENOENT                      ? Errc::kNotFound
                    : error == ENOSPC || error == EDQUOT ? Errc::kStorageFull
                                                         : Errc::kForbidden;
  return fail(code, fmt::format("{}: {}: {}", path, what, std::generic_category().message(error)));
}

Result<std::string> read_file(const std::string& path, std::size_t octets_max) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return failed("cannot be read", path, error.value());
  if (size > octets_max) {
    return fail(Errc::kTooLarge, fmt::format("{}: has {} octets, more than the limit of {}", path,
                                             size, octets_max));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) return failed("cannot be read", path, EACCES);
  return text;
}

// The operator's lines have no version but the time at which they were written.
std::string version_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return "local";
  const auto time = from_unix_ms(std::int64_t{status.st_mtim.tv_sec} * 1'000);
  return fmt::format("local@{}Z", to_iso8601(time).substr(0, kSummaryOctets));
}

Result<void> write_and_rename(const std::string& path, std::string_view text) {
  constexpr mode_t kMode = 0644;  // nothing in it is secret, and the server may be another user
  std::string name = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open()) return failed("cannot be written", path, errno);
  if (!write_fully(file.get(), text) || ::fchmod(file.get(), kMode) != 0 ||
      ::fsync(file.get()) != 0 || ::rename(name.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(name.c_str());
    return failed("cannot be written", path, error);
  }
  if (!sync_folder(fs::path(path).parent_path())) {
    return failed("cannot be made durable", path, errno);
  }
  return {};
}

Result<std::shared_ptr<const Lists>> named(Result<std::shared_ptr<const Lists>> lists,
                                           const std::string& path) {
  if (!lists) lists.error().message = fmt::format("{}: {}", path, lists.error().message);
  return lists;
}

}  // namespace

Result<std::shared_ptr<const Lists>> load_lists(const ListFiles& files, std::string_view built_in) {
  const ListLimits limits;
  std::string text;
  if (files.compiled.empty()) {
    text = built_in;
  } else {
    TRY(read, read_file(files.compiled, limits.text_octets_max));
    text = std::move(read);
  }
  LocalEntries local;
  if (!files.local.empty()) {
    local.source = version_of(files.local);
    TRY(lines, read_file(files.local, limits.text_octets_max));
    TRY(entries, parse_local_entries(lines, files.local));
    local.entries = std::move(entries);
  }
  return named(Lists::load(std::move(text), std::move(local), limits),
               files.compiled.empty() ? "the built-in lists" : files.compiled);
}

Result<std::shared_ptr<const Lists>> install_lists(const std::string& path, std::string text) {
  TRY(lists, Lists::load(text));
  if (lists->versions().empty()) {
    return fail(Errc::kInvalidArgument, "there is no list in the file; compile the lists again");
  }
  if (const auto folder = fs::path(path).parent_path(); !folder.empty()) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return failed("its folder cannot be made", path, error.value());
  }
  TRY_VOID(write_and_rename(path, text));
  return lists;
}

Result<std::unique_ptr<CurrentLists>> CurrentLists::load(ListFiles files,
                                                         std::string_view built_in) {
  std::unique_ptr<CurrentLists> current(new CurrentLists(std::move(files), built_in));
  // Taken before the files are read: what changes meanwhile is read again.
  current->read_ = current->seen_ = current->versions();
  TRY(lists, current->read());
  current->lists_ = std::move(lists);
  return current;
}

bool CurrentLists::look() {
  const Versions now = versions();
  const bool settled = now == std::exchange(seen_, now);
  if (!settled || now == read_) return false;
  // Remembered also when it turns out bad: it is tried, and complained about, once.
  read_ = now;
  return true;
}

bool CurrentLists::take(Result<std::shared_ptr<const Lists>> read) {
  if (!read) {
    log_error("the changed lists cannot be used, the old ones stay",
              {{"reason", read.error().message}});
    return false;
  }
  lists_ = *std::move(read);
  std::size_t entries = 0;
  for (const auto& version : lists_->versions()) entries += version.entries;
  log_info("the lists were read again", {{"entries", static_cast<long long>(entries)}});
  return true;
}

CurrentLists::Versions CurrentLists::versions() const {
  const auto version = [](const std::string& path) -> FileVersion {
    struct stat status{};
    if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_mtim.tv_sec * 1'000'000'000L + status.st_mtim.tv_nsec,
            status.st_size};
  };
  return {version(files_.compiled), version(files_.local)};
}

}  // namespace verihook::address
