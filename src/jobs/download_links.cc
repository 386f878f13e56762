#include "jobs/download_links.h"

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/constant_time.h"

namespace verihook::jobs {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::string_view kPurpose = "download link";

}  // namespace

std::string DownloadLinks::mac_of(std::string_view expires, std::string_view tenant_id,
                                  std::string_view job_id) const {
  return secrets_->keyed_hash(kPurpose, fmt::format("{}\n{}\n{}", expires, tenant_id, job_id));
}

std::string DownloadLinks::url_of(const model::Job& job, WallTime now) const {
  const bool partial = model::is_final(job.state) && job.state != model::JobState::kCompleted;
  std::string url = public_url_ + "/v1/bulk/download/" + job.id;
  if (partial) url += "?partial=true";
  if (!are_signed()) return url;
  // Rounded up, so that a job that is looked at again and again does not seem to change.
  const std::int64_t until_ms = to_unix_ms(now + valid_);
  const std::string expires = fmt::to_string((until_ms + kHourMs - 1) / kHourMs * kHourMs / 1'000);
  return fmt::format("{}{}token={}.{}.{}", url, partial ? '&' : '?', expires,
                     mac_of(expires, job.tenant_id, job.id), job.tenant_id);
}

Result<std::string> DownloadLinks::tenant_of(std::string_view token, std::string_view job_id,
                                             WallTime now) const {
  if (!are_signed()) return fail(Errc::kUnauthorized, "downloads want an API key here");
  const std::string_view expires = token.substr(0, token.find('.'));
  token.remove_prefix(std::min(token.size(), expires.size() + 1));
  const std::string_view mac = token.substr(0, token.find('.'));
  token.remove_prefix(std::min(token.size(), mac.size() + 1));
  const auto until_s = parse_u64(expires);
  if (!until_s || !crypto::constant_time_equal(mac, mac_of(expires, token, job_id))) {
    return fail(Errc::kUnauthorized,
                "this link's token was changed or is of another job; take the download_url as it "
                "is, or ask with an API key");
  }
  const WallTime until = from_unix_ms(static_cast<std::int64_t>(*until_s) * 1'000);
  if (until <= now) {
    return fail(Errc::kUnauthorized,
                "this link expired at " + to_iso8601(until) +
                    "; the job has a fresh download_url, or ask with an API key");
  }
  return std::string(token);
}

}  // namespace verihook::jobs
