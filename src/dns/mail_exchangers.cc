#include "dns/mail_exchangers.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "dns/reply_parser.h"

namespace verihook::dns {
namespace {

MailExchangers failed(Error error) {
  MailExchangers found;
  found.error = std::move(error);
  return found;
}

MailExchangers from_records(MxAnswer answer) {
  MailExchangers found;
  found.ttl = answer.ttl;
  found.records = answer.records;
  const auto is_root = [](const MxRecord& record) { return record.host.empty(); };
  if (std::ranges::all_of(answer.records, is_root)) {
    found.route = MailRoute::kNullMx;
    return found;
  }
  for (MxRecord& record : answer.records) {
    record.host = to_lower(record.host);
    if (is_usable_mail_host(record.host)) found.hosts.push_back(std::move(record));
  }
  std::ranges::sort(found.hosts, [](const MxRecord& a, const MxRecord& b) {
    return std::tie(a.preference, a.host) < std::tie(b.preference, b.host);
  });
  const auto same_host = std::ranges::unique(found.hosts, {}, &MxRecord::host);
  found.hosts.erase(same_host.begin(), same_host.end());
  if (found.hosts.size() > kMailHostsMax) found.hosts.resize(kMailHostsMax);
  found.route = found.hosts.empty() ? MailRoute::kNoMail : MailRoute::kHosts;
  return found;
}

}  // namespace

bool is_usable_mail_host(std::string_view host) {
  constexpr std::string_view kLocalhostSuffix = ".localhost";
  if (!is_askable_name(host) || host == "localhost.localdomain") return false;
  if (host.find('.') == std::string_view::npos) return false;
  if (host.size() > kLocalhostSuffix.size() && host.ends_with(kLocalhostSuffix)) return false;
  const std::string_view last_label = host.substr(host.rfind('.') + 1);
  if (std::ranges::all_of(last_label, is_digit)) return false;  // an IPv4 address
  return std::ranges::all_of(
      host, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

Task<MailExchangers> find_mail_exchangers(Resolver& resolver, std::string domain,
                                          Deadline deadline) {
  Result<MxAnswer> mx = co_await resolver.mx(domain, deadline);
  if (!mx) co_return failed(std::move(mx.error()));
  MailExchangers found;
  found.ttl = mx->ttl;
  if (mx->status == NameStatus::kDoesNotExist) {
    found.route = MailRoute::kNoDomain;
    co_return found;
  }
  if (!mx->records.empty()) co_return from_records(std::move(*mx));

  Result<AddressAnswer> addresses = co_await resolver.addresses(domain, deadline);
  if (!addresses) co_return failed(std::move(addresses.error()));
  found.ttl = std::min(mx->ttl, addresses->ttl);
  if (addresses->records.empty()) {
    // The MX answer said that the name exists, so a contradicting NXDOMAIN means "no address" only.
    found.route = MailRoute::kNoMail;
    co_return found;
  }
  found.route = MailRoute::kImplicit;
  found.hosts.push_back({0, to_lower(domain)});
  co_return found;
}

}  // namespace verihook::dns
