#include "address/lists.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "address/public_suffix.h"

namespace verihook::address {
namespace {

constexpr std::string_view kText =
    "verihook-lists 1\n"
    "list disposable throwaway@1.2.3 4\n"
    "throwaway.com\n"
    "mail.burner.co.uk\n"
    "com.ar\n"
    "xn--bcher-kva.com\n"
    "list free freemail@1.7.0 2\n"
    "gmail.com\n"
    "yahoo.com\n"
    "list free more-free@2.0.0 2\n"
    "gmail.com\n"
    "web.de\n"
    "list role own 2\n"
    "postmaster\n"
    "sales\n"
    "list alias_relay own 1\n"
    "relay.example-alias.com\n"
    "list popular own 3\n"
    "gmail.com\n"
    "yahoo.com\n"
    "hotmail.com\n";

std::shared_ptr<const Lists> loaded(std::vector<LocalEntry> local = {}) {
  auto lists = Lists::load(std::string(kText), {std::move(local)});
  EXPECT_TRUE(lists) << lists.error().message;
  return *lists;
}

TEST(Lists, SayWhichListAndSourceAHitCameFrom) {
  const auto lists = loaded();
  const auto hit = lists->disposable("throwaway.com").value();
  EXPECT_EQ(hit.list, ListName::kDisposable);
  EXPECT_EQ(hit.entry, "throwaway.com");
  EXPECT_EQ(hit.source, "throwaway@1.2.3");
  // Where two sources have an entry, the first is named.
  EXPECT_EQ(lists->free("gmail.com")->source, "freemail@1.7.0");
  EXPECT_EQ(lists->free("web.de")->source, "more-free@2.0.0");
}

TEST(Lists, FindDisposableDomainsBelowAListedOne) {
  const auto lists = loaded();
  EXPECT_EQ(lists->disposable("a.b.throwaway.com")->entry, "throwaway.com");
  EXPECT_EQ(lists->disposable("x.mail.burner.co.uk")->entry, "mail.burner.co.uk");
  EXPECT_FALSE(lists->disposable("burner.co.uk"));
  EXPECT_FALSE(lists->disposable("notthrowaway.com"));
  EXPECT_FALSE(lists->disposable("com"));
  EXPECT_FALSE(lists->disposable(""));
  EXPECT_TRUE(lists->disposable("xn--bcher-kva.com"));
  EXPECT_TRUE(lists->alias_relay("me.relay.example-alias.com"));
}

TEST(Lists, NeverTakeEverythingBelowAPublicSuffix) {
  const auto lists = loaded();
  EXPECT_TRUE(lists->disposable("com.ar"));
  EXPECT_FALSE(lists->disposable("banco.com.ar"));
  EXPECT_FALSE(lists->disposable("mail.banco.com.ar"));
}

TEST(Lists, FindFreeProvidersByTheirVeryDomain) {
  const auto lists = loaded();
  EXPECT_TRUE(lists->free("gmail.com"));
  EXPECT_FALSE(lists->free("corp.gmail.com"));
}

TEST(Lists, FindRolesInAnyLetterCaseAndWithATag) {
  const auto lists = loaded();
  EXPECT_TRUE(lists->role("postmaster"));
  EXPECT_TRUE(lists->role("PostMaster"));
  EXPECT_TRUE(lists->role("sales+eu"));
  EXPECT_FALSE(lists->role("salesman"));
  EXPECT_FALSE(lists->role("+sales"));
  EXPECT_FALSE(lists->role(""));
}

TEST(Lists, LetTheOperatorAddAndRemove) {
  const auto lists = loaded({{ListName::kDisposable, "ours.com", true},
                             {ListName::kDisposable, "good.throwaway.com", false},
                             {ListName::kRole, "sales", false},
                             {ListName::kPopular, "yahoo.com", false},
                             {ListName::kPopular, "ours.com", true}});
  EXPECT_EQ(lists->disposable("x.ours.com")->source, "local");
  EXPECT_TRUE(lists->disposable("throwaway.com"));
  EXPECT_FALSE(lists->disposable("good.throwaway.com"));
  EXPECT_FALSE(lists->disposable("very.good.throwaway.com"));
  EXPECT_FALSE(lists->role("sales"));
  std::vector<std::string_view> popular;
  for (const auto& one : lists->popular_domains()) popular.push_back(one.domain);
  EXPECT_EQ(popular, (std::vector<std::string_view>{"gmail.com", "hotmail.com", "ours.com"}));
  EXPECT_EQ(lists->versions().back().source, "local");
}

TEST(Lists, WriteAHitWithItsListAndVersion) {
  EXPECT_EQ(loaded()->disposable("x.throwaway.com")->to_string(),
            "disposable:throwaway.com@throwaway@1.2.3");
  const auto lists = Lists::load(
      std::string(kText), {{{ListName::kRole, "frontdesk", true}}, "local@2026-11-23T10:00:00Z"});
  EXPECT_EQ((*lists)->role("FrontDesk+x")->to_string(),
            "role:frontdesk@local@2026-11-23T10:00:00Z");
}

TEST(Lists, SayAllAboutADomainAtOnce) {
  const auto lists = loaded({{ListName::kDisposable, "gmail.com", true},
                             {ListName::kSuppressed, "com", true},
                             {ListName::kAliasRelay, "gmail.com", true}});
  const auto hits = lists->look_up("gmail.com");
  EXPECT_EQ(hits.disposable->source, "local");
  EXPECT_EQ(hits.alias_relay->entry, "gmail.com");
  EXPECT_EQ(hits.free->source, "freemail@1.7.0");
  EXPECT_TRUE(hits.popular);
  EXPECT_EQ(hits.suppressed->entry, "com");
  const auto below = lists->look_up("a.gmail.com");
  EXPECT_TRUE(below.disposable && below.alias_relay && below.suppressed);
  EXPECT_FALSE(below.free || below.popular);
}

std::string suppressing(const Lists& lists, std::string_view address) {
  const auto domain = address.substr(address.find('@') + 1);
  const auto hit = lists.suppressed(address, lists.look_up(domain));
  return hit ? std::string(hit->entry) : "nothing";
}

TEST(Lists, SuppressAddressesAndDomainsWithAllBelowThem) {
  const auto lists = loaded({{ListName::kSuppressed, "someone@shop.com", true},
                             {ListName::kSuppressed, "quiet.org", true},
                             {ListName::kSuppressed, "co.uk", true},
                             {ListName::kSuppressed, "loud.quiet.org", false},
                             {ListName::kSuppressed, "me@quiet.org", false}});
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"someone@shop.com", "someone@shop.com"},
      {"SomeOne@shop.com", "someone@shop.com"},
      {"someone+tag@shop.com", "nothing"},
      {"other@shop.com", "nothing"},
      {"someone@mail.shop.com", "nothing"},
      {"you@quiet.org", "quiet.org"},
      {"you@very.quiet.org", "quiet.org"},
      {"you@notquiet.org", "nothing"},
      {"you@loud.quiet.org", "nothing"},
      {"you@too.loud.quiet.org", "nothing"},
      {"Me@quiet.org", "nothing"},
      {"me@very.quiet.org", "quiet.org"},
      // What the operator says of a public suffix is meant.
      {"you@shop.co.uk", "co.uk"},
  };
  for (const auto& [address, entry] : rows)
    EXPECT_EQ(suppressing(*lists, address), entry) << address;
}

