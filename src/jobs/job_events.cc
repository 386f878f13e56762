#include "jobs/job_events.h"

#include <algorithm>

#include "webhooks/payload.h"

namespace verihook::jobs {
namespace {

model::Event event_of(const model::Job& job, std::string_view type, std::string tail,
                      WallTime now) {
  model::Event event;
  event.tenant_id = job.tenant_id;
  event.type = type;
  event.job_id = job.id;
  event.body = std::move(tail);
  event.created_at = now;
  return event;
}

}  // namespace

bool progress_is_due(const model::Job& job, WallTime now) {
  const std::int64_t news = job.processed_count - job.progress_event_count;
  const WallTime last = std::max(job.progress_event_at, job.started_at.value_or(job.created_at));
  return news > 0 && now - last >= kProgressInterval && news * 100 >= job.total_count;
}

std::optional<WallTime> estimate_completion(const model::Job& job, const Outlook& outlook,
                                            WallTime now) {
  if (!model::is_active(job.state)) return std::nullopt;
  const std::int64_t askable = job.total_count - job.processed_count - outlook.parked_count;
  if (askable > 0 && !outlook.rows_per_ms) return std::nullopt;
  const double left_ms = askable > 0 ? static_cast<double>(askable) / *outlook.rows_per_ms : 0;
  const WallTime asked = now + Milliseconds{static_cast<std::int64_t>(left_ms)};
  return std::max(asked, outlook.parked_until.value_or(asked));
}

model::Event progress_event(const model::Job& job, const Outlook& outlook, WallTime now) {
  webhooks::BulkProgress body;
  body.processed_count = job.processed_count;
  body.total_count = job.total_count;
  body.estimated_completion = estimate_completion(job, outlook, now);
  body.summary = job.summary;
  body.metadata = job.metadata;
  body.created_at = now;
  return event_of(job, model::event_type::kBulkProgress, webhooks::tail_of(body), now);
}

model::Event completed_event(const model::Job& job, const DownloadLinks& links, WallTime now) {
  webhooks::BulkCompleted body;
  body.summary = job.summary;
  body.processing_time_ms = (now - job.created_at).count();
  body.download_url = links.url_of(job, now);
  body.metadata = job.metadata;
  body.created_at = now;
  return event_of(job, model::event_type::kBulkCompleted, webhooks::tail_of(body), now);
}

model::Event failed_event(const model::Job& job, const DownloadLinks& links, WallTime now) {
  webhooks::BulkFailed body;
  body.error_code = job.error_code;
  body.error_message = job.error_message;
  body.partial_results_available = job.processed_count > 0;
  body.processed_count = job.processed_count;
  body.total_count = job.total_count;
  if (body.partial_results_available) body.download_url = links.url_of(job, now);
  body.metadata = job.metadata;
  body.created_at = now;
  return event_of(job, model::event_type::kBulkFailed, webhooks::tail_of(body), now);
}

model::Event verified_event(const model::Verification& verification, std::string_view result,
                            WallTime now) {
  webhooks::VerificationCompleted body;
  body.verification_id = verification.id;
  body.result = result;
  body.metadata = verification.metadata;
  body.created_at = now;
  model::Event event;
  event.tenant_id = verification.tenant_id;
  event.type = model::event_type::kVerificationCompleted;
  event.job_id = verification.id;
  event.body = webhooks::tail_of(body);
  event.created_at = now;
  return event;
}

}  // namespace verihook::jobs
