#include "address/suggestion.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>

#include "address/public_suffix.h"
#include "address/special_names.h"
#include "base/text.h"

namespace verihook::address {
namespace {

// Costs of one slip. Their order is what matters, and that two light slips outweigh one heavy one.
constexpr int kDoubled = 5;    // a letter doubled, or one of a pair left out
constexpr int kSwapped = 6;    // two letters in each other's place
constexpr int kNeighbour = 7;  // the key next to the right one
constexpr int kMissing = 9;    // a letter left out, or one too many
constexpr int kSound = 10;     // a letter that sounds like the right one, or two for a doubled one
constexpr int kOther = 20;     // any other letter: nobody's slip
constexpr int kNameMax = 14;   // two light slips, or one of any kind
constexpr int kEndingMax = 9;  // in what follows the first dot: one slip, no arbitrary letter
constexpr std::size_t kLengthMax = 30;  // longer names are no slip away from a popular one

constexpr std::size_t kRepairOctetsMax = 320;

constexpr std::size_t kShortNameMax = 6;

// What tells the provider's name from others: "fast" of "fastmail".
std::size_t telling_length(std::string_view name) {
  constexpr std::string_view kMail = "mail";
  return name.ends_with(kMail) ? name.size() - kMail.size() : name.size();
}

// How far the first label may be off: short names are near to too many others.
int name_cost_max(const PopularDomain& meant) {
  if (meant.widely_used) {
    const auto length = meant.name.size();
    if (length <= 3) return 0;
    if (length == 4) return kDoubled;
    return length <= kShortNameMax ? kSound : kNameMax;
  }
  const auto length = telling_length(meant.name);
  if (length <= 3 || meant.name.size() <= 4) return 0;
  return length <= 7 ? kSwapped : kMissing;
}

// Left edges of the keys in quarters of a key's width; rows stand 0, 2, 3 and 5 quarters in.
struct Key {
  std::int8_t row = -8;
  std::int8_t left = 0;
};

constexpr auto kKeyboard = [] {
  constexpr std::array<std::string_view, 4> kRows = {"1234567890-", "qwertyuiop", "asdfghjkl",
                                                     "zxcvbnm"};
  constexpr std::array<int, 4> kIndent = {0, 2, 3, 5};
  std::array<Key, 128> keys{};
  for (std::size_t row = 0; row < kRows.size(); ++row) {
    for (std::size_t column = 0; column < kRows[row].size(); ++column) {
      keys[static_cast<std::size_t>(kRows[row][column])] = {
          static_cast<std::int8_t>(row),
          static_cast<std::int8_t>(kIndent[row] + 4 * static_cast<int>(column))};
    }
  }
  return keys;
}();

bool are_neighbours(char a, char b) {
  const auto x = static_cast<unsigned char>(a);
  const auto y = static_cast<unsigned char>(b);
  if (x >= kKeyboard.size() || y >= kKeyboard.size()) return false;
  const Key first = kKeyboard[x];
  const Key second = kKeyboard[y];
  if (first.row < 0 || second.row < 0) return false;
  const int rows = std::abs(first.row - second.row);
  return rows <= 1 && std::abs(first.left - second.left) <= (rows == 0 ? 4 : 3);
}

// Spelt by ear: gmeil, outlock.
bool sound_alike(char a, char b) {
  constexpr std::array<std::string_view, 5> kAlike = {"aeiouy", "ckq", "sz", "dt", "mn"};
  return std::ranges::any_of(
      kAlike, [&](std::string_view group) { return group.contains(a) && group.contains(b); });
}

int substitution(char typed, char meant) {
  if (typed == meant) return 0;
  if (are_neighbours(typed, meant)) return kNeighbour;
  return sound_alike(typed, meant) ? kSound : kOther;
}

// A letter more or less costs little where it stands beside its like.
int single(std::string_view text, std::size_t at) {
  const bool beside_its_like =
      (at > 0 && text[at - 1] == text[at]) || (at + 1 < text.size() && text[at + 1] == text[at]);
  return beside_its_like ? kDoubled : kMissing;
}

// An ending that exists is probably meant. Only these are typed for "com" more often than for
// themselves, and then only behind a name that is right to the letter and widely used; under "co"
// short names are companies'.
bool is_typed_for_com(const PopularDomain& typed, const PopularDomain& meant) {
  if (meant.ending != "com" || !meant.widely_used || typed.name != meant.name) return false;
  if (typed.ending == "co") return meant.name.size() >= 5;
  return (typed.ending == "cm" || typed.ending == "om") && meant.name.size() >= 3;
}

// Names that are no slip though they are near: a plural, and a short name that lacks two letters.
bool is_another_word(std::string_view typed, std::string_view meant) {
  const bool is_plural = typed.size() == meant.size() + 1 && typed.ends_with('s') &&
                         typed.starts_with(meant) && !meant.ends_with('s');
  return is_plural || (meant.size() <= kShortNameMax && typed.size() + 2 <= meant.size());
}

// Few people miss the first letter, and another first letter makes another word: bmail, notmail.
bool begins_alike(std::string_view typed, std::string_view meant) {
  if (typed.front() == meant.front()) return true;
  const bool swapped =
      typed.size() >= 2 && meant.size() >= 2 && typed[0] == meant[1] && typed[1] == meant[0];
  const bool left_out =
      typed.size() < meant.size() && meant.size() > kShortNameMax && typed == meant.substr(1);
  return swapped || left_out;
}

// The letters in their order, but the dot in the wrong place, left out, or its neighbour typed.
bool is_dot_misplaced(const PopularDomain& typed, const PopularDomain& meant) {
  const auto at = meant.name.size();
  if (typed.ending.empty()) {
    if (!typed.domain.starts_with(meant.name) || !typed.domain.ends_with(meant.ending))
      return false;
    const auto between = typed.domain.size() - at;
    return between == meant.ending.size() ||
           (between == meant.ending.size() + 1 && typed.domain[at] == 'l');
  }
  if (typed.domain.size() != meant.domain.size()) return false;
  const auto dot = typed.name.size();
  if (dot + 1 != at && dot != at + 1) return false;
  const auto first = std::min(dot, at);
  return typed.domain.substr(0, first) == meant.domain.substr(0, first) &&
         typed.domain[first] == meant.domain[first + 1] &&
         typed.domain[first + 1] == meant.domain[first] &&
         typed.domain.substr(first + 2) == meant.domain.substr(first + 2);
}

// The lists carry domains that live on slips (hotmail.co, gmial.com) beside honest providers whose
// names are near to a popular one. For a listed domain, then, only a single slip counts that brings
// in no letter of its own: one left out, doubled or swapped, behind the right first letter.
bool is_unmistakable(const PopularDomain& typed, const PopularDomain& meant, int cost) {
  const auto letters = [](const PopularDomain& one) {
    return one.name_letters | one.ending_letters | letters_of(".");
  };
  return cost <= kMissing && cost != kNeighbour && typed.domain.front() == meant.domain.front() &&
         (letters(typed) & ~letters(meant)) == 0;
}

// Whether a text can be so near to another, judged by lengths and letters alone: a slip changes two
// letters at most, and the length by one.
bool can_be_near(std::string_view typed, std::uint64_t typed_letters, std::string_view meant,
                 std::uint64_t meant_letters, int cost_max) {
  const auto difference = std::abs(static_cast<int>(typed.size()) - static_cast<int>(meant.size()));
  return difference * kDoubled <= cost_max &&
         std::popcount(typed_letters ^ meant_letters) <= 2 * (cost_max / kNeighbour);
}

constexpr int kTooFar = kNameMax + kEndingMax + 1;

// kTooFar where the candidate is out of the question.
int cost_of(const PopularDomain& typed, const PopularDomain& meant) {
  if (is_dot_misplaced(typed, meant)) return kMissing;
  const int limit = name_cost_max(meant);
  if (!can_be_near(typed.name, typed.name_letters, meant.name, meant.name_letters, limit) ||
      !can_be_near(typed.ending, typed.ending_letters, meant.ending, meant.ending_letters,
                   kEndingMax)) {
    return kTooFar;
  }
  if (typed.ending.empty() || !begins_alike(typed.name, meant.name) ||
      is_another_word(typed.name, meant.name)) {
    return kTooFar;
  }
  const int ending_cost = typing_cost(typed.ending, meant.ending, kEndingMax);
  if (ending_cost > kEndingMax) return kTooFar;
  const int name_cost = typing_cost(typed.name, meant.name, limit);
  if (name_cost > limit) return kTooFar;
  if (typed.ending != meant.ending && is_icann_suffix(std::string(typed.ending)) &&
      !is_typed_for_com(typed, meant)) {
    return kTooFar;
  }
  return name_cost + ending_cost;
}

}  // namespace

// Optimal string alignment over three rows of the table, with the costs above.
int typing_cost(std::string_view typed, std::string_view meant, int cost_max) {
  if (typed == meant) return 0;
  const int too_far = cost_max + 1;
  if (typed.size() > kLengthMax || meant.size() > kLengthMax) return too_far;
  if (!can_be_near(typed, letters_of(typed), meant, letters_of(meant), cost_max)) return too_far;
  std::array<std::array<int, kLengthMax + 1>, 3> rows{};
  for (std::size_t j = 1; j <= meant.size(); ++j)
    rows[0][j] = rows[0][j - 1] + single(meant, j - 1);
  for (std::size_t i = 1; i <= typed.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = above[0] + single(typed, i - 1);
    int smallest = row[0];
    for (std::size_t j = 1; j <= meant.size(); ++j) {
      int cost = above[j - 1] + substitution(typed[i - 1], meant[j - 1]);
      cost = std::min(cost, above[j] + single(typed, i - 1));
      cost = std::min(cost, row[j - 1] + single(meant, j - 1));
      if (i > 1 && j > 1 && typed[i - 1] == meant[j - 2] && typed[i - 2] == meant[j - 1]) {
        cost = std::min(cost, rows[(i + 1) % 3][j - 2] + kSwapped);
      }
      row[j] = cost;
      smallest = std::min(smallest, cost);
    }
    // A swap reaches back two rows, so a row that is too dear ends it only with that margin.
    if (smallest > cost_max + kSwapped) return too_far;
  }
  return std::min(rows[typed.size() % 3][meant.size()], too_far);
}

std::optional<std::string_view> suggest_domain(std::string_view domain_ascii, const Lists& lists) {
  return suggest_domain(domain_ascii, lists, lists.look_up(domain_ascii));
}

std::optional<std::string_view> suggest_domain(std::string_view domain_ascii, const Lists& lists,
                                               const DomainHits& hits) {
  if (domain_ascii.empty() || domain_ascii.front() == '.' || domain_ascii.size() > kLengthMax ||
      hits.popular || hits.alias_relay) {
    return std::nullopt;
  }
  const auto typed = make_popular_domain(domain_ascii);
  const bool listed = hits.free || hits.disposable;
  std::optional<std::string_view> best;
  int best_cost = kTooFar - 1;
  bool tied = false;
  for (const auto& candidate : lists.popular_domains()) {
    const int cost = cost_of(typed, candidate);
    if (cost > best_cost) continue;
    if (listed && !is_unmistakable(typed, candidate, cost)) continue;
    tied = best && cost == best_cost;
    best_cost = cost;
    best = candidate.domain;
  }
  if (tied || !best) return std::nullopt;
  // Asked last, because nearly always there is nothing to say anyhow.
  if (is_special_use(domain_ascii) || domain_ascii == kSandboxDomain) return std::nullopt;
  return best;
}

std::optional<std::string> suggest(const ParsedAddress& parsed, const Lists& lists) {
  return suggest(parsed, lists, lists.look_up(parsed.domain_ascii));
}

std::optional<std::string> suggest(const ParsedAddress& parsed, const Lists& lists,
                                   const DomainHits& hits) {
  if (parsed.domain_literal) return std::nullopt;
  const auto domain = suggest_domain(parsed.domain_ascii, lists, hits);
  if (!domain) return std::nullopt;
  std::string suggested = parsed.normalized_local;
  suggested += '@';
  suggested += *domain;
  return suggested;
}

std::optional<std::string> suggest_repair(std::string_view text, const Lists& lists) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > kRepairOctetsMax) return std::nullopt;
  std::string mended(text.substr(0, at + 1));
  for (const char c : trim(text.substr(at + 1))) {
    const char meant = c == ',' || c == ';' ? '.' : c;
    const bool is_superfluous =
        meant == ' ' || (meant == '.' && (mended.back() == '.' || mended.back() == '@'));
    if (!is_superfluous) mended += meant;
  }
  while (mended.ends_with('.')) mended.pop_back();
  const auto parsed = parse(mended);
  if (!parsed || mended == text || !lists.popular(parsed->domain_ascii)) return std::nullopt;
  return parsed->normalized;
}

}  // namespace verihook::address
