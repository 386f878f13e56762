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
constexpr int kOther = 12;     // any other letter
constexpr int kTotalMax = 14;  // two light slips, or one of any kind
constexpr int kEndingMax = 9;  // in what follows the first dot: one slip, no arbitrary letter
constexpr std::size_t kLengthMax = 30;  // longer names are no slip away from a popular one

constexpr std::size_t kShortNameMax = 6;

// How far the first label may be off, by its length: short names are near to too many others.
constexpr int name_cost_max(std::size_t meant_length) {
  if (meant_length <= 3) return 0;
  if (meant_length == 4) return kSwapped;
  return meant_length <= kShortNameMax ? kMissing : kTotalMax;
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

int substitution(char typed, char meant) {
  if (typed == meant) return 0;
  return are_neighbours(typed, meant) ? kNeighbour : kOther;
}

// A letter more or less costs little where it stands beside its like.
int single(std::string_view text, std::size_t at) {
  const bool beside_its_like =
      (at > 0 && text[at - 1] == text[at]) || (at + 1 < text.size() && text[at + 1] == text[at]);
  return beside_its_like ? kDoubled : kMissing;
}

// Which characters occur, as bits. A slip changes two of them at most, so most pairs of names are
// told apart without looking at their order.
std::uint64_t letters_of(std::string_view text) {
  std::uint64_t letters = 0;
  for (const char c : text) letters |= std::uint64_t{1} << (static_cast<unsigned char>(c) & 63);
  return letters;
}

struct NameAndEnding {
  std::string_view name;    // the first label
  std::string_view ending;  // what follows its dot
};

NameAndEnding split_domain(std::string_view domain) {
  const auto dot = domain.find('.');
  if (dot == std::string_view::npos) return {domain, {}};
  return {domain.substr(0, dot), domain.substr(dot + 1)};
}

// An ending that exists is probably meant. Only these are typed for "com" more often than for
// themselves, and then only behind a name that is right to the letter.
bool is_plausible_ending(std::string_view typed, std::string_view meant, int name_cost) {
  constexpr std::array<std::string_view, 3> kTypedForCom = {"co", "cm", "om"};
  if (typed == meant || !is_icann_suffix(std::string(typed))) return true;
  return meant == "com" && name_cost == 0 &&
         std::ranges::find(kTypedForCom, typed) != kTypedForCom.end();
}

// The lists carry domains that live on slips (hotmail.co, gmial.com) beside honest providers whose
// names are near to a popular one. For a listed domain, then, only a single slip counts that brings
// in no letter of its own: one left out, doubled or swapped, behind the right first letter.
bool is_unmistakable(std::string_view domain, std::string_view candidate, int cost) {
  return cost <= kMissing && cost != kNeighbour && domain.front() == candidate.front() &&
         (letters_of(domain) & ~letters_of(candidate)) == 0;
}

// kTotalMax + 1 where the candidate is out of the question.
int cost_of(std::string_view domain, std::string_view candidate) {
  constexpr int kTooFar = kTotalMax + 1;
  const auto [name, ending] = split_domain(domain);
  const auto [meant_name, meant_ending] = split_domain(candidate);
  if (ending.empty()) {
    // "gmailcom": the dot itself is what was left out.
    const bool is_dot_missing = domain.size() + 1 == candidate.size() &&
                                domain.starts_with(meant_name) && domain.ends_with(meant_ending);
    return is_dot_missing ? kMissing : kTooFar;
  }
  // Without its first letter a short name is mostly another word: cloud.com, aver.com.
  if (name.size() < meant_name.size() && meant_name.size() <= kShortNameMax &&
      name.front() != meant_name.front()) {
    return kTooFar;
  }
  const int ending_cost = typing_cost(ending, meant_ending, kEndingMax);
  if (ending_cost > kEndingMax) return kTooFar;
  const int limit = name_cost_max(meant_name.size());
  const int name_cost = typing_cost(name, meant_name, limit);
  if (name_cost > limit || name_cost + ending_cost > kTotalMax) return kTooFar;
  return is_plausible_ending(ending, meant_ending, name_cost) ? name_cost + ending_cost : kTooFar;
}

}  // namespace

// Optimal string alignment over three rows of the table, with the costs above.
int typing_cost(std::string_view typed, std::string_view meant, int cost_max) {
  if (typed == meant) return 0;
  const int too_far = cost_max + 1;
  if (typed.size() > kLengthMax || meant.size() > kLengthMax) return too_far;
  const auto difference = std::abs(static_cast<int>(typed.size()) - static_cast<int>(meant.size()));
  if (difference * kDoubled > cost_max) return too_far;
  if (std::popcount(letters_of(typed) ^ letters_of(meant)) > 2 * (cost_max / kNeighbour)) {
    return too_far;
  }
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
  if (domain_ascii.empty() || domain_ascii.front() == '.' || domain_ascii.size() > kLengthMax ||
      is_special_use(domain_ascii) || domain_ascii == kSandboxDomain ||
      lists.popular(domain_ascii) || lists.alias_relay(domain_ascii)) {
    return std::nullopt;
  }
  const bool listed = lists.free(domain_ascii) || lists.disposable(domain_ascii);
  std::optional<std::string_view> best;
  int best_cost = kTotalMax + 1;
  bool tied = false;
  for (const auto candidate : lists.popular_domains()) {
    const int cost = cost_of(domain_ascii, candidate);
    if (cost > kTotalMax || cost > best_cost) continue;
    if (listed && !is_unmistakable(domain_ascii, candidate, cost)) continue;
    tied = cost == best_cost;
    best_cost = cost;
    best = candidate;
  }
  if (tied) return std::nullopt;
  return best;
}

std::optional<std::string> suggest(const ParsedAddress& parsed, const Lists& lists) {
  if (parsed.domain_literal) return std::nullopt;
  const auto domain = suggest_domain(parsed.domain_ascii, lists);
  if (!domain) return std::nullopt;
  std::string suggested = parsed.normalized_local;
  suggested += '@';
  suggested += *domain;
  return suggested;
}

}  // namespace verihook::address
