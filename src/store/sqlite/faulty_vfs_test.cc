#include "store/sqlite/faulty_vfs.h"

#include <utility>

namespace verihook::store::sqlite {
namespace {

// What SQLite holds as a file of this layer; the real file's bytes follow it.
struct File {
  sqlite3_file base;
  FaultyVfs* owner;
  bool is_database;  // not its log

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }
FaultyVfs& owner(sqlite3_file* file) { return *reinterpret_cast<File*>(file)->owner; }
sqlite3_vfs* system_vfs() { return sqlite3_vfs_find("unix"); }

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* to, int count, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), to, count, at);
}
int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
  const bool is_database = reinterpret_cast<File*>(file)->is_database;
  if (owner(file).writes_fail) return SQLITE_IOERR_WRITE;
  if (owner(file).checkpoints_fail && is_database) return SQLITE_IOERR_WRITE;
  sqlite3_int64 size = 0;
  if (const int code = real(file)->pMethods->xFileSize(real(file), &size)) return code;
  if (owner(file).disk_full && at + count > size) return SQLITE_FULL;
  return real(file)->pMethods->xWrite(real(file), from, count, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
  ++owner(file).syncs;
  if (owner(file).syncs_to_fail.fetch_sub(1) > 0) return SQLITE_IOERR_FSYNC;
  owner(file).syncs_to_fail = 0;
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

sqlite3_io_methods make_methods(int version) {
  return {.iVersion = version,
          .xClose = close_file,
          .xRead = read,
          .xWrite = write,
          .xTruncate = truncate,
          .xSync = sync,
          .xFileSize = file_size,
          .xLock = lock,
          .xUnlock = unlock,
          .xCheckReservedLock = check_reserved_lock,
          .xFileControl = control,
          .xSectorSize = sector_size,
          .xDeviceCharacteristics = characteristics,
          .xShmMap = version > 1 ? shm_map : nullptr,
          .xShmLock = version > 1 ? shm_lock : nullptr,
          .xShmBarrier = version > 1 ? shm_barrier : nullptr,
          .xShmUnmap = version > 1 ? shm_unmap : nullptr,
          .xFetch = nullptr,
          .xUnfetch = nullptr};
}

const sqlite3_io_methods kMethods = make_methods(2);
const sqlite3_io_methods kMethodsWithoutSharedMemory = make_methods(1);

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* opened = reinterpret_cast<File*>(file);
  opened->owner = static_cast<FaultyVfs*>(vfs->pAppData);
  opened->base.pMethods = nullptr;
  opened->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  const int code = system_vfs()->xOpen(system_vfs(), name, opened->real(), flags, out_flags);
  if (opened->real()->pMethods != nullptr) {
    opened->base.pMethods = opened->owner->shared_memory ? &kMethods : &kMethodsWithoutSharedMemory;
  }
  return code;
}

}  // namespace

FaultyVfs::FaultyVfs(std::string name) : name_(std::move(name)) {
  // All but the opening of files is the system's; what is copied here does not look at its
  // argument.
  vfs_ = *system_vfs();
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  sqlite3_vfs_register(&vfs_, 0);
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace verihook::store::sqlite
