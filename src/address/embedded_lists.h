// The list file that this binary was built with: lists/compile.mjs documents its line format.
// Constant data of the program, valid for ever, readable from any thread; it cannot fail.
// Defined by the CMake target `embedded_lists`, which only app/ and tests link.
#pragma once

#include <string_view>

namespace verihook {

std::string_view embedded_lists();

}  // namespace verihook
