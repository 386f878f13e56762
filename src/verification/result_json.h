// The contract's result object (section 2) as canonical JSON: what is stored, downloaded and sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/verdict.h"
#include "verification/trace.h"

namespace verihook::verification {

// What the caller said about a row, given back with its verdict.
struct RowReference {
  std::int64_t row = 0;    // from 1, in the order submitted; 0: not part of a list, written as null
  std::string_view id;     // the caller's id; empty: null
  std::string_view data;   // the caller's columns as canonical JSON; empty: null
  bool duplicate = false;  // it repeats an earlier row; written only when it does
};

// Appends one object, keys in the contract's order, no white space, no line end; `trace`, when
// there is one, as the last member.
void append_result(std::string& out, const model::Verdict& verdict, const RowReference& reference,
                   const Trace* trace = nullptr);

}  // namespace verihook::verification
