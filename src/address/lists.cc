#include "address/lists.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "address/public_suffix.h"
#include "base/text.h"

namespace verihook::address {
namespace {

constexpr std::string_view kFirstLine = "verihook-lists 1";

constexpr std::size_t index_of(ListName name) { return static_cast<std::size_t>(name); }
constexpr std::uint8_t bit_of(ListName name) {
  return static_cast<std::uint8_t>(1u << index_of(name));
}

// Lines of a text, counted for messages.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const auto end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }
  std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

std::unexpected<Error> bad_line(const Lines& lines, std::string_view what) {
  return fail(Errc::kInvalidArgument,
              fmt::format("lists, line {}: {}; compile the lists again", lines.number(), what));
}

bool is_entry(std::string_view text, std::size_t octets_max) {
  return !text.empty() && text.size() <= octets_max && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 127 && !(c >= 'A' && c <= 'Z');
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

std::string ListHit::to_string() const {
  return fmt::format("{}:{}@{}", address::to_string(list), entry, source);
}

Result<std::shared_ptr<const Lists>> Lists::load(std::string text, LocalEntries local,
                                                 const ListLimits& limits) {
  if (text.size() > limits.text_octets_max) {
    return fail(Errc::kTooLarge, fmt::format("lists have {} octets, more than the limit of {}",
                                             text.size(), limits.text_octets_max));
  }
  for (const auto& entry : local.entries) {
    if (!is_entry(entry.entry, limits.entry_octets_max)) {
      return fail(
          Errc::kInvalidArgument,
          fmt::format("a local entry of the list {} is empty, too long, or not in lower case",
                      address::to_string(entry.list)));
    }
  }
  std::shared_ptr<Lists> lists(new Lists);
  lists->text_ = std::move(text);
  lists->local_ = std::move(local);
  TRY_VOID(lists->read(limits));
  lists->apply_local();
  return lists;
}

Result<void> Lists::read(const ListLimits& limits) {
  static_assert(kListNames <= std::numeric_limits<decltype(Facts::excepted)>::digits);
  Lines lines(text_);
  std::string_view line;
  if (!lines.next(line) || line != kFirstLine) {
    return bad_line(lines, fmt::format("the first line has to be \"{}\"", kFirstLine));
  }
  std::size_t total = 0;
  while (lines.next(line)) {
    if (line.empty()) continue;
    const auto words = split(line, ' ');
    if (words.size() != 4 || words[0] != "list" || words[2].empty()) {
      return bad_line(lines, "expected \"list NAME SOURCE COUNT\"");
    }
    const auto name = list_name_from(words[1]);
    const auto count = parse_u64(words[3]);
    if (!name || !count) return bad_line(lines, "no such list, or a count that is no number");
    if (!is_printable(words[2])) return bad_line(lines, "a source is not printable");
    if (*count > limits.entries_max - total || versions_.size() == limits.sections_max) {
      return fail(Errc::kTooLarge, fmt::format("lists have more than {} entries or {} sections",
                                               limits.entries_max, limits.sections_max));
    }
    total += *count;
    versions_.push_back({*name, std::string(words[2]), *count});
    const auto version = static_cast<std::uint16_t>(versions_.size());
    auto& entries = table(*name);
    // The count is only believed as far as the text could bear it out.
    entries.reserve(entries.size() + std::min<std::size_t>(*count, text_.size() / 2));
    for (std::uint64_t i = 0; i < *count; ++i) {
      if (!lines.next(line)) return bad_line(lines, "the text ends before the list does");
      if (!is_entry(line, limits.entry_octets_max)) {
        return bad_line(lines, "an entry is empty, too long, or not in lower case");
      }
      auto& known = entries[line].version[index_of(*name)];
      if (known != 0) continue;  // the first source of an entry is named
      known = version;
      if (*name == ListName::kPopular) popular_.push_back(make_popular_domain(line));
      if (*name == ListName::kSuppressed && line.contains('@')) suppresses_addresses_ = true;
    }
  }
  return {};
}

void Lists::apply_local() {
  std::array<std::uint16_t, kListNames> versions{};
  for (const auto& [list, entry, listed] : local_.entries) {
    auto& facts = table(list)[entry];
    if (list == ListName::kSuppressed && entry.contains('@')) suppresses_addresses_ = true;
    if (!listed) {
      facts.excepted |= bit_of(list);
      continue;
    }
    auto& version = versions[index_of(list)];
    if (version == 0) {
      versions_.push_back({list, local_.source, 0});
      version = static_cast<std::uint16_t>(versions_.size());
    }
    ++versions_[version - 1u].entries;
    auto& known = facts.version[index_of(list)];
    if (known == 0 && list == ListName::kPopular) popular_.push_back(make_popular_domain(entry));
    known = version;
  }
  std::erase_if(popular_, [&](const PopularDomain& one) { return !popular(one.domain); });
  for (std::size_t i = 0; i < popular_.size(); ++i) popular_[i].widely_used = i < kWidelyUsed;
}

std::optional<ListHit> Lists::hit(ListName name, const Table::value_type& found) const {
  const auto& [entry, facts] = found;
  const auto version = facts.version[index_of(name)];
  if (version == 0 || (facts.excepted & bit_of(name)) != 0) return std::nullopt;
  return ListHit{name, entry, versions_[version - 1u].source};
}

DomainHits Lists::look_up(std::string_view domain) const {
  DomainHits hits;
  // For the lists that match below an entry, the nearest name decides, so an exception below a
  // listed domain holds for its own sub-domains.
  std::uint8_t decided = 0;
  // The suffix list is asked only once a parent is found, which is rare.
  std::optional<std::size_t> registrable_size;
  const auto below_a_suffix = [&](std::string_view part) {
    if (part.size() == domain.size()) return true;
    if (!registrable_size) registrable_size = registrable_domain(std::string(domain)).size();
    return *registrable_size != 0 && part.size() >= *registrable_size;
  };
  const auto decide = [&](ListName name, const Table::value_type& found,
                          std::optional<ListHit>& into, bool everything_below) {
    const auto& facts = found.second;
    const bool excepted = (facts.excepted & bit_of(name)) != 0;
    if ((decided & bit_of(name)) != 0 || (facts.version[index_of(name)] == 0 && !excepted)) return;
    decided |= bit_of(name);
    if (!excepted && (everything_below || below_a_suffix(found.first))) into = hit(name, found);
  };
  for (auto part = domain; !part.empty();) {
    if (const auto found = domains_.find(part); found != domains_.end()) {
      if (part.size() == domain.size()) {
        hits.free = hit(ListName::kFree, *found);
        hits.popular = hit(ListName::kPopular, *found);
      }
      decide(ListName::kDisposable, *found, hits.disposable, false);
      decide(ListName::kAliasRelay, *found, hits.alias_relay, false);
      decide(ListName::kSuppressed, *found, hits.suppressed, true);
    }
    const auto dot = part.find('.');
    if (dot == std::string_view::npos) break;
    part.remove_prefix(dot + 1);
  }
  return hits;
}

std::optional<ListHit> Lists::disposable(std::string_view domain) const {
  return look_up(domain).disposable;
}

std::optional<ListHit> Lists::alias_relay(std::string_view domain) const {
  return look_up(domain).alias_relay;
}

std::optional<ListHit> Lists::free(std::string_view domain) const { return look_up(domain).free; }

std::optional<ListHit> Lists::popular(std::string_view domain) const {
  return look_up(domain).popular;
}

std::optional<ListHit> Lists::role(std::string_view local_part) const {
  const auto plus = local_part.find('+', 1);
  const auto found = local_parts_.find(to_lower(local_part.substr(0, plus)));
  if (found == local_parts_.end()) return std::nullopt;
  return hit(ListName::kRole, *found);
}

std::optional<ListHit> Lists::suppressed(std::string_view normalized,
                                         const DomainHits& domain) const {
  if (suppresses_addresses_) {
    const auto found = domains_.find(to_lower(normalized));
    if (found != domains_.end()) return hit(ListName::kSuppressed, *found);
  }
  return domain.suppressed;
}

}  // namespace verihook::address