TEST(Lists, TakeSuppressedAddressesFromACompiledListToo) {
  const auto lists =
      Lists::load("verihook-lists 1\nlist suppressed crm@7 2\nbob@shop.com\nquiet.org\n").value();
  EXPECT_EQ(suppressing(*lists, "Bob@shop.com"), "bob@shop.com");
  EXPECT_EQ(suppressing(*lists, "bob@quiet.org"), "quiet.org");
  EXPECT_EQ(suppressing(*lists, "eve@shop.com"), "nothing");
}

TEST(Lists, KnowARoleAndADomainOfTheSameNameApart) {
  const auto lists = loaded({{ListName::kDisposable, "info", true}});
  EXPECT_TRUE(lists->disposable("info"));
  EXPECT_FALSE(lists->role("info"));
  EXPECT_FALSE(lists->disposable("postmaster"));
}

TEST(Lists, ReportTheirVersions) {
  const auto lists = loaded();
  ASSERT_EQ(lists->versions().size(), 6u);
  EXPECT_EQ(to_string(lists->versions()[1].list), "free");
  EXPECT_EQ(lists->versions()[1].source, "freemail@1.7.0");
  EXPECT_EQ(lists->versions()[1].entries, 2u);
}

TEST(Lists, RefuseATextThatIsNotWhatTheCompilerWrites) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 0"},
      {"verihook-lists 2\n", "line 1"},
      {"verihook-lists 1\nlist free own\n", "line 2"},
      {"verihook-lists 1\nlist nice own 0\n", "line 2"},
      {"verihook-lists 1\nlist free own -1\n", "line 2"},
      {"verihook-lists 1\nlist free \x1b[31m 0\n", "line 2"},
      {"verihook-lists 1\nlist free own 2\na.com\n", "line 3"},
      {"verihook-lists 1\nlist free own 1\nA.com\n", "line 3"},
      {"verihook-lists 1\nlist free own 1\n\n", "line 3"},
      {"verihook-lists 1\nlist free own 1\na b\n", "line 3"},
      {"verihook-lists 1\nlist free own 1\na.com\nb.com\n", "line 4"},
  };
  for (const auto& [text, line] : cases) {
    const auto lists = Lists::load(text);
    ASSERT_FALSE(lists) << text;
    EXPECT_EQ(lists.error().code, Errc::kInvalidArgument);
    EXPECT_NE(lists.error().message.find(line), std::string::npos) << lists.error().message;
  }
  EXPECT_FALSE(Lists::load(std::string(kText), {{{ListName::kFree, "Not Lower", true}}}));
}

