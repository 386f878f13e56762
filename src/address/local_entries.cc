#include "address/local_entries.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "address/email_address.h"
#include "address/idn.h"
#include "base/text.h"

namespace verihook::address {
namespace {

constexpr std::array<std::string_view, kListNames> kNames = {
    "disposable", "free", "role", "alias_relay", "popular", "suppressed"};
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // of editors that think of everything
constexpr std::string_view kShape =
    "expected \"allow LIST ENTRY\", \"deny LIST ENTRY\" or \"suppress ENTRY\"";

Result<std::string> read_domain(std::string_view text) {
  // Addresses are not repeated in messages, which may go to the log.
  if (text.contains('@')) {
    return fail(Errc::kInvalidArgument,
                "an address stands here instead of a domain; only suppressed takes addresses");
  }
  const auto parsed = parse(fmt::format("x@{}", text));
  if (!parsed || parsed->domain_literal) {
    return fail(Errc::kInvalidArgument, fmt::format("\"{}\" is not a domain", text));
  }
  return parsed->domain_ascii;
}

Result<std::string> read_local_part(std::string_view text) {
  const auto parsed = parse(fmt::format("{}@example.com", text));
  if (text.contains('@') || !parsed || parsed->quoted || parsed->tagged) {
    if (text.contains('@')) text = text.substr(text.find('@'));
    return fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is not what stands before the @ of an address", text));
  }
  return to_lower(parsed->normalized_local);
}

Result<std::string> read_entry(ListName list, std::string_view text) {
  if (list == ListName::kRole) return read_local_part(text);
  if (list != ListName::kSuppressed || !text.contains('@')) return read_domain(text);
  const auto parsed = parse(text);
  if (!parsed) {
    return fail(Errc::kInvalidArgument,
                fmt::format("this is no address ({})", parsed.error().text()));
  }
  return to_lower(parsed->normalized);
}

std::string names_of_lists() { return fmt::format("{}", fmt::join(kNames, ", ")); }

Result<LocalEntry> read_line(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t", at)) != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(" \t", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  if (words.size() == 2 && words[0] == "suppress") words = {"deny", "suppressed", words[1]};
  if (words.size() != 3 || (words[0] != "allow" && words[0] != "deny")) {
    return fail(Errc::kInvalidArgument, std::string(kShape));
  }
  const auto list = list_name_from(words[1]);
  if (!list) {
    return fail(Errc::kInvalidArgument,
                fmt::format("there is no list \"{}\"; there are {}", words[1], names_of_lists()));
  }
  TRY(entry, read_entry(*list, words[2]));
  return LocalEntry{*list, std::move(entry), words[0] == "deny"};
}

// A comment begins with a number sign at the start of a line or after white space: a number sign
// inside a word may belong to a local part.
std::string_view without_comment(std::string_view line) {
  for (std::size_t at = 0; (at = line.find('#', at)) != std::string_view::npos; ++at) {
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  }
  return line;
}

}  // namespace

std::string_view to_string(ListName name) { return kNames[static_cast<std::size_t>(name)]; }

std::optional<ListName> list_name_from(std::string_view text) {
  const auto* const found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ListName>(found - kNames.begin());
}

Result<std::vector<LocalEntry>> parse_local_entries(std::string_view text,
                                                    std::string_view file_name) {
  std::vector<LocalEntry> entries;
  std::map<std::pair<ListName, std::string>, std::pair<bool, std::size_t>, std::less<>> seen;
  std::string first_mistake;
  std::size_t mistakes = 0;
  std::size_t number = 0;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const auto said = trim(without_comment(line));
    if (said.empty()) continue;
    auto entry = read_line(said);
    if (entry) {
      const auto [other, fresh] =
          seen.try_emplace({entry->list, entry->entry}, std::pair(entry->listed, number));
      if (fresh) {
        entries.push_back(*std::move(entry));
        continue;
      }
      if (other->second.first == entry->listed) continue;
      entry = fail(Errc::kInvalidArgument,
                   fmt::format("this contradicts line {}", other->second.second));
    }
    if (mistakes++ == 0) {
      first_mistake = fmt::format("{}:{}: {}", file_name, number, entry.error().message);
    }
  }
  if (mistakes == 0) return entries;
  if (mistakes > 1) first_mistake += fmt::format(" (and {} more)", mistakes - 1);
  return fail(Errc::kInvalidArgument, std::move(first_mistake));
}

}  // namespace verihook::address
