#include "jobs/list_upload.h"

#include <array>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/text.h"
#include "jobs/intake/csv_list.h"
#include "jobs/intake/encoding.h"
#include "jobs/intake/line_list.h"
#include "webhooks/canonical_json.h"
#include "webhooks/json_writer.h"

namespace verihook::jobs {
namespace {

constexpr std::array<std::pair<std::string_view, ListFormat>, 9> kTypes = {{
    {"application/json", ListFormat::kJson},
    {"application/x-ndjson", ListFormat::kNdjson},
    {"application/ndjson", ListFormat::kNdjson},
    {"application/jsonl", ListFormat::kNdjson},
    {"application/x-jsonlines", ListFormat::kNdjson},
    {"text/csv", ListFormat::kCsv},
    {"application/csv", ListFormat::kCsv},
    {"text/tab-separated-values", ListFormat::kCsv},
    {"text/plain", ListFormat::kText},
}};

constexpr std::array<std::pair<std::string_view, ListFormat>, 6> kEndings = {{
    {".csv", ListFormat::kCsv},
    {".tsv", ListFormat::kCsv},
    {".txt", ListFormat::kText},
    {".json", ListFormat::kJson},
    {".ndjson", ListFormat::kNdjson},
    {".jsonl", ListFormat::kNdjson},
}};

// The longest beginning of what decompressors and encodings are known by.
constexpr std::size_t kFileStartBytes = 4;

Result<std::optional<Compression>> compression_named(std::string_view encoding) {
  encoding = trim(encoding);
  if (encoding.empty() || equals_ignoring_case(encoding, "identity")) {
    return std::optional<Compression>();
  }
  if (equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip")) {
    return std::optional(Compression::kGzip);
  }
  if (equals_ignoring_case(encoding, "zstd")) return std::optional(Compression::kZstd);
  return fail(Errc::kUnsupported, "Content-Encoding may be gzip or zstd");
}

std::unique_ptr<ListReader> make_reader(ListFormat format, ListSink& sink, const ListLimits& limits,
                                        const std::string& email_column) {
  switch (format) {
    case ListFormat::kJson:
      return std::make_unique<JsonList>(sink, limits, email_column);
    case ListFormat::kNdjson:
      return std::make_unique<NdjsonList>(sink, limits, email_column);
    case ListFormat::kCsv:
      return std::make_unique<CsvList>(sink, limits, email_column);
    case ListFormat::kText:
      return std::make_unique<TextList>(sink, limits);
  }
  return nullptr;
}

}  // namespace

Result<ListFormat> format_of(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  const auto charset = header_parameter(content_type, "charset");
  const bool readable = charset.empty() || equals_ignoring_case(charset, "utf-8") ||
                        equals_ignoring_case(charset, "utf8") ||
                        equals_ignoring_case(charset, "us-ascii");
  if (!readable) {
    return fail(Errc::kUnsupported,
                "the list must be in UTF-8; save it as text in UTF-8 and send "
                "it again");
  }
  for (const auto& [known, format] : kTypes) {
    if (equals_ignoring_case(type, known)) return format;
  }
  return fail(Errc::kUnsupported,
              "send the list as Content-Type: application/json, application/x-ndjson, text/csv or "
              "text/plain");
}

std::optional<ListFormat> format_of_file(std::string_view file_name) {
  std::string name = to_lower(file_name);
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.resize(name.size() - packed.size());
  }
  for (const auto& [ending, format] : kEndings) {
    if (name.ends_with(ending)) return format;
  }
  return std::nullopt;
}

Result<std::unique_ptr<ListUpload>> ListUpload::create(const UploadHeaders& headers,
                                                       BulkRequest request, Intake& intake,
                                                       const UploadLimits& limits) {
  std::unique_ptr<ListUpload> upload(new ListUpload(std::move(request), intake, limits));
  TRY(announced, compression_named(headers.content_encoding));
  upload->announced_ = announced;
  const auto type = trim(headers.content_type.substr(0, headers.content_type.find(';')));
  if (!equals_ignoring_case(type, "multipart/form-data")) {
    TRY(format, format_of(headers.content_type));
    upload->start_list(format);
    return upload;
  }
  if (announced) {
    return fail(Errc::kUnsupported, "compress the file that stands in the form, not the form");
  }
  const std::string boundary = header_parameter(headers.content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) {
    return fail(Errc::kInvalidArgument, "the content type of a form must name its boundary");
  }
  upload->form_.emplace(boundary, upload->form_handler());
  return upload;
}

