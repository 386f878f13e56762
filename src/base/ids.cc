#include "base/ids.h"

namespace verihook {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTimeChars = 10;
constexpr std::size_t kRandomChars = 16;  // each of 5 bits

}  // namespace

std::string id_floor(std::string_view prefix, WallTime time) {
  std::string id;
  id.reserve(prefix.size() + 1 + kTimeChars + kRandomChars);
  id.append(prefix).push_back('_');
  const auto time_ms = static_cast<std::uint64_t>(to_unix_ms(time));
  for (std::size_t i = 0; i < kTimeChars; ++i) {
    id.push_back(kAlphabet[(time_ms >> (5 * (kTimeChars - 1 - i))) & 31]);
  }
  return id;
}

std::string IdMaker::make(std::string_view prefix) {
  std::string id = id_floor(prefix, clock_.wall_now());
  if (used_ == drawn_.size()) {
    random_.fill(drawn_);
    used_ = 0;
  }
  for (std::size_t i = 0; i < kRandomChars; ++i) {
    id.push_back(kAlphabet[std::to_integer<unsigned>(drawn_[used_++]) & 31]);
  }
  return id;
}

bool is_id(std::string_view id, std::string_view prefix) {
  if (id.size() != prefix.size() + 1 + kTimeChars + kRandomChars) return false;
  if (!id.starts_with(prefix) || id[prefix.size()] != '_') return false;
  return id.find_first_not_of(kAlphabet, prefix.size() + 1) == std::string_view::npos;
}

}  // namespace verihook
