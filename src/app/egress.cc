#include "app/egress.h"

#include <array>
#include <unistd.h>

namespace verihook::app {

std::string helo_of(const Config& config) {
  if (!config.smtp.helo.empty()) return config.smtp.helo;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::string mail_from_of(const Config& config) {
  return config.smtp.mail_from.empty() ? "verify@" + helo_of(config) : config.smtp.mail_from;
}

std::vector<verification::EgressSource> egress_sources_of(const Config& config) {
  return verification::complete_sources(config.smtp.sources, helo_of(config),
                                        config.smtp.mail_from);
}

}  // namespace verihook::app
