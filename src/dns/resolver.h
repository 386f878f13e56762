// Resolver: questions to the DNS. CaresResolver asks real servers; CachingResolver stands before
// any other with a TTL cache and single flight; tests/support/simulated_resolver.h answers from a
// table. One io thread.
//
// The three outcomes that must never be mixed up: an Answer with records; an Answer without
// (NXDOMAIN: the name does not exist, or NODATA: it exists without this type); an Error kDns or
// kTimeout, which says nothing about the name.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/deadline.h"
#include "base/result.h"
#include "net/ip.h"

namespace verihook::dns {

enum class NameStatus {
  kExists,        // the name exists (perhaps without records of the type asked for)
  kDoesNotExist,  // NXDOMAIN
};

struct MxRecord {
  std::uint16_t preference = 0;
  std::string host;  // lower case, no final dot; empty for the root of a null MX (RFC 7505)

  friend bool operator==(const MxRecord&, const MxRecord&) = default;
};

template <class Record>
struct Answer {
  NameStatus status = NameStatus::kExists;
  std::vector<Record> records;
  std::chrono::seconds ttl{0};  // how long this answer may be kept, negative answers too (RFC 2308)
};

using MxAnswer = Answer<MxRecord>;
using AddressAnswer = Answer<net::IpAddress>;
using TextAnswer = Answer<std::string>;  // one for each TXT record, its strings joined
using NameAnswer = Answer<std::string>;  // lower case, no final dot

// The error of an answer that was waited for in vain: kTimeout or kCancelled.
inline std::unexpected<Error> unanswered(Errc why) {
  return fail(why, why == Errc::kTimeout ? "the name servers did not answer in time"
                                         : "the question to the name server was cancelled");
}

class Resolver {
 public:
  virtual ~Resolver() = default;
  // `domain` in A-labels, no final dot.
  virtual Task<Result<MxAnswer>> mx(std::string domain, Deadline deadline) = 0;
  // A and AAAA together, IPv4 first.
  virtual Task<Result<AddressAnswer>> addresses(std::string host, Deadline deadline) = 0;
  // TXT records.
  virtual Task<Result<TextAnswer>> texts(std::string name, Deadline deadline) = 0;
  // The names that the address's owner gave it (PTR records). Anybody can claim any name there:
  // only one whose addresses include this one is its own.
  virtual Task<Result<NameAnswer>> names(net::IpAddress address, Deadline deadline) = 0;
};

}  // namespace verihook::dns
