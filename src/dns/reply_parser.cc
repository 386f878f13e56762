#include "dns/reply_parser.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::dns {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::uint16_t kClassIn = 1;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Errc::kDns, fmt::format("the name server's reply is malformed: {}", what));
}

// Reads numbers and names; every read checks the end of the message first.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : message_(message) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return message_.size() - position_; }
  void jump(std::size_t position) { position_ = position; }

  Result<std::uint16_t> u16() {
    if (left() < 2) return malformed("it ends inside a number");
    const auto value =
        static_cast<std::uint16_t>(message_[position_] << 8 | message_[position_ + 1]);
    position_ += 2;
    return value;
  }
  Result<std::uint32_t> u32() {
    TRY(high, u16());
    TRY(low, u16());
    return std::uint32_t{high} << 16 | low;
  }
  Result<std::span<const std::uint8_t>> bytes(std::size_t count) {
    if (left() < count) return malformed("it ends inside a record");
    const auto part = message_.subspan(position_, count);
    position_ += count;
    return part;
  }
  // A possibly compressed name as lower-case text without the final dot; the root is empty.
  Result<std::string> name();

 private:
  std::span<const std::uint8_t> message_;
  std::size_t position_ = 0;
};

void append_label(std::string& text, std::span<const std::uint8_t> label) {
  if (!text.empty()) text += '.';
  for (const std::uint8_t byte : label) {
    const char c = to_lower(static_cast<char>(byte));
    if (byte > 0x20 && byte < 0x7f && c != '.' && c != '\\') {
      text += c;
    } else {
      text += fmt::format("\\{:03}", byte);
    }
  }
}

Result<std::string> Reader::name() {
  std::string text;
  std::size_t wire_bytes = 1;
  std::size_t jumps = 0;
  std::size_t at = position_;
  std::size_t after = 0;           // where the record goes on: behind the first pointer
  std::size_t lowest = position_;  // pointers must lead strictly backwards, so they end
  for (;;) {
    if (at >= message_.size()) return malformed("a name runs past its end");
    const std::uint8_t length = message_[at];
    if ((length & 0xc0) == 0xc0) {
      if (at + 1 >= message_.size()) return malformed("a pointer runs past its end");
      const std::size_t target = std::size_t{length & 0x3fu} << 8 | message_[at + 1];
      if (target >= lowest || target < kHeaderBytes) return malformed("a pointer leads forward");
      if (++jumps > kPointerJumpsMax) return malformed("a name has too many pointers");
      if (after == 0) after = at + 2;
      lowest = at = target;
      continue;
    }
    if (length > kLabelBytesMax) return malformed("a label has an unknown type");
    if (length == 0) break;
    if (message_.size() - at <= length) return malformed("a label runs past its end");
    wire_bytes += length + 1u;
    if (wire_bytes > kNameBytesMax) return malformed("a name is longer than 255 bytes");
    append_label(text, message_.subspan(at + 1, length));
    at += length + 1u;
  }
  position_ = after != 0 ? after : at + 1;
  return text;
}

struct Header {
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;

  bool is_reply() const { return (flags & 0x8000) != 0; }
  bool truncated() const { return (flags & 0x0200) != 0; }
  bool recursion_available() const { return (flags & 0x0080) != 0; }
  unsigned rcode() const { return flags & 0x000fu; }
};

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::chrono::seconds ttl{0};
  std::size_t data_position = 0;
  std::size_t data_size = 0;

  bool is(RecordType wanted) const { return type == static_cast<std::uint16_t>(wanted); }
};

struct Message {
  Header header;
  std::vector<Record> answers;
  std::vector<Record> authorities;
};

// RFC 2181 section 8: the top bit makes a TTL zero. What is left is clamped to a day.
std::chrono::seconds clamped_ttl(std::uint32_t wire) {
  if ((wire & 0x80000000u) != 0) return std::chrono::seconds{0};
  return std::min(std::chrono::seconds{wire}, kTtlMax_s);
}

// Records of other classes are passed over. A record takes eleven bytes at least, so a count that
// lies ends with the message.
Result<std::vector<Record>> read_section(Reader& reader, std::uint16_t count) {
  std::vector<Record> records;
  for (std::uint16_t i = 0; i < count; ++i) {
    Record record;
    TRY(owner, reader.name());
    TRY(type, reader.u16());
    TRY(record_class, reader.u16());
    TRY(ttl, reader.u32());
    TRY(size, reader.u16());
    record.owner = std::move(owner);
    record.type = type;
    record.ttl = clamped_ttl(ttl);
    record.data_position = reader.position();
    record.data_size = size;
    TRY_VOID(reader.bytes(size));
    if (record_class == kClassIn) records.push_back(std::move(record));
  }
  return records;
}