MultipartReader::Handler ListUpload::form_handler() {
  return {
      .on_field = [this](const MultipartReader::Part& part,
                         std::string_view value) -> Result<void> {
        if (reader_) {
          return fail(Errc::kInvalidArgument,
                      "the field \"" + part.name + "\" must stand before the file");
        }
        return read_parameter(part.name, value, request_);
      },
      .on_file = [this](const MultipartReader::Part& part) { return start_file(part); },
      .on_file_data = [this](std::string_view data) { return take_file(data); },
  };
}

Result<void> ListUpload::start_file(const MultipartReader::Part& part) {
  if (const auto format = format_of_file(part.file_name)) {
    start_list(*format);
    return {};
  }
  TRY(format, format_of(part.content_type));
  start_list(format);
  return {};
}

void ListUpload::start_list(ListFormat format) {
  reader_ = make_reader(format, *this, limits_.entries, request_.email_column);
  if (format == ListFormat::kJson) json_ = static_cast<const JsonList*>(reader_.get());
}

Result<void> ListUpload::feed(std::string_view piece) {
  return form_ ? form_->feed(piece) : take_file(piece);
}

Result<void> ListUpload::take_file(std::string_view piece) {
  if (file_start_.passed) return take_bytes(piece);
  file_start_.bytes.append(piece);
  return file_start_.bytes.size() < kFileStartBytes ? Result<void>() : begin_file();
}

Result<void> ListUpload::begin_file() {
  file_start_.passed = true;
  const auto compression = announced_ ? announced_ : compression_of(file_start_.bytes);
  if (compression) decompressor_ = Decompressor::make(*compression, limits_.decompressed);
  return take_bytes(std::exchange(file_start_.bytes, {}));
}

Result<void> ListUpload::take_bytes(std::string_view piece) {
  if (!decompressor_) return take_text(piece);
  return decompressor_->feed(piece, [this](std::string_view text) { return take_text(text); });
}

Result<void> ListUpload::take_text(std::string_view piece) {
  if (text_start_.passed) return reader_->feed(piece);
  text_start_.bytes.append(piece);
  return text_start_.bytes.size() < kStartBytes ? Result<void>() : begin_text();
}

Result<void> ListUpload::begin_text() {
  text_start_.passed = true;
  const std::string start = std::exchange(text_start_.bytes, {});
  TRY(mark_bytes, check_start(start));
  return reader_->feed(std::string_view(start).substr(mark_bytes));
}

Result<BulkRequest> ListUpload::finish() {
  if (form_) TRY_VOID(form_->finish());
  if (!file_start_.passed) TRY_VOID(begin_file());
  if (decompressor_) TRY_VOID(decompressor_->finish());
  if (!text_start_.passed) TRY_VOID(begin_text());
  TRY_VOID(reader_->finish());
  if (json_ != nullptr) TRY_VOID(read_members(json_->members(), request_));
  TRY_VOID(check_parameters(request_));
  return std::move(request_);
}

void ListUpload::columns(std::vector<std::string> names) {
  boost::json::object places;
  for (std::size_t cell = 0; cell < names.size(); ++cell) places.emplace(names[cell], cell);
  // The canonical text has them in order, and reading it keeps that.
  const auto ordered = boost::json::parse(webhooks::canonical(places));
  for (const auto& member : ordered.as_object()) {
    Column column{member.value().to_number<std::size_t>(), {}};
    webhooks::append_js_string(column.key, {member.key().data(), member.key().size()});
    column.key += ':';
    columns_.push_back(std::move(column));
  }
}

std::string_view ListUpload::data_of(const ListRow& row) {
  if (row.cells.empty()) return row.data;
  data_ = "{";
  for (const Column& column : columns_) {
    if (data_.size() > 1) data_ += ',';
    data_ += column.key;
    webhooks::append_js_string(data_, row.cells[column.cell]);
  }
  data_ += '}';
  return data_;
}

Result<void> ListUpload::row(const ListRow& row) {
  // The members of a JSON object may say it when the list is over.
  const bool may_be_told = json_ != nullptr && !json_->is_array();
  intake_.keep_duplicates(may_be_told || request_.options.duplicates == model::Duplicates::kMark);
  if (intake_.row_count() >= limits_.emails_max) {
    return fail(Errc::kTooLarge, "a job may have " + std::to_string(limits_.emails_max) +
                                     " addresses at most; split the list");
  }
  return intake_.add({row.number, row.email, row.id, data_of(row)});
}

}  // namespace verihook::jobs
