#include "app/host_facts.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "crypto/secret_box.h"

namespace verihook::app {
namespace {

constexpr std::string_view kSqliteMagic = "SQLite format 3";

Error denied(const std::filesystem::path& path, std::string_view what) {
  return {Errc::kForbidden, fmt::format("{} cannot be {}: {}", path.string(), what,
                                        std::generic_category().message(errno))};
}

// The folder, or the nearest one above that is there already.
std::filesystem::path existing_part(std::filesystem::path folder) {
  std::error_code ignored;
  if (folder.empty()) return ".";
  while (!std::filesystem::exists(folder, ignored) && folder.has_parent_path() &&
         folder.parent_path() != folder) {
    folder = folder.parent_path();
  }
  return std::filesystem::exists(folder, ignored) ? folder : ".";
}

// How long it takes until a few bytes are on stable storage. The file loses its name before
// anything is written, so that nothing is left behind whatever happens.
Result<Milliseconds> flush_time(const std::filesystem::path& folder, const Clock& clock) {
  constexpr std::array<char, 4096> kBytes{};
  const std::string name = (folder / fmt::format(".verihook-{}.tmp", ::getpid())).string();
  const int file = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return std::unexpected(denied(folder, "written to"));
  ::unlink(name.c_str());
  const MonotonicTime began = clock.monotonic_now();
  const bool done =
      ::write(file, kBytes.data(), kBytes.size()) == std::ssize(kBytes) && ::fdatasync(file) == 0;
  const Error error = denied(folder, "written to");
  ::close(file);
  if (!done) return std::unexpected(error);
  return std::chrono::ceil<Milliseconds>(clock.monotonic_now() - began);
}

Result<void> check_database(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return {};  // made at the first start
  if (::access(file.c_str(), R_OK | W_OK) != 0) {
    return std::unexpected(denied(file, "read and written"));
  }
  std::string magic(kSqliteMagic.size(), '\0');
  std::ifstream(file, std::ios::binary).read(magic.data(), std::ssize(magic));
  if (std::filesystem::file_size(file, ignored) == 0 || magic == kSqliteMagic) return {};
  return fail(Errc::kConflict, fmt::format("{} is not a SQLite database", file.string()));
}

void look_at_store(const std::string& store_file, const Clock& clock,
                   verification::HostFacts& facts) {
  const std::filesystem::path folder =
      existing_part(std::filesystem::path(store_file).parent_path());
  facts.store_folder = folder.string();
  const auto sound = check_database(store_file);
  const auto flushed = flush_time(folder, clock);
  if (!sound) {
    facts.store_failure = sound.error();
  } else if (!flushed) {
    facts.store_failure = flushed.error();
  } else {
    facts.flush_time = *flushed;
  }
  struct statvfs status = {};
  if (::statvfs(folder.c_str(), &status) == 0) {
    facts.free_bytes = std::uint64_t{status.f_bavail} * status.f_frsize;
  }
}

}  // namespace

verification::HostFacts gather_host_facts(const HostQuestions& questions, const Clock& clock,
                                          Random& random) {
  verification::HostFacts facts;
  facts.wall = clock.wall_now();
  if (!questions.store_file.empty()) look_at_store(questions.store_file, clock, facts);
  facts.master_key_file = questions.master_key_file;
  if (const auto key = crypto::SecretBox::load(questions.master_key_file, random); !key) {
    facts.master_key_failure = key.error();
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.descriptors_max = limit.rlim_cur;
  facts.descriptors_wanted = questions.descriptors_wanted;
  return facts;
}

}  // namespace verihook::app
