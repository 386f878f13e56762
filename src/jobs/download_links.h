// DownloadLinks: where the results of a job are, and who may fetch them without an API key. A link
// carries a token that names the tenant and the time it expires, under a MAC of the master key: it
// opens the results of one job and nothing else, and nothing is stored of it. A token ends with its
// time, with its job, or with the master key; nobody can take one back before. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret_box.h"
#include "model/job.h"

namespace verihook::jobs {

class DownloadLinks {
 public:
  // Links that want a key.
  DownloadLinks() = default;
  explicit DownloadLinks(std::string public_url) : public_url_(std::move(public_url)) {}
  // Links that work without one for `valid`, which they do not when it is zero. `secrets` must
  // outlive this and its copies.
  DownloadLinks(std::string public_url, const crypto::SecretBox& secrets, Milliseconds valid)
      : public_url_(std::move(public_url)), secrets_(&secrets), valid_(valid) {}

  // The same link for the same hour. Of a job that did not end well it asks for what there is.
  std::string url_of(const model::Job& job, WallTime now) const;

  // The tenant whose job the token opens. kUnauthorized, with what to do, when it is not ours, of
  // another job, or expired.
  Result<std::string> tenant_of(std::string_view token, std::string_view job_id,
                                WallTime now) const;

 private:
  bool are_signed() const { return secrets_ != nullptr && valid_ > Milliseconds{0}; }
  std::string mac_of(std::string_view expires, std::string_view tenant_id,
                     std::string_view job_id) const;

  std::string public_url_;
  const crypto::SecretBox* secrets_ = nullptr;  // null: links want a key
  Milliseconds valid_{0};
};

}  // namespace verihook::jobs
