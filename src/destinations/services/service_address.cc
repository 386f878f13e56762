#include "destinations/services/service_address.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/percent.h"
#include "base/text.h"
#include "http/url.h"

namespace verihook::destinations {
namespace {

constexpr std::size_t kCredentialBytesMax = 512;

std::unexpected<Error> refuse(std::string sentence) {
  return fail(Errc::kInvalidArgument, std::move(sentence));
}

Result<std::string> read_credential(std::string_view text) {
  auto decoded = percent_decoded(text);
  const bool good = decoded && decoded->size() <= kCredentialBytesMax && is_valid_utf8(*decoded) &&
                    std::ranges::none_of(*decoded, [](char c) {
                      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                    });
  if (!good) {
    return refuse("the url's user and password must be at most 512 bytes of percent-encoded text");
  }
  return std::move(*decoded);
}

Result<void> read_credentials(ServiceAddress& address, std::string_view text) {
  const std::size_t colon = text.find(':');
  TRY(user, read_credential(text.substr(0, colon)));
  address.user = user;
  if (colon == text.npos) return {};
  TRY(password, read_credential(text.substr(colon + 1)));
  address.password = password;
  return {};
}

// "host", "host:port", "[::1]:port".
Result<void> read_host_and_port(ServiceAddress& address, std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  std::string_view host = text;
  if (colon != text.npos && (bracket == text.npos || colon > bracket)) {
    host = text.substr(0, colon);
    const auto port = parse_u64(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65'535) {
      return refuse("the url's port must be a number from 1 to 65535");
    }
    address.port = static_cast<std::uint16_t>(*port);
  }
  // What a host may be is decided in one place.
  TRY(url, http::Url::parse("https://" + std::string(host) + "/"));
  address.host = url.host;
  address.literal = url.literal;
  return {};
}

}  // namespace

Result<ServiceAddress> ServiceAddress::parse(std::string_view text,
                                             std::span<const ServiceScheme> schemes) {
  if (text.size() > http::kUrlBytesMax) return refuse("the url is longer than 2048 characters");
  const std::size_t end = text.find("://");
  const std::string scheme = to_lower(text.substr(0, end));
  const auto known = std::ranges::find(schemes, std::string_view(scheme), &ServiceScheme::name);
  if (end == text.npos || known == schemes.end()) {
    std::vector<std::string> names;
    for (const ServiceScheme& each : schemes) names.push_back(fmt::format("{}://", each.name));
    return refuse(fmt::format("url must begin with {}", fmt::join(names, " or ")));
  }
  ServiceAddress address;
  address.scheme = scheme;
  address.tls = known->tls;
  address.port = known->default_port;
  std::string_view rest = text.substr(end + 3);
  const std::size_t slash = rest.find('/');
  if (slash != rest.npos) {
    address.path = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (const std::size_t at = rest.rfind('@'); at != rest.npos) {
    TRY_VOID(read_credentials(address, rest.substr(0, at)));
    rest = rest.substr(at + 1);
  }
  if (rest.find_first_of("?#") != rest.npos || address.path.find_first_of("?#") != rest.npos) {
    return refuse("the url must have no ? and no #; what else there is to say stands in settings");
  }
  TRY_VOID(read_host_and_port(address, rest));
  return address;
}

std::string ServiceAddress::public_url() const {
  const bool v6 = literal && literal->v6;
  std::string url = fmt::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
  if (!path.empty()) url += "/" + path;
  return url;
}

}  // namespace verihook::destinations
