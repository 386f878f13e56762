#include "store/sqlite/files.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <system_error>
#include <unistd.h>

#include "base/file.h"

namespace verihook::store::sqlite {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what, const fs::path& path, int error) {
  const Errc code = error == ENOSPC || error == EDQUOT ? Errc::kStorageFull : Errc::kStorageFailed;
  return fail(code, what + " " + path.string() + ": " + std::generic_category().message(error));
}

fs::path folder_or_here(const fs::path& folder) { return folder.empty() ? fs::path(".") : folder; }

}  // namespace

Result<void> make_folders(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  const fs::path parent = folder.parent_path();
  if (parent != folder) TRY_VOID(make_folders(parent));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return failed("cannot create the folder", folder, errno);
  }
  return make_names_durable(parent);
}

Result<void> make_private_file(const fs::path& file) {
  const FileDescriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made.is_open()) return {};
  if (errno != EEXIST) return failed("cannot create the file", file, errno);
  // Through its name: closing a descriptor of the database would drop SQLite's locks on it.
  struct stat status = {};
  if (::stat(file.c_str(), &status) != 0) return failed("cannot read the file", file, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::kInvalidArgument, file.string() + " is not a file; give the path of one");
  }
  if ((status.st_mode & 0077) != 0 && ::chmod(file.c_str(), status.st_mode & 0700) != 0) {
    return failed("cannot protect the file", file, errno);
  }
  return {};
}

Result<void> make_names_durable(const fs::path& folder) {
  if (!sync_folder(folder)) return failed("cannot sync the folder", folder_or_here(folder), errno);
  return {};
}

Result<void> refuse_network_file_system(const fs::path& folder) {
  // NFS, SMB, CIFS, SMB2: from linux/magic.h and the kernel's sources.
  constexpr std::array<std::uint32_t, 4> kNetworkTypes = {0x6969, 0x517b, 0xff534d42, 0xfe534d42};
  const fs::path path = folder_or_here(folder);
  struct statfs status = {};
  if (::statfs(path.c_str(), &status) != 0) return failed("cannot read the folder", path, errno);
  for (const std::uint32_t type : kNetworkTypes) {
    if (static_cast<std::uint32_t>(status.f_type) == type) {
      return fail(Errc::kUnsupported,
                  path.string() +
                      " is on a network file system, which cannot keep the database's "
                      "promises; put store.url on a local disk");
    }
  }
  return {};
}

Result<int> take_lock(const fs::path& file) {
  FileDescriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!opened.is_open()) return failed("cannot open the lock file", file, errno);
  if (::flock(opened.get(), LOCK_EX | LOCK_NB) == 0) return opened.release();
  if (errno != EWOULDBLOCK) return failed("cannot lock the file", file, errno);
  return fail(Errc::kConflict, "another process uses this database (it holds " + file.string() +
                                   "); stop it, or give store.url another path");
}

}  // namespace verihook::store::sqlite
