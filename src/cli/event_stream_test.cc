#include "cli/event_stream.h"

#include <vector>

#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

constexpr std::string_view kStream =
    ": connected\n\n"
    "event: request\nid: 7\ndata: {\"number\":7}\n\n"
    ": still here\n\n"
    "data:one\r\ndata: two\r\n\r\n"
    "event: nothing\n\n"
    "data\n\n"
    "event: unfinished\ndata: x\n";

std::vector<std::string> read(std::size_t piece_bytes) {
  std::vector<std::string> events;
  EventStream stream([&](StreamEvent event) { events.push_back(event.name + "=" + event.data); });
  for (std::size_t i = 0; i < kStream.size(); i += piece_bytes) {
    EXPECT_TRUE(stream.take(kStream.substr(i, piece_bytes)));
  }
  return events;
}

TEST(EventStream, GivesWholeEventsHoweverTheyAreSplit) {
  const std::vector<std::string> expected = {R"(request={"number":7})", "message=one\ntwo",
                                             "message="};
  for (std::size_t bytes = 1; bytes <= kStream.size(); ++bytes) EXPECT_EQ(read(bytes), expected);
}

TEST(EventStream, RefusesWhatHasNoEnd) {
  EventStream stream([](StreamEvent) { FAIL(); });
  bool taken = true;
  for (int i = 0; i < 20 && taken; ++i) taken = stream.take(std::string(1 << 20, 'x'));
  EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace verihook::cli
