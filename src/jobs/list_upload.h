// ListUpload: a body on its way from bytes to rows: a form is taken apart, compression undone, the
// encoding checked, the text read by the reader of its format, and every entry given to Intake as a
// row or as rejected. Holds no more than the first bytes, one piece and one entry. Any thread, one
// at a time; no I/O but Intake's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/intake.h"
#include "jobs/intake/bulk_request.h"
#include "jobs/intake/decompressor.h"
#include "jobs/intake/json_list.h"
#include "jobs/intake/list_sink.h"
#include "jobs/intake/multipart.h"

namespace verihook::jobs {

enum class ListFormat {
  kJson,    // {"emails":[…], …} or an array
  kNdjson,  // a JSON string or object a line
  kCsv,     // a table
  kText,    // an address a line
};
// By a content type, with or without parameters. kUnsupported names the types that are read; so it
// is when the type says that the text is in another encoding than UTF-8.
Result<ListFormat> format_of(std::string_view content_type);
// By the ending of a file's name, one for its compression left out. Nothing when it has none known.
std::optional<ListFormat> format_of_file(std::string_view file_name);

// What the headers of a request say about its body.
struct UploadHeaders {
  std::string_view content_type;      // a list's, or multipart/form-data
  std::string_view content_encoding;  // "", identity, gzip or zstd
};

struct UploadLimits {
  ListLimits entries{};
  DecompressorLimits decompressed{};
  std::int64_t emails_max = 100'000'000;
};

class ListUpload final : private ListSink {
 public:
  // `request` holds the parameters given beside the body; what a body says itself wins over them.
  // kUnsupported for what is not read here.
  static Result<std::unique_ptr<ListUpload>> create(const UploadHeaders& headers,
                                                    BulkRequest request, Intake& intake,
                                                    const UploadLimits& limits);

  // kInvalidArgument or kTooLarge says what is wrong with the whole list.
  Result<void> feed(std::string_view piece);
  Result<BulkRequest> finish();

 private:
  // Where bytes go once enough of the first have been seen to know.
  struct Start {
    std::string bytes;
    bool passed = false;
  };

  ListUpload(BulkRequest request, Intake& intake, const UploadLimits& limits)
      : request_(std::move(request)), intake_(intake), limits_(limits) {}
  MultipartReader::Handler form_handler();
  Result<void> start_file(const MultipartReader::Part& part);
  void start_list(ListFormat format);
  Result<void> take_file(std::string_view piece);
  Result<void> begin_file();
  Result<void> take_bytes(std::string_view piece);
  Result<void> take_text(std::string_view piece);
  Result<void> begin_text();
  void columns(std::vector<std::string> names) override;
  Result<void> row(const ListRow& row) override;
  void reject(RejectedEntry entry) override { intake_.reject(std::move(entry)); }
  // Good until the next row.
  std::string_view data_of(const ListRow& row);

  BulkRequest request_;
  Intake& intake_;
  const UploadLimits limits_;
  std::optional<Compression> announced_;  // by Content-Encoding
  std::optional<MultipartReader> form_;
  Start file_start_;
  std::unique_ptr<Decompressor> decompressor_;
  Start text_start_;
  std::unique_ptr<ListReader> reader_;
  const JsonList* json_ = nullptr;  // the reader, when the list is JSON
  // The columns in the order in which JavaScript lists members of these names.
  struct Column {
    std::size_t cell = 0;
    std::string key;  // quoted, with its colon
  };
  std::vector<Column> columns_;
  std::string data_;  // of the row at hand
};

}  // namespace verihook::jobs
