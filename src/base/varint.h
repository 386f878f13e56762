// Whole numbers in as few bytes as they need (seven bits a byte, the low ones first), and texts
// with their length before them: what stored binary forms are made of. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace verihook {

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// False when `in` is cut short; what stands before the damage is taken all the same.
inline bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

inline void append_field(std::string& out, std::string_view field) {
  append_varint(out, field.size());
  out.append(field);
}

// The field refers to the bytes of `in`.
inline bool take_field(std::string_view& in, std::string_view& field) {
  std::uint64_t size = 0;
  if (!take_varint(in, size) || size > in.size()) return false;
  field = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

}  // namespace verihook
