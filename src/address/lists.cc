#include "address/lists.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "address/public_suffix.h"
#include "base/text.h"

namespace verihook::address {
namespace {

constexpr std::string_view kFirstLine = "verihook-lists 1";
constexpr std::string_view kLocalSource = "local";
constexpr std::array<std::string_view, kListNames> kNames = {"disposable", "free", "role",
                                                             "alias_relay", "popular"};

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

}  // namespace

std::string_view to_string(ListName name) { return kNames[static_cast<std::size_t>(name)]; }

std::optional<ListName> list_name_from(std::string_view text) {
  const auto* const found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ListName>(found - kNames.begin());
}

Result<std::shared_ptr<const Lists>> Lists::load(std::string text, std::vector<LocalEntry> local,
                                                 const ListLimits& limits) {
  if (text.size() > limits.text_octets_max) {
    return fail(Errc::kTooLarge, fmt::format("lists have {} octets, more than the limit of {}",
                                             text.size(), limits.text_octets_max));
  }
  for (const auto& entry : local) {
    if (!is_entry(entry.entry, limits.entry_octets_max)) {
      return fail(
          Errc::kInvalidArgument,
          fmt::format("a local entry of the list {} is empty, too long, or not in lower case",
                      to_string(entry.list)));
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
    if (*count > limits.entries_max - total) {
      return fail(Errc::kTooLarge,
                  fmt::format("lists have more than {} entries, the limit", limits.entries_max));
    }
    total += *count;
    const auto version = static_cast<std::uint32_t>(versions_.size());
    versions_.push_back({*name, std::string(words[2]), *count});
    auto& set = entries(*name);
    // The count is only believed as far as the text could bear it out.
    set.reserve(set.size() + std::min<std::size_t>(*count, text_.size() / 2));
    for (std::uint64_t i = 0; i < *count; ++i) {
      if (!lines.next(line)) return bad_line(lines, "the text ends before the list does");
      if (!is_entry(line, limits.entry_octets_max)) {
        return bad_line(lines, "an entry is empty, too long, or not in lower case");
      }
      const bool fresh = set.try_emplace(line, version).second;
      if (fresh && *name == ListName::kPopular) popular_.push_back(line);
    }
  }
  return {};
}

void Lists::apply_local() {
  std::array<std::size_t, kListNames> added{};
  const auto first_local = versions_.size();
  for (const auto& [list, entry, listed] : local_) {
    const auto at = static_cast<std::size_t>(list);
    if (!listed) {
      excepted_[at].insert(entry);
      continue;
    }
    if (added[at]++ == 0) versions_.push_back({list, std::string(kLocalSource), 0});
    const auto version =
        std::find_if(versions_.begin() + static_cast<std::ptrdiff_t>(first_local), versions_.end(),
                     [&](const ListVersion& v) { return v.list == list; });
    ++version->entries;
    const auto index = static_cast<std::uint32_t>(version - versions_.begin());
    const bool fresh = entries_[at].insert_or_assign(entry, index).second;
    if (fresh && list == ListName::kPopular) popular_.push_back(entry);
  }
  std::erase_if(popular_, [&](std::string_view d) { return is_excepted(ListName::kPopular, d); });
}

bool Lists::is_excepted(ListName name, std::string_view entry) const {
  return excepted_[static_cast<std::size_t>(name)].contains(entry);
}

std::optional<ListHit> Lists::find(ListName name, std::string_view entry) const {
  const auto& set = entries(name);
  const auto found = set.find(entry);
  if (found == set.end() || is_excepted(name, entry)) return std::nullopt;
  return ListHit{name, found->first, versions_[found->second].source};
}

// The nearest name decides, so an exception below a listed domain holds for its own sub-domains.
// The suffix list is asked only once a parent is found, which is rare.
std::optional<ListHit> Lists::find_at_or_above(ListName name, std::string_view domain) const {
  for (auto part = domain; !part.empty();) {
    if (is_excepted(name, part)) return std::nullopt;
    if (const auto hit = find(name, part)) {
      if (part.size() == domain.size()) return hit;
      const auto registrable = registrable_domain(std::string(domain));
      if (!registrable.empty() && part.size() >= registrable.size()) return hit;
      return std::nullopt;
    }
    const auto dot = part.find('.');
    if (dot == std::string_view::npos) break;
    part.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

std::optional<ListHit> Lists::disposable(std::string_view domain) const {
  return find_at_or_above(ListName::kDisposable, domain);
}

std::optional<ListHit> Lists::alias_relay(std::string_view domain) const {
  return find_at_or_above(ListName::kAliasRelay, domain);
}

std::optional<ListHit> Lists::free(std::string_view domain) const {
  return find(ListName::kFree, domain);
}

std::optional<ListHit> Lists::popular(std::string_view domain) const {
  return find(ListName::kPopular, domain);
}

std::optional<ListHit> Lists::role(std::string_view local_part) const {
  const auto plus = local_part.find('+', 1);
  return find(ListName::kRole, to_lower(local_part.substr(0, plus)));
}

}  // namespace verihook::address
