#include "cli/demo_sample.h"

#include <array>

#include <fmt/format.h>

#include "model/verdict.h"

namespace verihook::cli {
namespace {

constexpr int kOrdinaryRows = 20'000;

// Not addresses, each for another reason (RFC 5321, 4.1.2).
constexpr std::array kWrong = {
    "no-at-sign.example.com",
    "two@@sandbox.test",
    ".leading.dot@sandbox.test",
    "trailing.dot.@sandbox.test",
    "double..dot@sandbox.test",
    "spa ce@sandbox.test",
    "@sandbox.test",
    "nobody@",
};

// What a list of customers is made of: in a hundred rows, so many of each.
struct Share {
  model::Reason reason;
  int rows;
};
constexpr std::array kShares = {
    Share{model::Reason::kAcceptedEmail, 78}, Share{model::Reason::kRejectedEmail, 9},
    Share{model::Reason::kCatchAll, 5},       Share{model::Reason::kMailboxFull, 2},
    Share{model::Reason::kDisposable, 2},     Share{model::Reason::kGreylisted, 1},
    Share{model::Reason::kInvalidDomain, 1},  Share{model::Reason::kTimeout, 1},
    Share{model::Reason::kRole, 1},
};

model::Reason reason_of_row(int row) {
  int place = row * 37 % 100;  // spreads the shares evenly over the list
  for (const Share& share : kShares) {
    if (place < share.rows) return share.reason;
    place -= share.rows;
  }
  return model::Reason::kAcceptedEmail;
}

}  // namespace

std::vector<std::string> demo_addresses() {
  std::vector<std::string> addresses;
  for (int i = 0; i < model::kReasonCount; ++i) {
    const auto name = model::to_string(static_cast<model::Reason>(i));
    addresses.push_back(fmt::format("{}@sandbox.test", name));
    addresses.push_back(fmt::format("{}+tagged@sandbox.test", name));
  }
  addresses.insert(addresses.end(), kWrong.begin(), kWrong.end());
  for (int row = 0; row < kOrdinaryRows; ++row) {
    addresses.push_back(fmt::format("{}+customer{:05}@sandbox.test",
                                    model::to_string(reason_of_row(row)), row + 1));
  }
  return addresses;
}

}  // namespace verihook::cli
