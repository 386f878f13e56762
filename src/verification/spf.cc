#include "verification/spf.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/text.h"
#include "dns/reply_parser.h"

namespace verihook::verification {
namespace {

// Why an evaluation ends before it has a match.
struct Stop {
  SpfResult result;
  std::string why;
};

template <class T>
using Step = std::expected<T, Stop>;

std::unexpected<Stop> stop(SpfResult result, std::string why) {
  return std::unexpected(Stop{result, std::move(why)});
}

// One question to the end: the limits are of the whole, included records with it.
class Evaluation {
 public:
  Evaluation(dns::Resolver& resolver, SpfIdentity identity, Deadline deadline)
      : resolver_(resolver), identity_(std::move(identity)), deadline_(deadline) {}

  Task<SpfAnswer> judge(std::string domain);

 private:
  Task<Step<std::string>> record_of(std::string domain);
  Task<Step<bool>> matches(SpfTerm term, std::string domain);
  Task<Step<bool>> matches_include(std::string target);
  Task<Step<bool>> has_address(std::string target, SpfTerm term, bool counts_as_void);
  Task<Step<bool>> matches_mx(std::string target, SpfTerm term);
  Task<Step<bool>> matches_ptr(std::string target);
  Task<Step<bool>> exists(std::string target);

  Step<void> count_lookup();
  Step<void> count_void(bool empty);

