#include "address/local_entries.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::address {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string mistake_in(std::string_view text) {
  const auto entries = parse_local_entries(text, "local.txt");
  EXPECT_FALSE(entries) << text;
  return entries ? "" : entries.error().message;
}

TEST(LocalEntries, AllowDenyAndSuppressInTheFormInWhichListsAreAsked) {
  const auto entries = parse_local_entries(
      "\xef\xbb\xbf# a byte order mark before it\n"
      "deny disposable Foo.Example\n"
      "  allow\tdisposable   bar.example  # asked for by sales\r\n"
      "deny role FrontDesk\n"
      "allow free B\xc3\xbc"
      "cher.example\n"
      "suppress \"Some.One\"@Example.COM\n"
      "deny suppressed example.org\n"
      "allow suppressed a#b@example.org #why\n"
      "suppress ru",
      "local.txt");
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_THAT(*entries, ElementsAre(LocalEntry{ListName::kDisposable, "foo.example", true},
                                    LocalEntry{ListName::kDisposable, "bar.example", false},
                                    LocalEntry{ListName::kRole, "frontdesk", true},
                                    LocalEntry{ListName::kFree, "xn--bcher-kva.example", false},
                                    LocalEntry{ListName::kSuppressed, "some.one@example.com", true},
                                    LocalEntry{ListName::kSuppressed, "example.org", true},
                                    LocalEntry{ListName::kSuppressed, "a#b@example.org", false},
                                    LocalEntry{ListName::kSuppressed, "ru", true}));
}

TEST(LocalEntries, OfAnEmptyFileAreNone) {
  EXPECT_TRUE(parse_local_entries("", "local.txt")->empty());
  EXPECT_TRUE(parse_local_entries("\n\n# nothing\n   \n", "local.txt")->empty());
}

TEST(LocalEntries, TellTheFileTheLineAndTheMistake) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"disposable foo.example", "local.txt:1: expected \"allow LIST ENTRY\""},
      {"\n\nblock disposable foo.example", "local.txt:3: expected \"allow LIST ENTRY\""},
      {"deny disposable", "local.txt:1: expected"},
      {"deny disposable a.example b.example", "local.txt:1: expected"},
      {"suppress", "local.txt:1: expected"},
      {"deny nice foo.example", "there is no list \"nice\"; there are disposable, free, role"},
      {"deny disposable foo..example", "\"foo..example\" is not a domain"},
      {"deny disposable [192.0.2.1]", "\"[192.0.2.1]\" is not a domain"},
      {"deny disposable *.example", "\"*.example\" is not a domain"},
      {"deny role in\"fo", "is not what stands before the @"},
      {"deny role info+x", "is not what stands before the @"},
      {"suppress a@@b.example", "local.txt:1: this is no address (RFC 5321 section 4.1.2"},
      {"deny free a.example\nallow free A.example", "local.txt:2: this contradicts line 1"},
  };
  for (const auto& [text, message] : rows)
    EXPECT_THAT(mistake_in(text), HasSubstr(message)) << text;
}

TEST(LocalEntries, TellTheFirstMistakeAndCountTheOthers) {
  EXPECT_THAT(mistake_in("deny\ndeny free x.example\nallow\nsuppress a b\n"),
              HasSubstr("local.txt:1: expected"));
  EXPECT_TRUE(mistake_in("deny\nallow\nsuppress a b\n").ends_with(" (and 2 more)"));
}

TEST(LocalEntries, NeverRepeatAnAddressInAMessage) {
  for (const auto* text : {"suppress who@@example.com", "deny free who@example.com",
                           "deny role who@example.com", "allow suppressed who@-example.com"}) {
    EXPECT_THAT(mistake_in(text), Not(HasSubstr("who"))) << text;
  }
}

TEST(LocalEntries, MayStandTwice) {
  EXPECT_EQ(parse_local_entries("deny free a.example\ndeny free A.EXAMPLE\n", "f")->size(), 1u);
}

TEST(ListName, HasANameThatIsReadBack) {
  for (std::size_t i = 0; i < kListNames; ++i) {
    const auto name = static_cast<ListName>(i);
    EXPECT_EQ(list_name_from(to_string(name)), name);
  }
  EXPECT_FALSE(list_name_from("nice"));
}

}  // namespace
}  // namespace verihook::address
