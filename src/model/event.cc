#include "model/event.h"

#include <array>

namespace verihook::model {

std::string_view to_string(EventStatus status) {
  constexpr std::array<std::string_view, 4> kNames = {"pending", "processed", "failed", "dead"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view to_string(DeliveryState state) {
  constexpr std::array<std::string_view, 5> kNames = {"pending", "delivered", "dead", "superseded",
                                                      "cancelled"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace verihook::model
