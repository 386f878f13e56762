#include "crypto/secret_box.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "crypto/encoding.h"
#include "crypto/hmac.h"

namespace verihook::crypto {

namespace {

// Key bytes on their way between the file and the box: wiped when they go out of scope.
struct KeyBytes {
  KeyBytes() = default;
  ~KeyBytes() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;

  std::array<std::byte, kAesKeyBytes> bytes{};
};

// A file that is gone again unless it was given its final name.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string name) : name_(std::move(name)) {}
  ~TemporaryFile() { ::unlink(name_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

std::unexpected<Error> system_failed(std::string_view what, const std::filesystem::path& file,
                                     int error) {
  const Errc code = error == ENOSPC || error == EDQUOT  ? Errc::kStorageFull
                    : error == EACCES || error == EPERM ? Errc::kForbidden
                                                        : Errc::kInternal;
  return fail(code, "The master key file " + file.string() + " cannot be " + std::string(what) +
                        ": " + std::generic_category().message(error) + ".");
}

// Up to out.size() bytes; the count, or -1 with errno set.
ssize_t read_fully(int descriptor, std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = ::read(descriptor, out.data() + done, out.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

Result<void> read_key(const std::filesystem::path& file, KeyBytes& key) {
  const FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.is_open()) {
    if (errno != ENOENT) return system_failed("opened", file, errno);
    return fail(Errc::kNotFound, "There is no master key file " + file.string() + ".");
  }
  struct stat status = {};
  if (::fstat(descriptor.get(), &status) != 0) return system_failed("read", file, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::kInvalidArgument,
                "The master key file " + file.string() + " is not a regular file.");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(Errc::kForbidden, "The master key file " + file.string() +
                                      " is open to other users; run chmod 600 on it.");
  }
  if (status.st_size != static_cast<off_t>(kAesKeyBytes)) {
    return fail(Errc::kInvalidArgument, "The master key file " + file.string() + " holds " +
                                            std::to_string(status.st_size) +
                                            " bytes instead of 32; restore it from a backup.");
  }
  const ssize_t count = read_fully(descriptor.get(), key.bytes);
  if (count < 0) return system_failed("read", file, errno);
  if (count != static_cast<ssize_t>(kAesKeyBytes)) return system_failed("read", file, EIO);
  return {};
}

// The key is written under a temporary name and linked to its own: link() refuses a name that
// exists, and no crash can leave a file with half a key behind.
Result<void> link_key(const std::filesystem::path& file, const KeyBytes& key, Random& random) {
  std::array<std::byte, 8> suffix;
  random.fill(suffix);
  const std::string name = file.string() + "." + hex_encode(suffix) + ".new";
  const FileDescriptor descriptor(
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!descriptor.is_open()) return system_failed("made", file, errno);
  const TemporaryFile temporary(name);
  if (::fchmod(descriptor.get(), S_IRUSR | S_IWUSR) != 0 ||
      !write_fully(descriptor.get(), std::span<const std::byte>(key.bytes)) ||
      ::fsync(descriptor.get()) != 0) {
    return system_failed("written", file, errno);
  }
  if (::link(name.c_str(), file.c_str()) != 0) {
    if (errno != EEXIST) return system_failed("made", file, errno);
    return fail(Errc::kConflict, "The master key file " + file.string() + " exists already.");
  }
  return {};
}

Result<void> write_key(const std::filesystem::path& file, const KeyBytes& key, Random& random) {
  if (const auto parent = file.parent_path(); !parent.empty()) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    if (error) return system_failed("made", file, error.value());
  }
  TRY_VOID(link_key(file, key, random));
  if (!sync_folder(file.parent_path())) return system_failed("made durable", file, errno);
  return {};
}

}  // namespace

SecretBox::SecretBox(AesKey key, Random& random) : random_(random) {
  std::ranges::copy(key, key_.begin());
}

SecretBox::~SecretBox() { OPENSSL_cleanse(key_.data(), key_.size()); }

Result<std::unique_ptr<SecretBox>> SecretBox::load(const std::filesystem::path& file,
                                                   Random& random) {
  KeyBytes key;
  TRY_VOID(read_key(file, key));
  return std::make_unique<SecretBox>(key.bytes, random);
}

Result<std::unique_ptr<SecretBox>> SecretBox::create(const std::filesystem::path& file,
                                                     Random& random) {
  KeyBytes key;
  random.fill(key.bytes);
  TRY_VOID(write_key(file, key, random));
  return std::make_unique<SecretBox>(key.bytes, random);
}

Result<std::unique_ptr<SecretBox>> SecretBox::load_or_create(const std::filesystem::path& file,
                                                             Random& random) {
  auto loaded = load(file, random);
  if (loaded || loaded.error().code != Errc::kNotFound) return loaded;
  auto created = create(file, random);
  if (created || created.error().code != Errc::kConflict) return created;
  return load(file, random);
}

Result<std::string> SecretBox::seal(std::string_view plaintext,
                                    std::string_view additional_data) const {
  return aes_gcm_seal(key_, plaintext, additional_data, random_);
}

Result<std::string> SecretBox::open(std::string_view sealed,
                                    std::string_view additional_data) const {
  return aes_gcm_open(key_, sealed, additional_data);
}

std::string SecretBox::keyed_hash(std::string_view purpose, std::string_view data) const {
  const std::string_view key(reinterpret_cast<const char*>(key_.data()), key_.size());
  const Mac derived = hmac_sha256(key, purpose);
  const std::string_view derived_key(reinterpret_cast<const char*>(derived.data()), derived.size());
  return hex_encode(hmac_sha256(derived_key, data));
}

std::string SecretBox::key_id() const {
  const std::string_view key(reinterpret_cast<const char*>(key_.data()), key_.size());
  const Mac mac = hmac_sha256(key, "verihook master key id");
  return hex_encode(std::span(mac).first(8));
}

}  // namespace verihook::crypto
