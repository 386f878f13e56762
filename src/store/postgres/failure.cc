#include "store/postgres/failure.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::store::postgres {
namespace {

// Whether the server's own words are repeated.
enum class Words { kShown, kHidden };

struct Row {
  std::string_view prefix;  // of the SQLSTATE; the first one that fits counts
  Errc code;
  Words words;
  std::string_view advice;
};

using enum Words;
constexpr Row kTable[] = {
    {"08", Errc::kConnectionLost, kShown, "the connection to the database broke off"},
    {"0A000", Errc::kUnsupported, kShown, "the database cannot do what is needed"},
    {"22", Errc::kInvalidArgument, kHidden,
     "a column of the contacts table cannot hold what is written to it; give the columns the types "
     "text, boolean, timestamptz, text and text"},
    {"23", Errc::kInvalidArgument, kHidden,
     "a constraint of the contacts table refuses what is written to it; let the columns be null "
     "and hold any reason"},
    {"25006", Errc::kBusy, kShown, "the database takes no writes now, as a standby does"},
    {"28", Errc::kUnauthorized, kShown,
     "the database refuses the user or the password of settings.database; put them right"},
    {"3D", Errc::kNotFound, kShown,
     "there is no such database; put settings.database right or create it"},
    {"3F", Errc::kNotFound, kShown, "there is no such schema; put settings.schema right"},
    {"40", Errc::kBusy, kShown, "another transaction of the database was in the way"},
    {"42501", Errc::kForbidden, kShown,
     "the user of settings.database may not do that; grant it USAGE on the schema and SELECT and "
     "UPDATE on the contacts table"},
    {"42P01", Errc::kNotFound, kShown,
     "there is no such table; put settings.table and settings.schema right or create it"},
    {"42703", Errc::kNotFound, kShown,
     "the contacts table lacks a column; add it or name the right one in settings.columns"},
    {"42", Errc::kInvalidArgument, kShown,
     "the contacts table does not fit; give its columns the types text, boolean, timestamptz, text "
     "and text"},
    {"53100", Errc::kBusy, kShown, "the database's disk is full"},
    {"53", Errc::kBusy, kShown, "the database has no resources left for this"},
    {"55", Errc::kBusy, kShown, "the contacts table is locked"},
    {"57014", Errc::kTimeout, kShown, "the database took too long over a statement"},
    {"57P03", Errc::kBusy, kShown, "the database is starting or stopping"},
    {"57", Errc::kConnectionLost, kShown, "the database ended the connection"},
    {"58", Errc::kBusy, kShown, "the database has trouble with its own machine"},
    {"XX", Errc::kBusy, kShown, "the database failed inside itself"},
};

}  // namespace

Error failure_of(std::string_view sqlstate, std::string_view server_message) {
  const auto* row = std::ranges::find_if(
      kTable, [&](const Row& candidate) { return sqlstate.starts_with(candidate.prefix); });
  const bool known = row != std::end(kTable);
  std::string message(known ? row->advice : "the database refuses the statement");
  if (sqlstate.empty()) return {Errc::kConnectionLost, message + ": no answer"};
  message += " (";
  if (known && row->words == kShown) {
    message += server_message;
    message += ", ";
  }
  message += "SQLSTATE " + std::string(sqlstate) + ")";
  return {known ? row->code : Errc::kInvalidArgument, std::move(message)};
}

std::string_view sqlstate_in(std::string_view verbose_message) {
  // "…: FATAL:  28P01: password authentication failed"; the word is the server's language.
  constexpr std::string_view kMark = ":  ";
  constexpr std::size_t kLength = 5;
  const auto at = verbose_message.find(kMark);
  if (at == verbose_message.npos) return {};
  const std::string_view rest = verbose_message.substr(at + kMark.size());
  const bool fits = rest.size() > kLength && rest[kLength] == ':' &&
                    std::ranges::all_of(rest.substr(0, kLength), [](char c) {
                      return is_digit(c) || (c >= 'A' && c <= 'Z');
                    });
  return fits ? rest.substr(0, kLength) : std::string_view();
}

}  // namespace verihook::store::postgres
