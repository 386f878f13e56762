// For tests of readers: a sink that writes down what it is told, and a reader fed in pieces.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "jobs/intake/list_sink.h"

namespace verihook::jobs::testing {

class WrittenDown final : public ListSink {
 public:
  void columns(std::vector<std::string> names) override {
    lines.push_back(fmt::format("columns {}", fmt::join(names, "|")));
  }
  Result<void> row(const ListRow& row) override {
    std::string line = fmt::format("{} <{}>", row.number, row.email);
    if (!row.id.empty()) line += fmt::format(" id={}", row.id);
    if (!row.data.empty()) line += fmt::format(" {}", row.data);
    if (!row.cells.empty()) line += fmt::format(" [{}]", fmt::join(row.cells, "|"));
    lines.push_back(line);
    return {};
  }
  void reject(RejectedEntry entry) override {
    lines.push_back(fmt::format("{} rejected in line {}: {} \"{}\"", entry.number, entry.line,
                                to_string(entry.reason), entry.excerpt));
  }

  std::vector<std::string> lines;
};

using MakeReader = std::function<std::unique_ptr<ListReader>(ListSink&)>;

inline Result<void> feed_in(ListReader& reader, std::string_view text,
                            const std::vector<std::size_t>& cuts) {
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    // Memory of exactly this size, so that the sanitizer sees a step beyond it.
    const std::vector<char> piece(text.begin() + static_cast<std::ptrdiff_t>(from),
                                  text.begin() + static_cast<std::ptrdiff_t>(cut));
    TRY_VOID(reader.feed({piece.data(), piece.size()}));
    from = cut;
  }
  TRY_VOID(reader.feed(text.substr(from)));
  return reader.finish();
}

// What came of a list, the same for every way of cutting it in two and for single bytes.
inline std::vector<std::string> read_however_cut(std::string_view text, const MakeReader& make) {
  const auto read = [&](const std::vector<std::size_t>& cuts) {
    WrittenDown sink;
    const auto reader = make(sink);
    const auto done = feed_in(*reader, text, cuts);
    if (!done) sink.lines.push_back("error: " + done.error().message);
    return sink.lines;
  };
  const auto whole = read({});
  std::vector<std::size_t> every;
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    every.push_back(cut);
    EXPECT_EQ(read({cut}), whole) << "cut at " << cut;
  }
  EXPECT_EQ(read(every), whole) << "byte by byte";
  return whole;
}

}  // namespace verihook::jobs::testing
