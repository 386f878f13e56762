#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "webhooks/payload.h"

namespace verihook::cli {
namespace {

constexpr auto kWindow = std::chrono::seconds{15};
constexpr std::size_t kSamplesMax = 256;
constexpr std::size_t kBarWidthMax = 30;
constexpr std::size_t kBarWidthMin = 8;
constexpr std::int64_t kSecondsLeftMax = 99 * 3600;

std::string bar(const Terminal& terminal, double part, std::size_t width) {
  const auto full = std::min(width, static_cast<std::size_t>(part * static_cast<double>(width)));
  std::string done;
  std::string open;
  for (std::size_t i = 0; i < full; ++i) done += terminal.unicode ? "█" : "#";
  for (std::size_t i = full; i < width; ++i) open += terminal.unicode ? "░" : "-";
  return paint(terminal, Colour::kGreen, done) + paint(terminal, Colour::kDim, open);
}

// A part of the line, as it is shown and as wide as it is.
struct Part {
  std::string text;
  std::size_t width;
};

Part plain(std::string text) {
  const std::size_t width = display_width(text);
  return {std::move(text), width};
}

Part counts(const Terminal& terminal, const Progress& progress) {
  const std::array<std::pair<std::string_view, std::int64_t>, 4> rows = {{
      {"valid", progress.valid},
      {"invalid", progress.invalid},
      {"risky", progress.risky},
      {"unknown", progress.unknown},
  }};
  Part part{"", 0};
  for (const auto& [name, count] : rows) {
    const std::string text = fmt::format("{} {}", with_thousands(count), name);
    if (part.width > 0) {
      part.text += "  ";
      part.width += 2;
    }
    part.text += paint(terminal, colour_of_status(name), text);
    part.width += text.size();
  }
  return part;
}

std::string time_left(const Progress& progress, double rate) {
  const double seconds = std::ceil(static_cast<double>(progress.total - progress.processed) / rate);
  if (seconds > static_cast<double>(kSecondsLeftMax)) return "";
  return clock_text(static_cast<std::int64_t>(seconds)) + " left";
}

// What the line has room for. It follows from the total and the terminal alone, so that the bar
// keeps its length while the numbers beside it grow.
struct Layout {
  std::size_t bar_width;
  bool counts;
};

Layout layout_of(const Terminal& terminal, std::int64_t total) {
  const std::size_t digits = with_thousands(total).size();
  const std::size_t numbers = 2 + 7 + 2 + (2 * digits + 3) + 2 + 10 + 2 + 10;
  const std::size_t for_counts =
      2 + 4 * digits + std::string_view(" valid  invalid  risky  unknown").size() + 6;
  const auto room = static_cast<std::size_t>(terminal.width - 1);
  const bool counts = numbers + for_counts + kBarWidthMin <= room;
  const std::size_t taken = numbers + (counts ? for_counts : 0);
  const std::size_t spare = room > taken ? room - taken : 0;
  return {std::clamp(spare, kBarWidthMin, kBarWidthMax), counts};
}

}  // namespace

void RateMeter::note(MonotonicTime now, std::int64_t processed) {
  if (!samples_.empty() && processed == samples_.back().processed && samples_.size() > 1) {
    samples_.back().at =
        now;  // standing still: the newest sample grows old no faster than the rest
  } else {
    samples_.push_back({now, processed});
  }
  while (samples_.size() > 2 && (samples_.size() > kSamplesMax || now - samples_[1].at > kWindow)) {
    samples_.pop_front();
  }
}

std::optional<double> RateMeter::per_second() const {
  if (samples_.size() < 2) return std::nullopt;
  const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
  const auto rows = samples_.back().processed - samples_.front().processed;
  if (time.count() <= 0 || rows <= 0) return std::nullopt;
  return static_cast<double>(rows) / time.count();
}

std::string progress_line(const Terminal& terminal, const Progress& progress,
                          std::optional<double> rate) {
  const double percent = webhooks::percent_complete(progress.processed, progress.total);
  const Layout layout = layout_of(terminal, progress.total);
  // In the order in which they stand; those that do not fit are dropped from the end.
  std::vector<Part> parts = {
      plain(fmt::format("{:5.1f} %", percent)),
      plain(fmt::format("{} / {}", with_thousands(progress.processed),
                        with_thousands(progress.total))),
  };
  if (rate && *rate > 0 && progress.processed < progress.total) {
    if (auto left = time_left(progress, *rate); !left.empty()) {
      parts.push_back(plain(std::move(left)));
    }
  }
  if (rate) {
    parts.push_back(plain(with_thousands(static_cast<std::int64_t>(std::llround(*rate))) + "/s"));
  }
  if (layout.counts) parts.push_back(counts(terminal, progress));

  const auto room = static_cast<std::size_t>(terminal.width - 1);
  const auto width_of = [&] {
    std::size_t width = layout.bar_width;
    for (const Part& part : parts) width += 2 + part.width;
    return width;
  };
  while (parts.size() > 1 && width_of() > room) parts.pop_back();
  std::string line = bar(terminal, percent / 100, layout.bar_width);
  for (const Part& part : parts) line += "  " + part.text;
  return line;
}

}  // namespace verihook::cli
