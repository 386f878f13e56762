// ListForm: the body with which a list is sent, made as it is read: a form with what was said about
// the list, then the file as it stands. Holds the beginning of the file and no more. One thread;
// reading waits for the file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "cli/options.h"

namespace verihook::cli {

class ListForm {
 public:
  // kNotFound when there is no such file, or it cannot be read; "-" is standard input.
  static Result<std::unique_ptr<ListForm>> open(const BulkOptions& options);
  ~ListForm();
  ListForm(const ListForm&) = delete;
  ListForm& operator=(const ListForm&) = delete;

  // The same for the same file and options, so that an Idempotency-Key knows the form again.
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }

  // The next bytes of the form, 0 at its end. kNotFound when the file cannot be read, kCancelled
  // when a signal came while waiting for it.
  Result<std::size_t> read(std::span<char> buffer);

  std::int64_t bytes_of_list() const { return bytes_of_list_; }

 private:
  ListForm(int file, std::string name) : file_(file), name_(std::move(name)) {}
  Result<std::size_t> read_file(std::span<char> buffer);
  void begin(const BulkOptions& options);
  void append_part(std::string_view name, std::string_view value);

  const int file_;
  const std::string name_;  // as the user gave it
  std::string boundary_;
  std::string ready_;  // of the form, not given out yet
  bool file_ended_ = false;
  bool closed_ = false;  // its last line is in ready_
  std::int64_t bytes_of_list_ = 0;
};

}  // namespace verihook::cli
