#include "model/source.h"

namespace verihook::model {

std::string_view to_string(SourceMode mode) {
  return mode == SourceMode::kEnforce ? "enforce" : "shadow";
}

}  // namespace verihook::model
