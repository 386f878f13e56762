#include "verification/egress.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/percent.h"
#include "base/text.h"

namespace verihook::verification {
namespace {

constexpr std::string_view kProxyPrefix = "socks5://";
constexpr std::string_view kDefaultName = "default";
constexpr std::size_t kCredentialBytesMax = 255;

std::unexpected<Error> wrong(std::string message) {
  return fail(Errc::kInvalidArgument, std::move(message));
}

Result<std::string> credential(std::string_view text) {
  auto decoded = percent_decoded(text);
  if (!decoded) return wrong("% in a proxy's user or password is written as %25");
  if (decoded->size() > kCredentialBytesMax) {
    return wrong("a proxy's user or password cannot be longer than 255 bytes");
  }
  return *std::move(decoded);
}

Result<net::SocksProxy> parse_proxy(std::string_view text) {
  net::SocksProxy proxy;
  if (const std::size_t at = text.rfind('@'); at != text.npos) {
    const std::string_view credentials = text.substr(0, at);
    const std::size_t colon = credentials.find(':');
    TRY(user, credential(credentials.substr(0, colon)));
    if (colon != credentials.npos) {
      TRY(password, credential(credentials.substr(colon + 1)));
      proxy.password = std::move(password);
    }
    if (user.empty()) return wrong("a proxy's user cannot be empty");
    proxy.user = std::move(user);
    text.remove_prefix(at + 1);
  }
  const auto endpoint = net::Endpoint::parse(text);
  if (!endpoint || endpoint->port == 0) {
    return wrong("a proxy is written as socks5://user:password@10.0.0.1:1080");
  }
  proxy.endpoint = *endpoint;
  return proxy;
}

Result<std::optional<net::IpAddress>> parse_address(std::string_view key, std::string_view text) {
  const auto address = net::IpAddress::parse(text);
  if (!address) return wrong(fmt::format("{}= must be followed by an IP address", key));
  return std::optional(*address);
}

Result<void> read_way(EgressSource& source, std::string_view word) {
  if (word == kDefaultName) {
    source.name = word;
    return {};
  }
  if (word.starts_with(kProxyPrefix)) {
    TRY(proxy, parse_proxy(word.substr(kProxyPrefix.size())));
    source.name = std::string(kProxyPrefix) + proxy.endpoint.to_string();
    source.proxy = std::move(proxy);
    return {};
  }
  const auto address = net::IpAddress::parse(word);
  if (!address) {
    return wrong("must begin with an IP address of this host, socks5://ADDRESS:PORT or default");
  }
  source.address = *address;
  source.name = address->to_string();
  return {};
}

Result<void> read_option(EgressSource& source, std::string_view word) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
  if (equals == word.npos || value.empty()) {
    return wrong(fmt::format("{} must be of the form KEY=VALUE", word));
  }
  if (key == "helo") {
    if (!is_host_word(value)) return wrong("helo= must be followed by a host name");
    source.helo = value;
  } else if (key == "mail_from") {
    if (!is_sender_word(value)) return wrong("mail_from= must be followed by an address");
    source.mail_from = value;
  } else if (key == "name") {
    if (!is_host_word(value)) return wrong("name= must be followed by a printable word");
    source.name = value;
  } else if (key == "public") {
    TRY(address, parse_address(key, value));
    source.public_address = address;
  } else if (key == "via") {
    if (!source.proxy) return wrong("via= is only for proxies: the address to reach them from");
    TRY(address, parse_address(key, value));
    source.address = address;
  } else {
    return wrong(
        fmt::format("there is no {}=; there are helo, mail_from, public, via and name", key));
  }
  return {};
}

Result<void> check_families(const EgressSource& source) {
  if (!source.address) return {};
  if (source.proxy && source.proxy->endpoint.address.v6 != source.address->v6) {
    return wrong("via= must be of the same family as the proxy's address");
  }
  if (!source.proxy && source.public_address && source.public_address->v6 != source.address->v6) {
    return wrong("public= must be of the same family as the address");
  }
  return {};
}

// FNV-1a with a finisher, so that it is the same in every run and on every machine: a greylisting
// server is asked again after a restart, too.
std::uint64_t weight_of(std::string_view group_key, std::string_view name) {
  std::uint64_t hash = 14695981039346656037u;
  const auto add = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash = (hash ^ 0xffu) * 1099511628211u;
  };
  add(group_key);
  add(name);
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
  return hash ^ hash >> 31;
}

}  // namespace

bool is_host_word(std::string_view text) {
  constexpr std::size_t kBytesMax = 253;
  return !text.empty() && text.size() <= kBytesMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_sender_word(std::string_view text) {
  constexpr std::size_t kBytesMax = 254;
  const std::size_t at = text.rfind('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.size() <= kBytesMax &&
         text.find_first_of("<>") == text.npos &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Result<EgressSource> EgressSource::parse(std::string_view text) {
  EgressSource source;
  bool first = true;
  for (const std::string_view part : split(text, ' ')) {
    const std::string_view word = trim(part);
    if (word.empty()) continue;
    if (first) {
      TRY_VOID(read_way(source, word));
    } else {
      TRY_VOID(read_option(source, word));
    }
    first = false;
  }
  if (first) return wrong("must not be empty");
  TRY_VOID(check_families(source));
  return source;
}

std::string EgressSource::to_string() const {
  std::string text;
  std::string usual_name;
  if (proxy) {
    usual_name = std::string(kProxyPrefix) + proxy->endpoint.to_string();
    const std::string user = proxy->user.empty() ? "" : percent_encoded(proxy->user) + "@";
    text = std::string(kProxyPrefix) + user + proxy->endpoint.to_string();
    if (address) text += " via=" + address->to_string();
  } else {
    text = usual_name = address ? address->to_string() : std::string(kDefaultName);
  }
  if (public_address) text += " public=" + public_address->to_string();
  if (!helo.empty()) text += " helo=" + helo;
  if (!mail_from.empty()) text += " mail_from=" + mail_from;
  if (name != usual_name) text += " name=" + name;
  return text;
}

bool EgressSource::serves(Family family) const {
  // What reaches a proxy says nothing about where the proxy can go.
  if (public_address && (proxy || !address)) return family_of(*public_address) == family;
  if (address && !proxy) return family_of(*address) == family;
  return true;
}

std::vector<std::size_t> ranked_sources(std::span<const EgressSource> sources,
                                        std::string_view group_key) {
  std::vector<std::pair<std::uint64_t, std::size_t>> weighed;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    weighed.emplace_back(weight_of(group_key, sources[i].name), i);
  }
  std::ranges::sort(weighed, std::greater<>());
  std::vector<std::size_t> ranked;
  for (const auto& [weight, index] : weighed) ranked.push_back(index);
  return ranked;
}

std::vector<EgressSource> complete_sources(std::vector<EgressSource> configured,
                                           const std::string& helo, const std::string& mail_from) {
  if (configured.empty()) {
    configured.emplace_back();
    configured.back().name = kDefaultName;
  }
  for (EgressSource& source : configured) {
    const bool own_name = !source.helo.empty();
    if (!own_name) source.helo = helo;
    if (!source.mail_from.empty()) continue;
    source.mail_from = mail_from.empty() ? "verify@" + source.helo : mail_from;
  }
  return configured;
}

}  // namespace verihook::verification
