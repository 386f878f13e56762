#include "http/url.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::http {
namespace {

constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

// Ports of other protocols, which must not be spoken to through this program whatever the address.
constexpr std::uint16_t kRefusedPorts[] = {
    22,     // SSH
    25,     // SMTP
    53,     // DNS
    110,    // POP3
    143,    // IMAP
    465,    // SMTP over TLS
    587,    // mail submission
    993,    // IMAP over TLS
    995,    // POP3 over TLS
    3306,   // MySQL
    5432,   // PostgreSQL
    6379,   // Redis
    9200,   // Elasticsearch
    11211,  // memcached
};

std::unexpected<Error> refuse(std::string sentence) {
  return fail(Errc::kInvalidArgument, std::move(sentence));
}

bool is_hex(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

// RFC 3986's characters of a path or query; what it leaves out different parsers read differently.
bool is_target_character(char c) {
  return is_alnum(c) || std::string_view("-._~!$&'()*+,;=:@/?%").contains(c);
}

Result<void> check_characters(std::string_view text) {
  if (text.empty()) return refuse("the URL is empty");
  if (text.size() > kUrlBytesMax) {
    return refuse("the URL is longer than " + std::to_string(kUrlBytesMax) + " characters");
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) {
      return refuse("the URL holds a space or a control character; percent-encode it");
    }
    if (byte > 0x7f) {
      return refuse(
          "the URL holds a character outside ASCII; write an international host name in "
          "its xn-- form and percent-encode the rest");
    }
    if (c == '\\') return refuse("the URL holds a backslash; use /");
    if (c == '#') return refuse("the URL has a fragment (#…), which is never sent; leave it out");
  }
  return {};
}

Result<void> check_target(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (!is_target_character(target[i])) {
      return refuse(std::string("the URL's path or query holds ") + target[i] +
                    ", which must be percent-encoded");
    }
    if (target[i] == '%' &&
        (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2]))) {
      return refuse("the URL holds a % that is not followed by two hexadecimal digits");
    }
  }
  return {};
}

// Whether other parsers would take a host with this last label for an IPv4 address (WHATWG
// URL 3.5).
bool is_numeric_label(std::string_view label) {
  if (std::ranges::all_of(label, is_digit)) return true;
  return label.starts_with("0x") && std::ranges::all_of(label.substr(2), is_hex);
}

Result<void> check_name(std::string_view host) {
  if (host.size() > kHostBytesMax)
    return refuse("the URL's host name is longer than 253 characters");
  for (const auto label : split(host, '.')) {
    if (label.empty()) {
      return refuse("the URL's host name has an empty label, perhaps a dot at its end");
    }
    if (label.size() > kLabelBytesMax) {
      return refuse("a label of the URL's host name is longer than 63 characters");
    }
    const bool letters = std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
    if (!letters || label.starts_with('-') || label.ends_with('-')) {
      return refuse("the URL's host name may hold letters, digits and inner hyphens only");
    }
  }
  return {};
}

Result<void> read_host(Url& url, std::string_view host) {
  if (host.empty()) return refuse("the URL has no host");
  if (host.contains('%')) return refuse("the URL's host is percent-encoded or has a zone id");
  url.host = to_lower(host);
  const std::size_t dot = url.host.rfind('.');
  const std::string last = dot == std::string::npos ? url.host : url.host.substr(dot + 1);
  if (!last.empty() && is_numeric_label(last)) {
    const auto address = net::IpAddress::parse(url.host);
    if (!address) {
      return refuse(
          "the URL's host looks like an IPv4 address but is not one in canonical form, "
          "four decimal numbers such as 192.0.2.1");
    }
    url.literal = *address;
    return {};
  }
  return check_name(url.host);
}

Result<void> read_bracketed_host(Url& url, std::string_view host) {
  const auto address = net::IpAddress::parse(host);
  const std::string written = address ? address->to_string() : "";
  // What has IPv4 inside is written with dots, however it came.
  if (!address || !address->v6 || host.contains('.') || written.contains('.')) {
    return refuse("the URL's host in brackets is not a plain IPv6 address");
  }
  url.literal = *address;
  url.host = written;
  return {};
}

Result<void> read_port(Url& url, std::string_view text) {
  const auto port = text.size() <= 5 ? parse_u64(text) : std::nullopt;
  if (!port || *port == 0 || *port > 65'535 || text.starts_with('0')) {
    return refuse("the URL's port is not a number from 1 to 65535");
  }
  url.port = static_cast<std::uint16_t>(*port);
  if (std::ranges::find(kRefusedPorts, url.port) != std::end(kRefusedPorts)) {
    return refuse("the URL's port " + std::to_string(url.port) + " belongs to another protocol");
  }
  return {};
}

Result<void> read_authority(Url& url, std::string_view authority) {
  if (authority.contains('@')) {
    return refuse("the URL holds a user name or password; give credentials separately");
  }
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return refuse("the URL's host has an opening [ only");
    TRY_VOID(read_bracketed_host(url, authority.substr(1, end - 1)));
    rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return refuse("the URL's host is not valid");
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    TRY_VOID(read_host(url, authority.substr(0, colon)));
    rest = authority.substr(colon);
  }
  if (!rest.empty()) TRY_VOID(read_port(url, rest.substr(1)));
  return {};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  TRY_VOID(check_characters(text));
  Url url;
  const std::size_t scheme_end = text.find("://");
  const std::string scheme = to_lower(text.substr(0, std::min(scheme_end, text.size())));
  if (scheme_end == std::string_view::npos || (scheme != "https" && scheme != "http")) {
    return refuse("the URL must begin with https:// or http://");
  }
  url.https = scheme == "https";
  url.port = url.https ? 443 : 80;
  const std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  TRY_VOID(read_authority(url, rest.substr(0, authority_end)));
  url.target = rest.substr(authority_end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  TRY_VOID(check_target(url.target));
  return url;
}

std::string Url::to_string() const {
  std::string text = https ? "https://" : "http://";
  text += literal && literal->v6 ? "[" + host + "]" : host;
  if (port != (https ? 443 : 80)) text += ":" + std::to_string(port);
  return text + target;
}

}  // namespace verihook::http
