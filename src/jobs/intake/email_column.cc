#include "jobs/intake/email_column.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace verihook::jobs {
namespace {

// As normal_name writes them; a column that stands earlier here is taken before one that stands
// later.
constexpr std::array<std::string_view, 75> kEmailNames = {
    "email", "emailaddress", "mail", "mailaddress", "emailid", "emailaddr", "useremail",
    "customeremail", "contactemail", "workemail", "businessemail", "personalemail", "primaryemail",
    "email1", "emailaddress1", "subscriberemail", "recipient", "recipientemail",
    // Romance languages
    "correo", "correoelectronico", "correoelectrónico", "direcciondecorreo", "courriel",
    "adresseemail", "adressemail", "adressecourriel", "adresseélectronique", "mél", "mel",
    "emailprofessionnel", "correioeletronico", "correioeletrônico", "correioelectrónico",
    "enderecodeemail", "endereçodeemail", "postaelettronica", "indirizzoemail",
    "indirizzodipostaelettronica", "correu", "correuelectrònic",
    // Germanic and Nordic languages
    "emailadresse", "mailadresse", "emailadres", "mailadres", "epost", "epostadress",
    "epostadresse", "epostaddress", "mailadress", "netfang", "sähköposti", "sähköpostiosoite",
    // Slavic and Baltic languages
    "почта", "Почта", "электроннаяпочта", "Электроннаяпочта", "элпочта", "Элпочта", "имейл",
    "електроннапошта", "poczta", "adresemail", "eposta", "elpastas", "meil",
    // Others
    "メール", "メールアドレス", "eメール", "邮箱", "电子邮件", "电子邮箱", "電子郵件", "이메일",
    "อีเมล", "البريدالإلكتروني"};

// Without what people put between the words, in small letters.
std::string normal_name(std::string_view name) {
  std::string normal;
  for (const char c : name) {
    if (!std::string_view(" \t\r\n-_.:*'\"").contains(c)) normal.push_back(to_lower(c));
  }
  return normal;
}

// Smaller is better; nothing when it is none.
std::optional<std::size_t> rank_of(std::string_view name) {
  const auto found = std::ranges::find(kEmailNames, normal_name(name));
  if (found == kEmailNames.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kEmailNames.begin());
}

std::optional<std::size_t> find_known_name(const CellTexts& first) {
  std::optional<std::size_t> best;
  std::size_t best_rank = kEmailNames.size();
  for (std::size_t column = 0; column < first.size(); ++column) {
    const auto rank = rank_of(first[column]);
    if (!rank || *rank >= best_rank) continue;
    best = column;
    best_rank = *rank;
  }
  return best;
}

// For sentences: the names there are, but nothing that may be somebody's address.
std::string describe_columns(const CellTexts& first) {
  constexpr std::size_t kShownMax = 20;
  constexpr std::size_t kNameBytesMax = 60;
  std::string text;
  for (std::size_t column = 0; column < first.size() && column < kShownMax; ++column) {
    const std::string_view name = trim(first[column]);
    text += text.empty() ? "" : ", ";
    text += std::to_string(column + 1);
    const bool shown = !name.empty() && name.size() <= kNameBytesMax && !name.contains('@');
    if (shown) text += " \"" + std::string(name) + "\"";
  }
  return first.size() > kShownMax ? text + ", …" : text;
}

std::unexpected<Error> refuse(std::string_view why, const CellTexts& first) {
  return fail(Errc::kInvalidArgument,
              std::string(why) + "; the columns of the first line are: " + describe_columns(first));
}

struct Found {
  std::size_t email = 0;
  bool header = false;
};

Result<Found> find_wanted(const CellTexts& first, std::string_view wanted) {
  for (std::size_t column = 0; column < first.size(); ++column) {
    if (trim(first[column]) == wanted) return Found{column, true};
  }
  for (std::size_t column = 0; column < first.size(); ++column) {
    const std::string name = normal_name(first[column]);
    if (!name.empty() && name == normal_name(wanted)) return Found{column, true};
  }
  const auto number = parse_u64(wanted);
  if (number && *number >= 1 && *number <= first.size()) {
    const auto column = static_cast<std::size_t>(*number - 1);
    return Found{column, !looks_like_address(first[column])};
  }
  return refuse("email_column names a column that the list does not have", first);
}

Result<Found> find_by_content(std::span<const CellTexts> records) {
  const CellTexts& first = records.front();
  std::vector<std::size_t> addresses(first.size());
  std::size_t rows = 0;
  for (const CellTexts& record : records) {
    rows += std::ranges::any_of(record, [](const auto& cell) { return !trim(cell).empty(); });
    for (std::size_t column = 0; column < std::min(record.size(), first.size()); ++column) {
      if (looks_like_address(record[column])) ++addresses[column];
    }
  }
  const auto most = std::ranges::max_element(addresses);
  const auto column = static_cast<std::size_t>(most - addresses.begin());
  const bool header = !looks_like_address(first[column]);
  if (first.size() == 1) return Found{0, header && *most > 0};
  // The header is no row.
  if (2 * *most < rows - (header && rows > 1 ? 1 : 0) || *most == 0) {
    return refuse("it cannot be told which column holds the addresses; say so with email_column",
                  first);
  }
  if (std::ranges::count(addresses, *most) > 1) {
    return refuse("more than one column looks like addresses; say which with email_column", first);
  }
  return Found{column, header};
}

Result<Found> find_email(std::span<const CellTexts> records, std::string_view wanted) {
  const CellTexts& first = records.front();
  if (!wanted.empty()) return find_wanted(first, wanted);
  if (const auto known = find_known_name(first)) return Found{*known, true};
  return find_by_content(records);
}

std::vector<std::string> names_of(const CellTexts& first, bool header) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (std::size_t column = 0; column < first.size(); ++column) {
    std::string name(header ? trim(first[column]) : std::string_view());
    if (name.empty()) name = "column_" + std::to_string(column + 1);
    const std::string wanted = name;
    for (int more = 2; !taken.insert(name).second; ++more) {
      name = wanted + "_" + std::to_string(more);
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

bool is_email_name(std::string_view name) { return rank_of(name).has_value(); }

bool looks_like_address(std::string_view cell) {
  cell = trim(cell);
  const auto at = cell.find('@');
  return at != cell.npos && at > 0 && at + 1 < cell.size() && !cell.contains(' ');
}

Result<ColumnChoice> choose_columns(std::span<const CellTexts> records, std::string_view wanted) {
  TRY(found, find_email(records, trim(wanted)));
  const CellTexts& first = records.front();
  ColumnChoice choice;
  choice.email = found.email;
  choice.header = found.header;
  choice.names = names_of(first, found.header);
  for (std::size_t column = 0; found.header && column < first.size() && !choice.id; ++column) {
    const bool is_id = normal_name(first[column]) == "id";
    if (is_id && column != found.email) choice.id = column;
  }
  return choice;
}

}  // namespace verihook::jobs
