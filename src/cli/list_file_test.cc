#include "cli/list_file.h"

#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

TEST(ListFile, KnowsTheFormatByNameThenByContent) {
  struct Row {
    std::string_view name;
    std::string_view text;
    std::string_view ending;
  };
  const Row rows[] = {
      {"a.CSV", "", ".csv"},
      {"a.csv.gz", "", ".csv"},
      {"a.jsonl", "", ".ndjson"},
      {"a.json", "", ".json"},
      {"a.txt", "x,y", ".txt"},
      {"-", " [\"a@b.test\"]", ".json"},
      {"-", "{\"emails\":[\"a@b.test\"]}", ".json"},
      {"-", "{\n\"emails\":[]}", ".json"},
      {"-", "{\"email\":\"a@b.test\"}\n{\"email\":\"c@d.test\"}", ".ndjson"},
      {"list",
       "\xef\xbb\xbf"
       "email\na@b.test",
       ".csv"},
      {"list", "id,email\n1,a@b.test", ".csv"},
      {"list", "a@b.test\nc@d.test", ".txt"},
      {"list", "", ".txt"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(list_ending(row.name, row.text), row.ending) << row.name << ": " << row.text;
  }
}

}  // namespace
}  // namespace verihook::cli
