// What thinking about an address costs on one core: its syntax, the look-ups in the lists, the typo
// suggestion, and all of it as verification does it. Beside it in the same run: one pass over the
// bytes with memchr (what merely reading the list costs), and the C library's regexec with the
// expression that browsers use for <input type=email>, which knows a fraction of the grammar.
//   addresses [ADDRESSES]   one line `NAME VALUE` for each figure; rates are addresses/s
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <regex.h>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "address/email_address.h"
#include "address/embedded_lists.h"
#include "address/lists.h"
#include "address/suggestion.h"
#include "verification/assessment.h"

namespace verihook {
namespace {

// A small generator of its own, so that every run sees the same addresses.
class Dice {
 public:
  std::uint32_t below(std::uint32_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint32_t>((state_ >> 33) % limit);
  }
  template <class Items>
  const auto& one_of(const Items& items) {
    return items[below(static_cast<std::uint32_t>(std::size(items)))];
  }

 private:
  std::uint64_t state_ = 20261123;
};

constexpr std::array<std::string_view, 16> kFirst = {
    "anna", "james", "maria", "wei",  "oliver", "fatima", "joao",  "nina",
    "paul", "sofia", "peter", "lena", "ahmed",  "julia",  "tomas", "grace"};
constexpr std::array<std::string_view, 12> kLast = {"mueller", "smith", "garcia", "chen",
                                                    "brown",   "rossi", "novak",  "silva",
                                                    "kim",     "kumar", "jones",  "dubois"};
constexpr std::array<std::string_view, 12> kSyllables = {"nor", "tek", "sol", "ver", "bau", "log",
                                                         "med", "arc", "lux", "pra", "con", "dia"};
constexpr std::array<std::string_view, 8> kEndings = {"com", "de",     "co.uk", "fr",
                                                      "net", "com.br", "io",    "org"};
constexpr std::array<std::string_view, 6> kTypos = {"gmial.com", "gmail.con",  "hotmial.com",
                                                    "yaho.com",  "outlok.com", "gmal.com"};
constexpr std::array<std::string_view, 5> kBroken = {
    "anna.mueller@", "a..b@shop.com", "not an address", "x@-shop.com", "anna@shop,com"};

// WHATWG's HTML standard, "valid e-mail address".
constexpr const char* kBrowsersExpression =
    "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$";

std::string local_part(Dice& dice) {
  std::string text(dice.one_of(kFirst));
  text += ".-_"[dice.below(3)];
  text += dice.one_of(kLast);
  if (dice.below(3) == 0) text += std::to_string(dice.below(1'000));
  if (dice.below(25) == 0) text += "+news";
  return text;
}

std::string company(Dice& dice) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += dice.one_of(kSyllables);
  text += std::to_string(dice.below(500));
  return text += "." + std::string(dice.one_of(kEndings));
}

// What lists of customers look like: half of them at large providers, a tail of companies, and a
// little of everything that needs more thought.
std::string address(Dice& dice, const address::Lists& lists) {
  const auto kind = dice.below(100);
  if (kind < 50) {
    const auto popular = lists.popular_domains();
    return local_part(dice) + "@" +
           std::string(popular[std::min(dice.below(40), dice.below(40))].domain);
  }
  if (kind < 88) return local_part(dice) + "@" + company(dice);
  if (kind < 91) return "info@" + company(dice);
  if (kind < 94) return local_part(dice) + "@mailinator.com";
  if (kind < 97) return local_part(dice) + "@" + std::string(dice.one_of(kTypos));
  if (kind < 98) return local_part(dice) + "@b\xc3\xbc" + company(dice);
  if (kind < 99) return "\"" + local_part(dice) + " x\"@" + company(dice);
  return std::string(dice.one_of(kBroken));
}

// Time that this thread had a core, so that neighbours on the machine do not count.
double core_seconds() {
  struct timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The best of some runs: what the code costs when nothing else has the core.
template <class Work>
double seconds_of(Work work) {
  constexpr int kRuns = 5;
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const double begin = core_seconds();
    work();
    best = std::min(best, core_seconds() - begin);
  }
  return best;
}

// Keeps the compiler from leaving out work whose result nobody uses.
std::uint64_t kept = 0;

void print_rate(std::string_view name, std::size_t count, double seconds) {
  fmt::print("{} {:.0f}\n", name, static_cast<double>(count) / seconds);
}

void bench_addresses(std::size_t count, const address::Lists& lists) {
  Dice dice;
  std::vector<std::string> all;
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(address(dice, lists));
    text += all.back() + "\n";
  }
  print_rate("memchr", count, seconds_of([&] {
               const char* at = text.data();
               const char* const end = at + text.size();
               while (at != end) {
                 const void* line = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
                 at = static_cast<const char*>(line) + 1;
                 ++kept;
               }
             }));
  const std::size_t few = std::min<std::size_t>(count, 20'000);
  regex_t browsers{};
  if (::regcomp(&browsers, kBrowsersExpression, REG_EXTENDED | REG_NOSUB) != 0) return;
  print_rate("regex", few, seconds_of([&] {
               for (std::size_t i = 0; i < few; ++i) {
                 kept += ::regexec(&browsers, all[i].c_str(), 0, nullptr, 0) == 0 ? 1u : 0u;
               }
             }));
  ::regfree(&browsers);
  print_rate("syntax", count, seconds_of([&] {
               for (const auto& one : all) kept += address::parse(one).has_value();
             }));
  const auto look_up = [&](const address::ParsedAddress& parsed) {
    const auto hits = lists.look_up(parsed.domain_ascii);
    kept += hits.disposable.has_value() + hits.free.has_value() + hits.alias_relay.has_value();
    kept += lists.suppressed(parsed.normalized, hits).has_value();
    kept += lists.role(parsed.local_unquoted).has_value();
    return hits;
  };
  print_rate("syntax_and_lists", count, seconds_of([&] {
               for (const auto& one : all) {
                 if (const auto parsed = address::parse(one)) look_up(*parsed);
               }
             }));
  print_rate("syntax_lists_and_suggestion", count, seconds_of([&] {
               for (const auto& one : all) {
                 const auto parsed = address::parse(one);
                 if (!parsed) continue;
                 const auto hits = look_up(*parsed);
                 kept += address::suggest(*parsed, lists, hits).has_value();
               }
             }));
  const model::JobOptions options;
  const WallTime now = from_unix_ms(1'767'225'600'000);
  print_rate("assessment", count, seconds_of([&] {
               for (const auto& one : all) {
                 kept += verification::assess(one, lists, options, now).settled;
               }
             }));
}

// Nanoseconds for one look-up, half of them hits, in a list of so many entries. The same few
// domains are asked for whatever the size, so that the caches of the machine see the same.
double bench_lookups(std::size_t entries) {
  std::string text = fmt::format("verihook-lists 1\nlist disposable bench@1 {}\n", entries);
  for (std::size_t i = 0; i < entries; ++i)
    text += fmt::format("burner{}.example-{}.com\n", i, i % 7);
  const auto lists = address::Lists::load(std::move(text)).value();
  std::vector<std::string> asked;
  for (std::size_t i = 0; i < 1'000; ++i) {
    asked.push_back(
        fmt::format("burner{}.example-{}.com", i * entries / 1'000, i * entries / 1'000 % 7));
    asked.push_back(fmt::format("company{}.example-{}.com", i, i % 7));
  }
  constexpr int kRounds = 200;
  const double seconds = seconds_of([&] {
    for (int round = 0; round < kRounds; ++round) {
      for (const auto& domain : asked) kept += lists->disposable(domain).has_value();
    }
  });
  return seconds * 1e9 / (kRounds * static_cast<double>(asked.size()));
}

int run(std::size_t count) {
  const auto lists = address::Lists::load(std::string(embedded_lists()));
  if (!lists) {
    fmt::print(stderr, "{}\n", lists.error().message);
    return 1;
  }
  bench_addresses(count, **lists);
  for (const std::size_t entries : {2'000, 20'000, 200'000}) {
    fmt::print("lookup_ns_{} {:.1f}\n", entries, bench_lookups(entries));
  }
  return kept == 0 ? 1 : 0;
}

}  // namespace
}  // namespace verihook

int main(int argc, char** argv) { return verihook::run(argc > 1 ? std::stoul(argv[1]) : 200'000); }
