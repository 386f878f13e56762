#include "store/postgres_url.h"

#include <algorithm>
#include <array>

#include "base/percent.h"
#include "base/text.h"

namespace verihook::store {
namespace {

constexpr std::array<std::string_view, 2> kSchemes = {"postgres://", "postgresql://"};
constexpr std::array<std::string_view, 4> kSslModes = {"disable", "prefer", "require",
                                                       "verify-full"};
constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kNameBytesMax = 63;  // of a role or a database
constexpr std::size_t kPasswordBytesMax = 1024;

std::unexpected<Error> refuse(std::string sentence) {
  return fail(Errc::kInvalidArgument, "the database's URL " + std::move(sentence));
}

Result<std::string> decoded(std::string_view text, std::string_view what, std::size_t bytes_max) {
  auto plain = percent_decoded(text);
  if (!plain) return refuse("has a % that is not followed by two hexadecimal digits");
  const bool whole = plain->size() <= bytes_max && is_valid_utf8(*plain) && !plain->contains('\0');
  if (!whole) {
    return refuse("has a " + std::string(what) + " that is no UTF-8 or longer than " +
                  std::to_string(bytes_max) + " bytes");
  }
  return *std::move(plain);
}

bool is_host_name(std::string_view name) {
  const auto is_label = [](std::string_view label) {
    return !label.empty() && label.size() <= 63 && !label.starts_with('-') &&
           std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
  };
  return !name.empty() && name.size() <= kHostBytesMax &&
         std::ranges::all_of(split(name, '.'), is_label);
}

Result<std::uint16_t> read_port(std::string_view text) {
  const auto port = text.size() <= 5 ? parse_u64(text) : std::nullopt;
  if (!port || *port == 0 || *port > 65'535) return refuse("has a port that is none");
  return static_cast<std::uint16_t>(*port);
}

// "name", "name:5433", "192.0.2.1", "[2001:db8::1]:5433".
Result<PostgresUrl::Host> read_host(std::string_view text) {
  PostgresUrl::Host host;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return refuse("has a [ without its ]");
    const auto address = net::IpAddress::parse(text.substr(1, end - 1));
    if (!address || !address->v6) return refuse("has no IPv6 address in its brackets");
    host.literal = *address;
    host.name = address->to_string();
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refuse("has something behind a ]");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const auto colon = text.find(':');
    host.name = to_lower(text.substr(0, colon));
    if (colon != text.npos) port = text.substr(colon + 1);
    const std::string last = host.name.substr(host.name.rfind('.') + 1);
    if (!last.empty() && is_digit(last.front())) {
      const auto address = net::IpAddress::parse(host.name);
      if (!address) return refuse("has a host that is neither a name nor a plain address");
      host.literal = *address;
    } else if (!is_host_name(host.name)) {
      return refuse("must name a host, as in postgres://user:password@db.example.com:5432/name");
    }
  }
  if (!port.empty()) {
    TRY(number, read_port(port));
    host.port = number;
  }
  return host;
}

Result<void> read_hosts(PostgresUrl& url, std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() > kPostgresHostsMax) return refuse("names more than 8 hosts");
  for (const std::string_view part : parts) {
    TRY(host, read_host(part));
    url.hosts.push_back(std::move(host));
  }
  return {};
}

Result<void> read_credentials(PostgresUrl& url, std::string_view text) {
  const auto colon = text.find(':');
  TRY(user, decoded(text.substr(0, colon), "user", kNameBytesMax));
  url.user = std::move(user);
  if (colon != text.npos) {
    TRY(password, decoded(text.substr(colon + 1), "password", kPasswordBytesMax));
    url.password = std::move(password);
  }
  return {};
}

Result<void> read_option(PostgresUrl& url, std::string_view option) {
  const auto equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = equals == option.npos ? "" : option.substr(equals + 1);
  if (name == "sslmode") {
    if (std::ranges::find(kSslModes, value) == kSslModes.end()) {
      return refuse("must have disable, prefer, require or verify-full as its sslmode");
    }
    url.ssl_mode = value;
    return {};
  }
  if (name == "target_session_attrs") {
    if (value != "any" && value != "read-write") {
      return refuse("must have any or read-write as its target_session_attrs");
    }
    url.writable = value == "read-write";
    return {};
  }
  return refuse("may have the options sslmode and target_session_attrs and no others");
}

}  // namespace

bool is_postgres_url(std::string_view text) {
  return std::ranges::any_of(kSchemes,
                             [&](std::string_view scheme) { return text.starts_with(scheme); });
}

Result<PostgresUrl> PostgresUrl::parse(std::string_view text) {
  if (!is_postgres_url(text)) return refuse("must begin with postgres://");
  if (text.size() > kPostgresUrlBytesMax) return refuse("is longer than 2048 bytes");
  text.remove_prefix(text.find("://") + 3);
  PostgresUrl url;
  const auto question = text.find('?');
  const std::string_view query = question == text.npos ? "" : text.substr(question + 1);
  text = text.substr(0, question);
  const auto slash = text.find('/');
  if (slash == text.npos || slash + 1 == text.size()) {
    return refuse("must end with the database's name, as in postgres://host/name");
  }
  TRY(database, decoded(text.substr(slash + 1), "database", kNameBytesMax));
  url.database = std::move(database);
  text = text.substr(0, slash);
  // A password may hold an @ that nobody encoded; a host cannot.
  const auto at = text.rfind('@');
  if (at != text.npos) TRY_VOID(read_credentials(url, text.substr(0, at)));
  if (url.user.empty()) {
    return refuse("must name a user, as in postgres://user:password@host/name");
  }
  TRY_VOID(read_hosts(url, at == text.npos ? text : text.substr(at + 1)));
  if (query.empty()) return url;
  for (const std::string_view option : split(query, '&')) TRY_VOID(read_option(url, option));
  return url;
}

std::string PostgresUrl::shown() const {
  std::string text = "postgres://" + percent_encoded(user) + "@";
  for (const Host& host : hosts) {
    if (!text.ends_with('@')) text += ',';
    text += host.literal && host.literal->v6 ? "[" + host.name + "]" : host.name;
    text += ":" + std::to_string(host.port);
  }
  text += "/" + percent_encoded(database) + "?sslmode=" + ssl_mode;
  if (writable) text += "&target_session_attrs=read-write";
  return text;
}

}  // namespace verihook::store
