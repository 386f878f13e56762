// The operator's own lines: what is added to a list, taken out of one, or not to be asked at all.
// The file, for example:
//   # domains of ours that a package calls disposable
//   allow disposable mail.example
//   deny disposable throwaway.example
//   deny role frontdesk
//   suppress someone@example.com      short for: deny suppressed someone@example.com
//   suppress example.org              the domain and all below it
//   allow suppressed me@example.org   but not this mailbox
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace verihook::address {

enum class ListName : std::uint8_t {
  kDisposable,  // domains that give out throw-away mailboxes
  kFree,        // domains where anybody may have a mailbox for nothing
  kRole,        // local parts that stand for an office, not a person
  kAliasRelay,  // domains that forward to a mailbox elsewhere
  kPopular,     // domains that a typo is likely to have missed
  kSuppressed,  // addresses and domains that are not to be asked: the operator's deny list
};
inline constexpr std::size_t kListNames = 6;

std::string_view to_string(ListName name);
std::optional<ListName> list_name_from(std::string_view text);

// One line of the operator's own: an entry added to a list, or taken out of it.
struct LocalEntry {
  ListName list = ListName::kDisposable;
  // A domain in lower-case A-labels, a local part in lower case, or for kSuppressed also a whole
  // address: its normal form in lower case.
  std::string entry;
  bool listed = true;  // false: never a hit, nor is anything below it

  friend bool operator==(const LocalEntry&, const LocalEntry&) = default;
};

struct LocalEntries {
  std::vector<LocalEntry> entries;
  std::string source = "local";  // what a hit names; "local@" and a version where there is one
};

// The lines of a file. kInvalidArgument names the file and the line of the first mistake, and says
// how many there are; two lines that contradict each other are one.
Result<std::vector<LocalEntry>> parse_local_entries(std::string_view text,
                                                    std::string_view file_name);

}  // namespace verihook::address
