// dns::parse_mx_reply and parse_address_reply on any bytes, as the reply to a question for MX, A
// and AAAA of example.test. Checked:
// - an answer keeps the limits that the header promises: records, time to live, text of host names;
// - "does not exist" and "no records" never come with records, errors are always kDns;
// - MX records are sorted, addresses are of the family asked for;
// - bytes behind the message change nothing, nor does the letter case of the question.
#include <algorithm>
#include <vector>

#include "dns/reply_parser.h"
#include "tests/fuzz/fuzz.h"

namespace verihook::fuzz {
namespace {

using dns::RecordType;

constexpr std::string_view kName = "example.test";
constexpr std::string_view kNameInCapitals = "Example.TEST";
// 255 octets of which each may be written as \DDD.
constexpr std::size_t kHostTextBytesMax = 4 * 255;

using Bytes = std::vector<std::uint8_t>;

bool is_host_text(std::string_view host) {
  return host.size() <= kHostTextBytesMax && !host.starts_with('.') && !host.ends_with('.') &&
         std::ranges::all_of(host,
                             [](char c) { return c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'); });
}

void check_records(const std::vector<dns::MxRecord>& records, RecordType) {
  check(records.size() <= dns::kMxRecordsMax, "an answer keeps few MX records", "");
  for (std::size_t i = 0; i < records.size(); ++i) {
    check(is_host_text(records[i].host), "a host is printable lower case", records[i].host);
    check(i == 0 || records[i - 1].preference <= records[i].preference, "MX records are sorted",
          records[i].host);
  }
}

void check_records(const std::vector<net::IpAddress>& records, RecordType type) {
  check(records.size() <= dns::kAddressesPerTypeMax, "an answer keeps few addresses", "");
  for (const net::IpAddress& address : records) {
    check(address.v6 == (type == RecordType::kAaaa), "an address is of the family asked for",
          address.to_string());
  }
}

// Parses the message in each of the three ways in which nothing may differ.
template <class Parse>
void check_reply(const Bytes& message, RecordType type, const Parse& parse) {
  const auto answer = parse(message, kName);
  const auto same = parse(message, kNameInCapitals);
  check(answer.has_value() == same.has_value(), "the case of the question changes nothing", "");
  if (!answer) {
    check(answer.error().code == Errc::kDns, "a failure is kDns", answer.error().message);
    check_sentence(answer.error().message);
    return;
  }
  check_records(answer->records, type);
  const bool negative = answer->records.empty();
  check(answer->status == dns::NameStatus::kExists || negative,
        "a name that does not exist has no records", "");
  check(answer->ttl >= std::chrono::seconds{0} &&
            answer->ttl <= (negative ? dns::kNegativeTtlMax_s : dns::kTtlMax_s),
        "an answer is kept for a day at most, \"no\" for an hour", "");

  Bytes longer = message;
  for (const std::uint8_t byte : {0xc0, 0x0c, 0x00, 0x01}) longer.push_back(byte);
  const auto again = parse(longer, kName);
  check(again && again->status == answer->status && again->ttl == answer->ttl &&
            again->records == answer->records && same->records == answer->records,
        "bytes behind the message change nothing", "");
}

}  // namespace

void run_one(std::string_view input) {
  const Bytes message(input.begin(), input.end());
  check_reply(message, RecordType::kMx, [](const Bytes& bytes, std::string_view name) {
    return dns::parse_mx_reply(bytes, name);
  });
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
    check_reply(message, type, [type](const Bytes& bytes, std::string_view name) {
      return dns::parse_address_reply(bytes, name, type);
    });
  }
}

}  // namespace verihook::fuzz
