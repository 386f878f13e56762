// Files: what the driver does to the file system before SQLite sees the path. Blocking.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace verihook::store::sqlite {

// Creates the folders that are missing, mode 0700, each on stable storage. kStorageFailed
// otherwise.
Result<void> make_folders(const std::filesystem::path& folder);
// Creates an empty file of mode 0600, or takes the rights of group and others from an existing one.
Result<void> make_private_file(const std::filesystem::path& file);
// What was made or renamed in the folder is there after a power cut. kStorageFailed otherwise.
Result<void> make_names_durable(const std::filesystem::path& folder);
// kUnsupported on NFS and SMB.
Result<void> refuse_network_file_system(const std::filesystem::path& folder);
// Takes the exclusive lock for as long as the returned descriptor is open; kConflict when another
// process has it.
Result<int> take_lock(const std::filesystem::path& file);

}  // namespace verihook::store::sqlite
