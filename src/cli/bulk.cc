// `verihook bulk`: submit a list, watch the job, fetch the results.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/percent.h"
#include "base/text.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/job_watch.h"
#include "cli/list_form.h"
#include "cli/result_view.h"

namespace verihook::cli {
namespace {

namespace json = boost::json;

// Where results go: a file that takes its name only when it is complete, or standard output.
class ResultFile {
 public:
  static Result<std::unique_ptr<ResultFile>> open(const std::string& path) {
    std::unique_ptr<ResultFile> file(new ResultFile(path));
    if (path == "-") {
      file->stream_ = stdout;
      return file;
    }
    file->stream_ = std::fopen(file->partial().c_str(), "wb");
    if (file->stream_ == nullptr) return fail(Errc::kForbidden, file->complaint());
    return file;
  }
  ~ResultFile() {
    if (stream_ == nullptr || stream_ == stdout) return;
    std::fclose(stream_);
    std::remove(partial().c_str());
  }
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  bool write(std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), stream_) == text.size();
  }

  Result<void> finish() {
    bool good = std::fflush(stream_) == 0;
    if (stream_ != stdout) {
      good = std::fclose(std::exchange(stream_, nullptr)) == 0 && good;
      good = good && std::rename(partial().c_str(), path_.c_str()) == 0;
    }
    if (!good) return fail(Errc::kStorageFull, complaint());
    return {};
  }

  std::string complaint() const {
    return fmt::format("{} cannot be written: {}", path_, std::strerror(errno));
  }

 private:
  explicit ResultFile(std::string path) : path_(std::move(path)) {}
  std::string partial() const { return path_ + ".part"; }

  const std::string path_;
  std::FILE* stream_ = nullptr;
};

DownloadFormat format_of(const BulkOptions& options) {
  if (options.format) return *options.format;
  const std::string name = to_lower(options.out.value_or(""));
  if (name.ends_with(".csv")) return DownloadFormat::kCsv;
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) return DownloadFormat::kNdjson;
  return DownloadFormat::kJson;
}

std::string_view name_of(DownloadFormat format) {
  switch (format) {
    case DownloadFormat::kJson:
      return "json";
    case DownloadFormat::kNdjson:
      return "ndjson";
    case DownloadFormat::kCsv:
      return "csv";
  }
  return "";
}

Task<Result<void>> download(ApiClient& client, const BulkOptions& options,
                            const std::string& job_id) {
  CO_TRY(file, ResultFile::open(*options.out));
  const std::string path = fmt::format("/v1/bulk/download/{}?partial=true&format={}",
                                       percent_encoded(job_id), name_of(format_of(options)));
  bool written = true;
  CO_TRY_VOID(co_await client.download(path, [&](std::string_view piece) {
    written = file->write(piece);
    return written;
  }));
  if (!written) co_return fail(Errc::kStorageFull, file->complaint());
  co_return file->finish();
}

// What goes to standard output may be read by a program, so people are told on standard error then.
Channel channel_for_people(const BulkOptions& options) {
  return options.out == "-" ? Channel::kError : Channel::kOut;
}

Task<Result<int>> watch(ApiClient& client, ClientSession& session, const BulkOptions& options,
                        const std::string& job_id) {
  StatusLine status(Channel::kError);
  JobWatch job_watch(client, session.timers(), status);
  auto watched = co_await job_watch.until_final(job_id);
  status.clear();
  CO_TRY(job, std::move(watched));
  const std::string state = text_of(job, "status");
  if (options.out) CO_TRY_VOID(co_await download(client, options, job_id));
  const Channel channel = channel_for_people(options);
  const Terminal terminal = terminal_of(channel);
  std::string text =
      fmt::format("{} {}\n", job_id, paint(terminal, colour_of_status(state), state));
  if (const auto* summary = job.if_contains("summary"); summary && summary->is_object()) {
    text += summary_table(terminal, summary->get_object());
  }
  if (options.out && options.out != "-") text += fmt::format("results in {}\n", *options.out);
  write(channel, text);
  if (state == "completed") co_return kDone;
  std::string why = printable(text_of(job, "error_message"));
  if (why.empty()) why = "it ended before every address was looked at";
  co_return fail(Errc::kInternal, fmt::format("the job {}: {}", state, why));
}

Task<Result<json::object>> submit(ApiClient& client, const BulkOptions& options, ListForm& form,
                                  StatusLine& status) {
  const auto source = [&](std::span<char> buffer) {
    status.show(fmt::format("sent {} bytes", with_thousands(form.bytes_of_list())));
    return form.read(buffer);
  };
  return client.upload("/v1/bulk/verify", source, form.content_type(), options.idempotency_key);
}

void announce(const json::object& job) {
  std::string also;
  if (const auto duplicates = number_of(job, "duplicates"); duplicates > 0) {
    also += fmt::format(", {} duplicates left out", with_thousands(duplicates));
  }
  if (const auto rejected = number_of(job, "rejected_count"); rejected > 0) {
    also += fmt::format(", {} lines rejected", with_thousands(rejected));
  }
  write(Channel::kError, fmt::format("{} accepted: {} addresses{}\n", text_of(job, "job_id"),
                                     with_thousands(number_of(job, "total")), also));
  if (const auto secret = text_of(job, "webhook_secret"); !secret.empty()) {
    write(Channel::kError, fmt::format("webhook secret, shown this once: {}\n", secret));
  }
}

std::string how_to_go_on(const BulkOptions& options, const std::string& job_id) {
  std::string command = fmt::format("verihook bulk --job {} --wait", job_id);
  if (options.out) command += " --out " + *options.out;
  return command;
}

Result<int> run_bulk(const BulkOptions& options) {
  ClientSession session;
  TRY(client, ApiClient::create(session.executor(), session.timers(), options.connection));
  std::string job_id = options.job_id;
  if (job_id.empty()) {
    TRY(form, ListForm::open(options));
    StatusLine status(Channel::kError);
    auto made = session.run(submit(*client, options, *form, status));
    status.clear();
    if (!made && made.error().code == Errc::kCancelled) {
      return fail(Errc::kCancelled, "interrupted before the server had accepted the list");
    }
    TRY(job, std::move(made));
    job_id = text_of(job, "job_id");
    announce(job);
  }
  const bool to_people = terminal_of(Channel::kOut).is_terminal;
  if (!options.wait && !options.out && !to_people) {
    write(Channel::kOut, job_id + "\n");
    return kDone;
  }
  auto code = session.run(watch(*client, session, options, job_id));
  if (!code && code.error().code == Errc::kCancelled) {
    return fail(Errc::kCancelled,
                fmt::format("interrupted; the job goes on at {}. To come back to it: {}",
                            client->server(), how_to_go_on(options, job_id)));
  }
  return code;
}

}  // namespace

int run(const BulkOptions& options) {
  const auto code = run_bulk(options);
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
