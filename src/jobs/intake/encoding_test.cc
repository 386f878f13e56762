#include "jobs/intake/encoding.h"

#include <gmock/gmock.h>

namespace verihook::jobs {
namespace {

using ::testing::HasSubstr;
using namespace std::string_view_literals;

TEST(Encoding, LeavesTheMarkOfUtf8Out) {
  EXPECT_EQ(check_start("\xef\xbb\xbf"
                        "a@x.test")
                .value(),
            3u);
  EXPECT_EQ(check_start("a@x.test").value(), 0u);
  EXPECT_EQ(check_start("").value(), 0u);
}

TEST(Encoding, SaysWhatAListIsThatIsNoText) {
  const std::vector<std::pair<std::string_view, std::string>> cases = {
      {"\xff\xfe"
       "a\0"sv,
       "UTF-16"},
      {"\xfe\xff\0a"sv, "UTF-16"},
      {"\xff\xfe\0\0"sv, "UTF-32"},
      {"\0\0\xfe\xff"sv, "UTF-32"},
      {"a\0@\0x\0.\0"sv, "UTF-16"},
      {"PK\x03\x04", "Excel"},
      {"\xd0\xcf\x11\xe0", "Excel"},
      {"%PDF-1.7", "PDF"},
      {"BZh91AY", "bzip2"},
  };
  for (const auto& [start, expected] : cases) {
    const auto checked = check_start(start);
    ASSERT_FALSE(checked) << expected;
    EXPECT_THAT(checked.error().message, HasSubstr(expected));
    EXPECT_THAT(checked.error().message, HasSubstr("UTF-8"));
  }
}

TEST(Encoding, JudgesEntriesOneByOne) {
  EncodingWatch watch;
  EXPECT_FALSE(watch.look("plain ascii of some length"));
  EXPECT_FALSE(watch.look("gr\xc3\xbc\xc3\x9f@x.test"));
  EXPECT_EQ(watch.look("nul\0nul\0nul"sv), Rejection::kNulByte);
  EXPECT_EQ(watch.look("12345678\0"sv), Rejection::kNulByte);
  EXPECT_EQ(watch.look("1234567\xe9 9"), Rejection::kNotUtf8);
}

TEST(Encoding, JudgesTheListWhenManyEntriesAreNoUtf8AndNoneIs) {
  EncodingWatch latin;
  EncodingWatch mixed;
  mixed.look("\xc3\xa9");
  for (int i = 0; i < 99; ++i) {
    latin.look("\xe9");
    mixed.look("\xe9");
  }
  EXPECT_TRUE(latin.verdict());
  latin.look("\xe9");
  mixed.look("\xe9");
  EXPECT_FALSE(latin.verdict());
  EXPECT_TRUE(mixed.verdict());
}

TEST(Encoding, MakesExcerptsThatAreTextWhateverTheyAreOf) {
  EXPECT_EQ(excerpt_of("a\tb\x7f"), "a?b?");
  EXPECT_EQ(excerpt_of("caf\xe9"), "caf?");
  std::string long_text(79, 'x');
  EXPECT_EQ(excerpt_of(long_text + "\xc3\xa9tail"), long_text);
}

}  // namespace
}  // namespace verihook::jobs