std::string_view rcode_name(unsigned rcode) {
  constexpr std::array<std::string_view, 6> kNames = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                      "NXDOMAIN", "NOTIMP",  "REFUSED"};
  return rcode < kNames.size() ? kNames[rcode] : "an unknown failure";
}

Result<Message> read_message(std::span<const std::uint8_t> bytes, std::string_view name,
                             RecordType type) {
  constexpr unsigned kNoError = 0;
  constexpr unsigned kNxDomain = 3;
  Reader reader(bytes);
  Message message;
  Header& header = message.header;
  TRY_VOID(reader.u16());
  TRY(flags, reader.u16());
  TRY(questions, reader.u16());
  TRY(answers, reader.u16());
  TRY(authorities, reader.u16());
  TRY_VOID(reader.u16());
  header = {flags, questions, answers, authorities};
  if (!header.is_reply()) return malformed("it is not a reply");
  if (header.rcode() != kNoError && header.rcode() != kNxDomain) {
    return fail(Errc::kDns, fmt::format("the name server answered {}", rcode_name(header.rcode())));
  }
  if (header.truncated()) return fail(Errc::kDns, "the name server's reply was cut short");
  if (header.questions != 1) return malformed("it has not exactly one question");
  TRY(asked, reader.name());
  TRY(asked_type, reader.u16());
  TRY(asked_class, reader.u16());
  if (asked != to_lower(name) || asked_type != static_cast<std::uint16_t>(type) ||
      asked_class != kClassIn) {
    return malformed("it answers another question");
  }
  TRY(answer_records, read_section(reader, header.answers));
  TRY(authority_records, read_section(reader, header.authorities));
  message.answers = std::move(answer_records);
  message.authorities = std::move(authority_records);
  return message;
}

// A name inside a record's data must end exactly where the data ends (`skip` bytes stand before
// it).
Result<std::string> name_in(std::span<const std::uint8_t> bytes, const Record& record,
                            std::size_t skip) {
  if (record.data_size <= skip) return malformed("a record is too short");
  Reader reader(bytes);
  reader.jump(record.data_position + skip);
  TRY(name, reader.name());
  if (reader.position() != record.data_position + record.data_size) {
    return malformed("a record's size is wrong");
  }
  return std::move(name);
}

// RFC 2308 section 5: the smaller of the SOA's own TTL and its last field. Without an SOA: zero.
std::chrono::seconds negative_ttl(std::span<const std::uint8_t> bytes, const Message& message) {
  constexpr std::size_t kSmallestSoa = 22;
  for (const Record& record : message.authorities) {
    if (!record.is(RecordType::kSoa) || record.data_size < kSmallestSoa) continue;
    Reader reader(bytes);
    reader.jump(record.data_position + record.data_size - 4);
    const auto minimum = reader.u32();
    if (!minimum) continue;
    return std::min({record.ttl, clamped_ttl(*minimum), kNegativeTtlMax_s});
  }
  return std::chrono::seconds{0};
}

// "Ask those servers instead" says nothing about the name.
bool is_referral(const Message& message) {
  if (!message.answers.empty() || message.header.recursion_available()) return false;
  const auto has = [&](RecordType type) {
    return std::ranges::any_of(message.authorities,
                               [&](const Record& record) { return record.is(type); });
  };
  return has(RecordType::kNs) && !has(RecordType::kSoa);
}

struct Selection {
  NameStatus status = NameStatus::kExists;
  std::vector<const Record*> records;
  std::chrono::seconds ttl{0};
};

