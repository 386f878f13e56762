#include "cli/list_form.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/list_file.h"
#include "crypto/encoding.h"
#include "crypto/sha256.h"

namespace verihook::cli {
namespace {

// Enough to tell what kind of list it is.
constexpr std::size_t kHeadBytes = 64 * 1024;

}  // namespace

Result<std::unique_ptr<ListForm>> ListForm::open(const BulkOptions& options) {
  const bool is_stdin = options.file == "-";
  const int file = is_stdin ? STDIN_FILENO : ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return fail(Errc::kNotFound,
                fmt::format("the file {} cannot be read: {}", options.file, std::strerror(errno)));
  }
  std::unique_ptr<ListForm> form(new ListForm(file, options.file));
  std::string head(kHeadBytes, '\0');
  std::size_t size = 0;
  while (size < head.size() && !form->file_ended_) {
    TRY(count, form->read_file(std::span(head).subspan(size)));
    size += count;
  }
  head.resize(size);
  // Of its own content, so that it stands in none by chance and is the same for the same list.
  const std::string digest = crypto::hex_encode(crypto::sha256(head));
  form->boundary_ = "verihook-" + digest.substr(0, 40);
  form->begin(options);
  form->ready_ += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"list{}\"\r\n\r\n",
      form->boundary_, list_ending(options.file, head));
  form->ready_ += head;
  return form;
}

ListForm::~ListForm() {
  if (file_ != STDIN_FILENO) ::close(file_);
}

void ListForm::begin(const BulkOptions& options) {
  append_part("name", options.name);
  if (options.no_smtp) append_part("smtp", "false");
  append_part("syntax", options.syntax);
  append_part("webhook_url", options.webhook_url);
  append_part("webhook_secret", options.webhook_secret);
}

void ListForm::append_part(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  ready_ += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                        boundary_, name, value);
}

Result<std::size_t> ListForm::read(std::span<char> buffer) {
  if (ready_.empty() && !file_ended_) {
    TRY(count, read_file(buffer));
    if (count > 0) return count;
  }
  if (file_ended_ && !closed_) {
    ready_ += fmt::format("\r\n--{}--\r\n", boundary_);
    closed_ = true;
  }
  const std::size_t size = std::min(ready_.size(), buffer.size());
  std::memcpy(buffer.data(), ready_.data(), size);
  ready_.erase(0, size);
  return size;
}

Result<std::size_t> ListForm::read_file(std::span<char> buffer) {
  const ssize_t count = ::read(file_, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) {
    return fail(Errc::kCancelled, "interrupted while the list was being read");
  }
  if (count < 0) {
    return fail(Errc::kNotFound,
                fmt::format("the file {} cannot be read: {}", name_, std::strerror(errno)));
  }
  file_ended_ = count == 0;
  bytes_of_list_ += count;
  return static_cast<std::size_t>(count);
}

}  // namespace verihook::cli
