#include "address/spellings.h"

#include <gtest/gtest.h>

namespace verihook::address {
namespace {

std::string erased(std::string_view email, std::string text) {
  Spellings(email).erase_from(text);
  return text;
}

TEST(Spellings, KnowsAnAddressHoweverItIsWritten) {
  const Spellings ann("Ann.B@Example.com");
  for (const char* text : {"ann.b@example.com", " ANN.B@EXAMPLE.COM ", "\"ann.b\"@example.com"}) {
    EXPECT_TRUE(ann.is(text)) << text;
  }
  for (const char* text : {"", "ann@example.com", "joann.b@example.com", "ann.b@example.com.au",
                           "ann.b+tag@example.com", "ann.b@example.com, x@y.test"}) {
    EXPECT_FALSE(ann.is(text)) << text;
  }
  EXPECT_TRUE(Spellings("ann@b\xc3\xbc"
                        "cher.example")
                  .is("ANN@xn--bcher-kva.example"));
  EXPECT_TRUE(Spellings("ann@xn--bcher-kva.example")
                  .is("ann@b\xc3\xbc"
                      "cher.example"));
}

TEST(Spellings, TakesItOutOfTextsInEverySpelling) {
  const char* const email = "ann+x@example.com";
  EXPECT_EQ(erased(email, R"({"email":"Ann+X@Example.COM","a":1})"),
            R"({"email":"[erased]","a":1})");
  EXPECT_EQ(erased(email, "https://x.test/?e=ann%2bx%40example.com&y=1"),
            "https://x.test/?e=[erased]&y=1");
  EXPECT_EQ(erased(email, "https://x.test/?e=ann+x%40Example.com"), "https://x.test/?e=[erased]");
  EXPECT_EQ(erased(email, R"({"e":"ann+x\u0040example.com"})"), R"({"e":"[erased]"})");
  EXPECT_EQ(erased(email, "550 5.1.1 <ann+x@example.com>: no; ann+x@example.com."),
            "550 5.1.1 <[erased]>: no; [erased].");
  EXPECT_EQ(erased(email, R"("line one\nann+x@example.com")"), R"("line one\n[erased]")");
  EXPECT_EQ(erased(email, "mailto%3Aann%2Bx%40example.com"), "mailto%3A[erased]");
  EXPECT_EQ(erased("ann@b\xc3\xbc"
                   "cher.example",
                   "ann@xn--bcher-kva.example ann@b\xc3\xbc"
                   "cher.example "
                   R"(ann@b\u00fccher.example ann%40b%C3%BCcher.example)"),
            "[erased] [erased] [erased] [erased]");
  EXPECT_EQ(erased("j\xc3\xb6rg@example.com", R"({"e":"j\u00F6rg@example.com"})"),
            R"({"e":"[erased]"})");
}

TEST(Spellings, LeavesAddressesOfWhichItIsOnlyAPart) {
  const Spellings ann("ann@example.com");
  for (std::string text : {"joann@example.com", "jo.ann@example.com", "x+ann@example.com",
                           "ann@example.com.au", "ann@example.community", "ann@example.com-x.test",
                           "ann@sub.example.com", "ann", "example.com", "%61ann@example.com",
                           "j\xc3\xb6"
                           "ann@example.com"}) {
    EXPECT_FALSE(ann.occurs_in(text)) << text;
    const std::string before = text;
    EXPECT_EQ(ann.erase_from(text), 0u);
    EXPECT_EQ(text, before);
  }
}

TEST(Spellings, WhatIsNoAddressIsNowhere) {
  const Spellings none("no address");
  EXPECT_FALSE(none.occurs_in("no address"));
  EXPECT_TRUE(none.is("no address"));
  const Spellings odd("a@@b");
  EXPECT_TRUE(odd.occurs_in("x a@@b y"));
}

TEST(Spellings, WhatWasErasedIsNotFoundAgain) {
  std::string text = "ann@example.com,ann@example.com";
  const Spellings ann("ann@example.com");
  EXPECT_EQ(ann.erase_from(text), 2u);
  EXPECT_EQ(text, "[erased],[erased]");
  EXPECT_FALSE(ann.occurs_in(text));
}

}  // namespace
}  // namespace verihook::address
