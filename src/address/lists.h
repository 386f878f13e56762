// The lists of disposable, free, relay and popular domains, of role names, and of whom the operator
// does not want asked, as one immutable value. load() reads the text once; a look-up is one hash
// look-up for each label of the domain, whatever the lists' size. Whoever needs the current lists
// takes a shared_ptr (current_lists.h): a reader keeps the snapshot with which it began, and since
// nothing changes after load(), any thread may read.
//
// The text, which the list compiler writes:
//   verihook-lists 1
//   list NAME SOURCE COUNT      NAME: one of ListName's, like alias_relay;
//   entry                       SOURCE: package@version, or own@version for hand-written ones;
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
#include <vector>

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "address/local_entries.h"
#include "address/popular_domain.h"
#include "base/result.h"

namespace verihook::address {

// Views live as long as the Lists they came from.
struct ListHit {
  ListName list = ListName::kDisposable;
  std::string_view entry;   // what matched: the domain, a parent of it, the local part, the address
  std::string_view source;  // "package@version"; "local@version" for the operator's own

  // "disposable:mailinator.com@package@1.2.3": for evidence and traces.
  std::string to_string() const;
};

// What all lists say about one domain.
struct DomainHits {
  std::optional<ListHit> disposable;
  std::optional<ListHit> free;
  std::optional<ListHit> alias_relay;
  std::optional<ListHit> popular;
  std::optional<ListHit> suppressed;
};

struct ListVersion {
  ListName list = ListName::kDisposable;
  std::string source;
  std::size_t entries = 0;
};

struct ListLimits {
  std::size_t text_octets_max = std::size_t{64} << 20;
  std::size_t entries_max = 4'000'000;
  std::size_t entry_octets_max = 320;  // a whole address, for people to be suppressed
  std::size_t sections_max = 1'000;
};

class Lists {
 public:
  // Fails with kInvalidArgument (the message has the line number) or kTooLarge.
  static Result<std::shared_ptr<const Lists>> load(std::string text, LocalEntries local = {},
                                                   const ListLimits& limits = {});

  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  // Domains are lower-case A-labels. The lists of disposable domains and relays also match what
  // lies below a listed domain, down from its registrable domain; a public suffix (com.ar) that
  // strayed into a list never takes the domains below it along. Suppressed domains match all that
  // lies below them, whatever they are. Free and popular ones match the very domain.
  DomainHits look_up(std::string_view domain) const;
  // The same, one by one.
  std::optional<ListHit> disposable(std::string_view domain) const;
  std::optional<ListHit> alias_relay(std::string_view domain) const;
  std::optional<ListHit> free(std::string_view domain) const;
  std::optional<ListHit> popular(std::string_view domain) const;
  // In any letter case, and with a "+tag", which is ignored.
  std::optional<ListHit> role(std::string_view local_part) const;
  // The normal form of a whole address, in any letter case; else its domain, of which `domain`
  // holds what look_up() found. What is said about the address goes before what is said about the
  // domain.
  std::optional<ListHit> suppressed(std::string_view normalized, const DomainHits& domain) const;

  // In order of rank, without the ones that the operator took out.
  std::span<const PopularDomain> popular_domains() const { return popular_; }

  // One line for each section of the text, then the operator's own: for people and for `lists
  // show`.
  const std::vector<ListVersion>& versions() const { return versions_; }
  // What the operator added to the lists or took out of them.
  std::span<const LocalEntry> local_entries() const { return local_.entries; }

 private:
  // What the lists say about one name.
  struct Facts {
    std::array<std::uint16_t, kListNames> version{};  // index into versions_ and one; 0: not listed
    std::uint8_t excepted = 0;                        // bits: taken out by the operator
  };
  using Table = boost::unordered_flat_map<std::string_view, Facts, boost::hash<std::string_view>>;

  Lists() = default;

  Result<void> read(const ListLimits& limits);
  void apply_local();
  Table& table(ListName name) { return name == ListName::kRole ? local_parts_ : domains_; }
  std::optional<ListHit> hit(ListName name, const Table::value_type& found) const;

  std::string text_;    // what the views of the tables point into
  LocalEntries local_;  // and those of the local ones
  Table domains_;       // and whole addresses
  Table local_parts_;
  bool suppresses_addresses_ = false;
  std::vector<PopularDomain> popular_;
  std::vector<ListVersion> versions_;
};

}  // namespace verihook::address
