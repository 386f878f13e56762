// ResultStream: the results of a job in input order and in any format, as the pieces of a document.
// Works at any moment of a job's life; two chunks are rendered at once on the CPU pool, and no more
// than these and the one that is being sent are in memory. Lives on the io thread.
//
// A job that has ended gives the same bytes again and again, until an address in it is erased. So
// its document can be measured, and a range of it sent; the sizes of its chunks are remembered
// (DownloadMemory) so that skipping to the middle costs nothing the second time.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "async/task.h"
#include "jobs/result_filter.h"
#include "jobs/result_renderer.h"
#include "model/job.h"
#include "store/database.h"

namespace verihook::jobs {

struct ExportRequest {
  ExportFormat format{};
  ResultFilter filter{};
  bool unprocessed = false;  // rows without a result as not_attempted; for jobs that have ended

  // Two requests with the same text ask for the same document.
  std::string text() const;
};

// The sizes of the pieces of documents, the last few asked for. One io thread.
class DownloadMemory {
 public:
  using Sizes = std::vector<std::uint64_t>;

  std::shared_ptr<const Sizes> find(const std::string& document);
  void keep(const std::string& document, Sizes sizes);
  void forget(const std::string& document);

 private:
  struct Entry {
    std::string document;
    std::shared_ptr<const Sizes> sizes;
  };
  std::list<Entry> entries_;  // the last one used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_document_;
};

// A strong validator of the document: what it is made of, as an ETag without its quotation marks.
// Another one when an address was erased from the job, which makes another `content_version`.
std::string document_tag(const model::Job& job, std::int64_t content_version,
                         const ExportRequest& request);
// The tag of the document as it is stored now; empty while the job has not ended, because then the
// document is another one at any moment.
Task<Result<std::string>> find_document_tag(store::Database& database, const model::Job& job,
                                            const ExportRequest& request);

class ResultStream {
 public:
  // `cpu_pool` may be null (simulations).
  ResultStream(store::Database& database, asio::thread_pool* cpu_pool, model::Job job,
               ExportRequest request);
  // The document that has this tag, of which the sizes are remembered; not if the tag is empty.
  ResultStream(store::Database& database, asio::thread_pool* cpu_pool, model::Job job,
               ExportRequest request, DownloadMemory& memory, std::string tag);
  ~ResultStream();
  ResultStream(const ResultStream&) = delete;
  ResultStream& operator=(const ResultStream&) = delete;

  // The size of the whole document, when it is known already.
  std::optional<std::uint64_t> known_size();
  // The same, rendering the document where it is not. Only of a job that has ended.
  Task<Result<std::uint64_t>> measure();
  // Of the document only the bytes from `first` to `last`. The size must be known.
  void limit(std::uint64_t first, std::uint64_t last);

  // The next piece, empty at the end.
  Task<Result<std::string>> next();

 private:
  // A document's pieces: its head, one for each chunk, its tail.
  std::size_t piece_count() const { return static_cast<std::size_t>(job_.chunk_count) + 2; }
  Task<Result<void>> prepare();
  Task<Result<ColumnSet>> find_columns();
  Task<Result<std::int64_t>> first_chunk();
  // The piece that comes next; moves on.
  Task<Result<std::string>> render_next();
  Task<Result<std::string>> render(std::int64_t chunk) const;
  Task<void> render_into(std::int64_t chunk, Result<std::string>& rendered) const;
  Task<void> render_all();
  Task<void> render_ahead();
  Result<void> note_size(std::size_t piece, std::uint64_t size);

  store::Database& database_;
  asio::thread_pool* const cpu_pool_;
  const model::Job job_;
  const ExportRequest request_;
  DownloadMemory* const memory_;  // null when there is no document to remember
  const std::string document_;    // its tag
  std::optional<ResultRenderer> renderer_;
  std::int64_t first_chunk_ = 0;  // those before it hold nothing that is asked for

  std::size_t next_piece_ = 0;
  std::deque<Result<std::string>> ready_;  // rendered already, from the next piece on
  std::size_t chunk_bytes_ = 0;            // of the last one
  bool wrote_row_ = false;
  DownloadMemory::Sizes sizes_;  // of the pieces rendered so far, from the first one
  std::shared_ptr<const DownloadMemory::Sizes> known_;
  std::uint64_t position_ = 0;  // in the document, of the next piece
  std::uint64_t begin_ = 0;     // what is wanted of it
  std::uint64_t end_ = UINT64_MAX;
};

// One page of results as JSON objects.
struct ResultPage {
  std::vector<std::string> items;
  std::string next_cursor;  // empty: nothing follows
};
// `cursor` empty: from the beginning. A call looks at a limited number of chunks: a page may be
// short or empty and yet be followed by others. kInvalidArgument when the cursor is none of ours.
Task<Result<ResultPage>> find_result_page(store::Database& database, asio::thread_pool* cpu_pool,
                                          const model::Job& job, const ResultFilter& filter,
                                          std::string_view cursor, std::size_t limit);

}  // namespace verihook::jobs
