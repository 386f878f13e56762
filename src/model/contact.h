// Contact: a row of the embedded contacts table, which verification results are applied to.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace verihook::model {

struct Contact {
  std::string tenant_id;
  std::string email;
  std::optional<bool> email_verified;  // empty: never verified
  std::optional<WallTime> verification_date;
  std::string verification_job_id;
  std::string email_invalid_reason;  // empty when verified
};

// What is to be written about one contact.
struct ContactUpdate {
  std::string email;
  bool email_verified = false;
  std::string email_invalid_reason;
};

// A provider's job as its events describe it.
struct RemoteJob {
  std::string tenant_id;
  std::string source_name;
  std::string job_id;
  std::string status;
  std::int64_t processed_count = 0;
  std::int64_t total_count = 0;
  std::string summary = "{}";  // JSON as received
  std::string error_code;
  std::string error_message;
  int notified_quarter = 0;  // 0–4: the last 25 % step that people were told of
  WallTime updated_at{};
};

}  // namespace verihook::model
