#include "address/public_suffix.h"

#include <libpsl.h>

namespace verihook::address {

std::string registrable_domain(const std::string& domain) {
  const char* found = psl_registrable_domain(psl_builtin(), domain.c_str());
  return found == nullptr ? std::string() : std::string(found);
}

bool is_icann_suffix(const std::string& domain) {
  return psl_is_public_suffix2(psl_builtin(), domain.c_str(),
                               PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

}  // namespace verihook::address
