#include "smtp/outcome.h"

namespace verihook::smtp {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::kConnect:
      return "connect";
    case Stage::kBanner:
      return "banner";
    case Stage::kEhlo:
      return "ehlo";
    case Stage::kStartTls:
      return "starttls";
    case Stage::kMail:
      return "mail";
    case Stage::kRcpt:
      return "rcpt";
  }
  return "connect";
}

}  // namespace verihook::smtp
