#include "model/tenant.h"

#include <array>

namespace verihook::model {
namespace {

constexpr std::array<std::string_view, 3> kScopes = {"read", "write", "admin"};

}  // namespace

std::string_view to_string(Scope scope) { return kScopes[static_cast<std::size_t>(scope)]; }

std::optional<Scope> parse_scope(std::string_view text) {
  for (std::size_t i = 0; i < kScopes.size(); ++i) {
    if (kScopes[i] == text) return static_cast<Scope>(i);
  }
  return std::nullopt;
}

}  // namespace verihook::model
