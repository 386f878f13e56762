// Writes DNS messages for this folder's tests: whatever a server might send, sound or not. Names
// are written without compression unless a test places pointers itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "dns/reply_parser.h"
#include "net/ip.h"

namespace verihook::dns::testing {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kRecursiveReply = 0x8180;  // QR, RD, RA
inline constexpr std::uint16_t kReplyNxDomain = kRecursiveReply | 3;
inline constexpr std::uint16_t kReplyServFail = kRecursiveReply | 2;
inline constexpr std::uint16_t kReplyTruncated = kRecursiveReply | 0x0200;

class MessageWriter {
 public:
  MessageWriter(std::uint16_t id, std::uint16_t flags, std::string_view name, RecordType type) {
    for (const std::uint16_t field :
         {id, flags, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}}) {
      u16(field);
    }
    append(wire_name(name));
    u16(static_cast<std::uint16_t>(type));
    u16(1);
  }

  MessageWriter& mx(std::string_view owner, std::uint16_t preference, std::string_view host,
                    std::uint32_t ttl = 300) {
    Bytes data{static_cast<std::uint8_t>(preference >> 8), static_cast<std::uint8_t>(preference)};
    const Bytes name = wire_name(host);
    data.insert(data.end(), name.begin(), name.end());
    return answer(owner, RecordType::kMx, ttl, data);
  }
  MessageWriter& cname(std::string_view owner, std::string_view target, std::uint32_t ttl = 300) {
    return answer(owner, RecordType::kCname, ttl, wire_name(target));
  }
  MessageWriter& address(std::string_view owner, std::string_view text, std::uint32_t ttl = 300) {
    const auto ip = net::IpAddress::parse(text).value();
    const auto size = ip.v6 ? 16 : 4;
    return answer(owner, ip.v6 ? RecordType::kAaaa : RecordType::kA, ttl,
                  Bytes(ip.bytes.begin(), ip.bytes.begin() + size));
  }
  // One record of several strings.
  MessageWriter& txt(std::string_view owner, const std::vector<std::string>& parts,
                     std::uint32_t ttl = 300) {
    Bytes data;
    for (const std::string& part : parts) {
      data.push_back(static_cast<std::uint8_t>(part.size()));
      data.insert(data.end(), part.begin(), part.end());
    }
    return answer(owner, RecordType::kTxt, ttl, data);
  }
  MessageWriter& ptr(std::string_view owner, std::string_view name, std::uint32_t ttl = 300) {
    return answer(owner, RecordType::kPtr, ttl, wire_name(name));
  }
  MessageWriter& answer(std::string_view owner, RecordType type, std::uint32_t ttl,
                        const Bytes& data) {
    record(owner, type, ttl, data);
    return count(6);
  }
  MessageWriter& soa(std::string_view zone, std::uint32_t ttl, std::uint32_t minimum) {
    Bytes data = wire_name("ns." + std::string(zone));
    const Bytes mailbox = wire_name("hostmaster." + std::string(zone));
    data.insert(data.end(), mailbox.begin(), mailbox.end());
    for (const std::uint32_t field : {1u, 3600u, 600u, 86400u, minimum}) put_u32(data, field);
    record(zone, RecordType::kSoa, ttl, data);
    return count(8);
  }
  MessageWriter& ns(std::string_view zone, std::string_view server) {
    record(zone, RecordType::kNs, 300, wire_name(server));
    return count(8);
  }
  MessageWriter& raw(const Bytes& bytes) {
    append(bytes);
    return *this;
  }
  // Adds one to the count at this position of the header: 6 for answers, 8 for authorities.
  MessageWriter& count(std::size_t position) {
    if (++bytes_[position + 1] == 0) ++bytes_[position];
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

  static Bytes wire_name(std::string_view name) {
    Bytes wire;
    if (!name.empty()) {
      for (const std::string_view label : split(name, '.')) {
        wire.push_back(static_cast<std::uint8_t>(label.size()));
        wire.insert(wire.end(), label.begin(), label.end());
      }
    }
    wire.push_back(0);
    return wire;
  }
  static void put_u32(Bytes& out, std::uint32_t value) {
    for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::uint8_t>(value >> shift));
  }

 private:
  void u16(std::uint16_t value) {
    bytes_.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  void append(const Bytes& bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void record(std::string_view owner, RecordType type, std::uint32_t ttl, const Bytes& data) {
    append(wire_name(owner));
    u16(static_cast<std::uint16_t>(type));
    u16(1);
    put_u32(bytes_, ttl);
    u16(static_cast<std::uint16_t>(data.size()));
    append(data);
  }

  Bytes bytes_;
};

}  // namespace verihook::dns::testing