TEST(Lists, KeepTheirLimits) {
  EXPECT_EQ(Lists::load(std::string(kText), {}, {.text_octets_max = 10}).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(Lists::load(std::string(kText), {}, {.entries_max = 5}).error().code, Errc::kTooLarge);
  EXPECT_EQ(Lists::load(std::string(kText), {}, {.sections_max = 3}).error().code, Errc::kTooLarge);
  EXPECT_EQ(Lists::load("verihook-lists 1\nlist free own 18446744073709551615\n").error().code,
            Errc::kTooLarge);
}

TEST(Lists, HoldTwoHundredThousandEntries) {
  std::string text = "verihook-lists 1\nlist disposable big@1 200000\n";
  for (int i = 0; i < 200'000; ++i) text += fmt::format("burner{}.com\n", i);
  const auto lists = Lists::load(std::move(text)).value();
  EXPECT_TRUE(lists->disposable("burner0.com"));
  EXPECT_TRUE(lists->disposable("mx.burner199999.com"));
  EXPECT_FALSE(lists->disposable("burner200000.com"));
}

TEST(PublicSuffix, KnowsWhatSomebodyRegistered) {
  EXPECT_EQ(registrable_domain("mail.shop.co.uk"), "shop.co.uk");
  EXPECT_EQ(registrable_domain("shop.com"), "shop.com");
  EXPECT_EQ(registrable_domain("co.uk"), "");
  EXPECT_EQ(registrable_domain("a.b.madeup"), "b.madeup");
  EXPECT_TRUE(is_icann_suffix("co.uk"));
  EXPECT_TRUE(is_icann_suffix("com"));
  EXPECT_FALSE(is_icann_suffix("con"));
  EXPECT_FALSE(is_icann_suffix("shop.com"));
}

}  // namespace
}  // namespace verihook::address
