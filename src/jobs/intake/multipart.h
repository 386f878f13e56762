// MultipartReader: a body of multipart/form-data (RFC 7578) in pieces cut anywhere. Fields are
// collected, up to a limit; the bytes of the file are handed on as they arrive. Pure; one thread.
// Memory: a header block or a field, and a piece.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace verihook::jobs {

class MultipartReader {
 public:
  struct Part {
    std::string name;
    std::string file_name;
    std::string content_type;
    bool is_file = false;  // it has a file name, or is called "file"
  };
  struct Handler {
    std::function<Result<void>(const Part&, std::string_view value)> on_field;
    std::function<Result<void>(const Part&)> on_file;  // once
    std::function<Result<void>(std::string_view)> on_file_data;
  };

  // `boundary` as the content type gives it.
  MultipartReader(std::string_view boundary, Handler handler);

  // kInvalidArgument when it is no multipart body, or has no or more than one file.
  Result<void> feed(std::string_view piece);
  Result<void> finish();

 private:
  enum class State {
    kPreamble,   // before the first boundary
    kAfterMark,  // behind a boundary: a line end, or the two dashes of the last
    kHeader,     // of a part
    kField,      // the value of a field
    kFile,       // the bytes of the file
    kEpilogue,   // behind the last boundary
  };

  // One step; false when more is needed.
  Result<bool> step();
  Result<bool> pass_mark();
  Result<bool> read_header();
  Result<bool> read_content();
  Result<void> take_content(std::string_view content, bool ended);

  const std::string mark_;  // CR LF -- boundary
  const Handler handler_;
  State state_ = State::kPreamble;
  std::string buffer_;
  std::string value_;
  Part part_;
  std::size_t parts_ = 0;
  bool saw_file_ = false;
};

// The parameter of a content type or content disposition, unquoted; empty when it is not there.
std::string header_parameter(std::string_view header, std::string_view name);

}  // namespace verihook::jobs
