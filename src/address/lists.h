// The lists of disposable, free, relay and popular domains and of role names, as one immutable
// value. load() reads the text once; look-ups are hash look-ups into it. Whoever wires the program
// holds a shared_ptr to the current lists and swaps it when they are loaded again: a reader keeps
// the snapshot with which it began, and since nothing changes after load(), any thread may read.
//
// The text, which the list compiler writes:
//   verihook-lists 1
//   list NAME SOURCE COUNT      NAME: disposable, free, role, alias_relay or popular;
//   entry                       SOURCE: package@version, or "own";
//   ...                         then COUNT entries in lower case, one in a line
// A name may come several times, from several sources. Popular domains are in order of rank.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"

namespace verihook::address {

enum class ListName : std::uint8_t {
  kDisposable,  // domains that give out throw-away mailboxes
  kFree,        // domains where anybody may have a mailbox for nothing
  kRole,        // local parts that stand for an office, not a person
  kAliasRelay,  // domains that forward to a mailbox elsewhere
  kPopular,     // domains that a typo is likely to have missed
};
inline constexpr std::size_t kListNames = 5;

std::string_view to_string(ListName name);
std::optional<ListName> list_name_from(std::string_view text);

// One line of the operator's own: an entry added to a list, or taken out of it.
struct LocalEntry {
  ListName list = ListName::kDisposable;
  std::string entry;   // a domain in lower-case A-labels, or a local part in lower case
  bool listed = true;  // false: never a hit, nor is anything below it
};

// Views live as long as the Lists they came from.
struct ListHit {
  ListName list = ListName::kDisposable;
  std::string_view entry;   // what matched: the domain, a parent of it, or the local part
  std::string_view source;  // "package@version", "own", or "local" for the operator's own
};

struct ListVersion {
  ListName list = ListName::kDisposable;
  std::string source;
  std::size_t entries = 0;
};

struct ListLimits {
  std::size_t text_octets_max = std::size_t{64} << 20;
  std::size_t entries_max = 4'000'000;
  std::size_t entry_octets_max = 255;
};

class Lists {
 public:
  // Fails with kInvalidArgument (the message has the line number) or kTooLarge.
  static Result<std::shared_ptr<const Lists>> load(std::string text,
                                                   std::vector<LocalEntry> local = {},
                                                   const ListLimits& limits = {});

  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  // Domains are lower-case A-labels. These two also match what lies below a listed domain, down
  // from its registrable domain; a public suffix (com.ar) that strayed into a list never takes the
  // domains below it along.
  std::optional<ListHit> disposable(std::string_view domain) const;
  std::optional<ListHit> alias_relay(std::string_view domain) const;
  // These match the very domain.
  std::optional<ListHit> free(std::string_view domain) const;
  std::optional<ListHit> popular(std::string_view domain) const;
  // In any letter case, and with a "+tag", which is ignored.
  std::optional<ListHit> role(std::string_view local_part) const;

  // In order of rank, without the ones that the operator took out.
  std::span<const std::string_view> popular_domains() const { return popular_; }

  // One line for each section of the text, then the operator's own: for people and for `lists
  // show`.
  const std::vector<ListVersion>& versions() const { return versions_; }

 private:
  using Entries = std::unordered_map<std::string_view, std::uint32_t>;

  Lists() = default;

  Result<void> read(const ListLimits& limits);
  void apply_local();
  Entries& entries(ListName name) { return entries_[static_cast<std::size_t>(name)]; }
  const Entries& entries(ListName name) const { return entries_[static_cast<std::size_t>(name)]; }
  bool is_excepted(ListName name, std::string_view entry) const;
  std::optional<ListHit> find(ListName name, std::string_view entry) const;
  std::optional<ListHit> find_at_or_above(ListName name, std::string_view domain) const;

  std::string text_;                         // what the views of entries_ point into
  std::vector<LocalEntry> local_;            // and of the local ones
  std::array<Entries, kListNames> entries_;  // the value is an index into versions_
  std::array<std::unordered_set<std::string_view>, kListNames> excepted_;
  std::vector<std::string_view> popular_;
  std::vector<ListVersion> versions_;
};

}  // namespace verihook::address