  dns::Resolver& resolver_;
  const SpfIdentity identity_;
  const Deadline deadline_;
  int lookups_ = 0;
  int void_lookups_ = 0;
};

Step<void> Evaluation::count_lookup() {
  if (++lookups_ <= kSpfLookupsMax) return {};
  return stop(SpfResult::kPermError, "the record needs more than 10 DNS look-ups");
}

Step<void> Evaluation::count_void(bool empty) {
  if (!empty || ++void_lookups_ <= kSpfVoidLookupsMax) return {};
  return stop(SpfResult::kPermError, "more than 2 names in the record do not exist");
}

Task<Step<std::string>> Evaluation::record_of(std::string domain) {
  const auto texts = co_await resolver_.texts(domain, deadline_);
  if (!texts) co_return stop(SpfResult::kTempError, texts.error().message);
  std::vector<std::string> records;
  std::ranges::copy_if(texts->records, std::back_inserter(records), is_spf_record);
  if (records.empty()) {
    co_return stop(SpfResult::kNone, fmt::format("{} has no SPF record", domain));
  }
  if (records.size() > 1) {
    co_return stop(SpfResult::kPermError, fmt::format("{} has several SPF records", domain));
  }
  co_return std::move(records.front());
}

Task<SpfAnswer> Evaluation::judge(std::string domain) {
  if (!dns::is_askable_name(domain)) {
    co_return SpfAnswer{SpfResult::kNone, "the sender has no domain that the DNS can carry"};
  }
  const auto text = co_await record_of(domain);
  if (!text) co_return SpfAnswer{text.error().result, text.error().why};
  const auto record = parse_spf_record(*text);
  if (!record) {
    co_return SpfAnswer{SpfResult::kPermError,
                        fmt::format("in the record of {}, {}", domain, record.error().message)};
  }
  for (const SpfTerm& term : record->terms) {
    const auto match = co_await matches(term, domain);
    if (!match) co_return SpfAnswer{match.error().result, match.error().why};
    if (*match) co_return SpfAnswer{term.result, fmt::format("{} of {}", term.text, domain)};
  }
  if (!record->redirect) {
    co_return SpfAnswer{SpfResult::kNeutral, fmt::format("no term of {} matches", domain)};
  }
  if (const auto counted = count_lookup(); !counted) {
    co_return SpfAnswer{counted.error().result, counted.error().why};
  }
  const auto target = expand_spf_macros(*record->redirect, identity_, domain);
  if (!target) co_return SpfAnswer{SpfResult::kPermError, target.error().message};
  SpfAnswer answer = co_await judge(*target);
  if (answer.result == SpfResult::kNone) answer.result = SpfResult::kPermError;
  co_return answer;
}

Task<Step<bool>> Evaluation::matches(SpfTerm term, std::string domain) {
  if (term.mechanism == SpfMechanism::kAll) co_return true;
  if (term.mechanism == SpfMechanism::kIp) co_return term.range.contains(identity_.address);
  if (const auto counted = count_lookup(); !counted) co_return std::unexpected(counted.error());
  std::string target = domain;
  if (!term.domain.empty()) {
    auto expanded = expand_spf_macros(term.domain, identity_, domain);
    if (!expanded) co_return stop(SpfResult::kPermError, expanded.error().message);
    target = std::move(*expanded);
  }
  switch (term.mechanism) {
    case SpfMechanism::kInclude:
      co_return co_await matches_include(std::move(target));
    case SpfMechanism::kA:
      co_return co_await has_address(std::move(target), std::move(term), true);
    case SpfMechanism::kMx:
      co_return co_await matches_mx(std::move(target), std::move(term));
    case SpfMechanism::kPtr:
      co_return co_await matches_ptr(std::move(target));
    case SpfMechanism::kExists:
      co_return co_await exists(std::move(target));
    case SpfMechanism::kAll:
    case SpfMechanism::kIp:
      break;
  }
  co_return false;
}

Task<Step<bool>> Evaluation::matches_include(std::string target) {
  SpfAnswer answer = co_await judge(std::move(target));
  switch (answer.result) {
    case SpfResult::kPass:
      co_return true;
    case SpfResult::kFail:
    case SpfResult::kSoftFail:
    case SpfResult::kNeutral:
      co_return false;
    case SpfResult::kTempError:
      co_return stop(SpfResult::kTempError, std::move(answer.why));
    case SpfResult::kNone:
    case SpfResult::kPermError:
      break;
  }
  co_return stop(SpfResult::kPermError, std::move(answer.why));
}

Task<Step<bool>> Evaluation::has_address(std::string target, SpfTerm term, bool counts_as_void) {
  const auto answer = co_await resolver_.addresses(std::move(target), deadline_);
  if (!answer) co_return stop(SpfResult::kTempError, answer.error().message);
  if (counts_as_void) {
    if (const auto counted = count_void(answer->records.empty()); !counted) {
      co_return std::unexpected(counted.error());
    }
  }
  co_return std::ranges::any_of(answer->records, [&](const net::IpAddress& address) {
    return net::Cidr{address, address.v6 ? term.prefix_v6 : term.prefix_v4}.contains(
        identity_.address);
  });
}

Task<Step<bool>> Evaluation::matches_mx(std::string target, SpfTerm term) {
  const auto answer = co_await resolver_.mx(target, deadline_);
  if (!answer) co_return stop(SpfResult::kTempError, answer.error().message);
  if (const auto counted = count_void(answer->records.empty()); !counted) {
    co_return std::unexpected(counted.error());
  }
  if (answer->records.size() > kSpfNamesMax) {
    co_return stop(SpfResult::kPermError, fmt::format("{} has more than 10 mail hosts", target));
  }
  for (const dns::MxRecord& record : answer->records) {
    if (record.host.empty()) continue;
    auto match = co_await has_address(record.host, term, false);
    if (!match || *match) co_return match;
  }
  co_return false;
}

// A failure here only means that no name matches (section 5.5).
Task<Step<bool>> Evaluation::matches_ptr(std::string target) {
  const auto answer = co_await resolver_.names(identity_.address, deadline_);
  if (!answer) co_return false;
  if (const auto counted = count_void(answer->records.empty()); !counted) {
    co_return std::unexpected(counted.error());
  }
  const std::string suffix = "." + to_lower(target);
  const auto count = std::min(answer->records.size(), kSpfNamesMax);
  for (const std::string& name : std::span(answer->records).first(count)) {
    if (name != to_lower(target) && !name.ends_with(suffix)) continue;
    const auto addresses = co_await resolver_.addresses(name, deadline_);
    if (!addresses) continue;
    if (std::ranges::find(addresses->records, identity_.address) != addresses->records.end()) {
      co_return true;
    }
  }
  co_return false;
}

Task<Step<bool>> Evaluation::exists(std::string target) {
  const auto answer = co_await resolver_.addresses(std::move(target), deadline_);
  if (!answer) co_return stop(SpfResult::kTempError, answer.error().message);
  if (const auto counted = count_void(answer->records.empty()); !counted) {
    co_return std::unexpected(counted.error());
  }
  co_return std::ranges::any_of(answer->records,
                                [](const net::IpAddress& address) { return !address.v6; });
}

}  // namespace

Task<SpfAnswer> check_spf(dns::Resolver& resolver, SpfIdentity identity, Deadline deadline) {
  const std::string domain = to_lower(domain_of_sender(identity.sender));
  if (!identity.sender.contains('@')) identity.sender = "postmaster@" + domain;
  Evaluation evaluation(resolver, std::move(identity), deadline);
  co_return co_await evaluation.judge(domain);
}

}  // namespace verihook::verification