// Walks the CNAME chain from `name` and takes the records of `type` at its end.
Result<Selection> select(std::span<const std::uint8_t> bytes, const Message& message,
                         std::string_view name, RecordType type) {
  constexpr unsigned kNxDomain = 3;
  std::string owner = to_lower(name);
  std::chrono::seconds ttl = kTtlMax_s;
  for (std::size_t hops = 0;; ++hops) {
    const auto alias = std::ranges::find_if(message.answers, [&](const Record& record) {
      return record.is(RecordType::kCname) && record.owner == owner;
    });
    if (alias == message.answers.end()) break;
    if (hops == kCnameHopsMax) return fail(Errc::kDns, "the name's alias chain does not end");
    TRY(target, name_in(bytes, *alias, 0));
    owner = std::move(target);
    ttl = std::min(ttl, alias->ttl);
  }
  Selection selection;
  for (const Record& record : message.answers) {
    if (!record.is(type) || record.owner != owner) continue;
    selection.records.push_back(&record);
    ttl = std::min(ttl, record.ttl);
  }
  if (!selection.records.empty()) {
    selection.ttl = ttl;
    return selection;
  }
  if (is_referral(message)) return fail(Errc::kDns, "the name server does not resolve for us");
  if (message.header.rcode() == kNxDomain) selection.status = NameStatus::kDoesNotExist;
  selection.ttl = std::min(ttl, negative_ttl(bytes, message));
  return selection;
}

}  // namespace

Result<MxAnswer> parse_mx_reply(std::span<const std::uint8_t> bytes, std::string_view name) {
  TRY(message, read_message(bytes, name, RecordType::kMx));
  TRY(selection, select(bytes, message, name, RecordType::kMx));
  MxAnswer answer{selection.status, {}, selection.ttl};
  for (const Record* record : selection.records) {
    Reader reader(bytes);
    reader.jump(record->data_position);
    TRY(preference, reader.u16());
    TRY(host, name_in(bytes, *record, 2));
    answer.records.push_back({preference, std::move(host)});
  }
  std::ranges::sort(answer.records, {}, [](const MxRecord& record) {
    return std::tie(record.preference, record.host);
  });
  if (answer.records.size() > kMxRecordsMax) answer.records.resize(kMxRecordsMax);
  return answer;
}

Result<AddressAnswer> parse_address_reply(std::span<const std::uint8_t> bytes,
                                          std::string_view name, RecordType type) {
  TRY(message, read_message(bytes, name, type));
  TRY(selection, select(bytes, message, name, type));
  AddressAnswer answer{selection.status, {}, selection.ttl};
  const bool v6 = type == RecordType::kAaaa;
  for (const Record* record : selection.records) {
    if (record->data_size != (v6 ? 16u : 4u)) return malformed("an address has a wrong size");
    if (answer.records.size() == kAddressesPerTypeMax) break;
    net::IpAddress address;
    address.v6 = v6;
    std::ranges::copy(bytes.subspan(record->data_position, record->data_size),
                      address.bytes.begin());
    answer.records.push_back(address);
  }
  return answer;
}

Result<TextAnswer> parse_text_reply(std::span<const std::uint8_t> bytes, std::string_view name) {
  TRY(message, read_message(bytes, name, RecordType::kTxt));
  TRY(selection, select(bytes, message, name, RecordType::kTxt));
  TextAnswer answer{selection.status, {}, selection.ttl};
  for (const Record* record : selection.records) {
    if (answer.records.size() == kTextsMax) break;
    const auto data = bytes.subspan(record->data_position, record->data_size);
    std::string text;
    for (std::size_t at = 0; at < data.size(); at += data[at] + 1u) {
      if (data.size() - at <= data[at]) return malformed("a text runs past its record");
      const auto part = data.subspan(at + 1, data[at]);
      if (text.size() + part.size() > kTextBytesMax) return malformed("a text is too long");
      text.append(part.begin(), part.end());
    }
    answer.records.push_back(std::move(text));
  }
  return answer;
}

Result<NameAnswer> parse_name_reply(std::span<const std::uint8_t> bytes, std::string_view name) {
  TRY(message, read_message(bytes, name, RecordType::kPtr));
  TRY(selection, select(bytes, message, name, RecordType::kPtr));
  NameAnswer answer{selection.status, {}, selection.ttl};
  for (const Record* record : selection.records) {
    if (answer.records.size() == kNamesPerAddressMax) break;
    TRY(owner, name_in(bytes, *record, 0));
    answer.records.push_back(std::move(owner));
  }
  return answer;
}

bool is_askable_name(std::string_view name) {
  constexpr std::size_t kTextMax = 253;
  if (name.empty() || name.size() > kTextMax) return false;
  return std::ranges::all_of(split(name, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= kLabelBytesMax &&
           std::ranges::all_of(label, [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  });
}

}  // namespace verihook::dns
