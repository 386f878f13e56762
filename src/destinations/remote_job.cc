#include "destinations/remote_job.h"

#include <algorithm>
#include <limits>

#include <boost/json/serialize.hpp>

#include "base/utf8.h"
#include "webhooks/payload.h"

namespace verihook::destinations {

namespace json = boost::json;

namespace {

constexpr int kQuarters = 4;
constexpr std::size_t kErrorBytesMax = 1024;

bool has_ended(const model::RemoteJob& row) {
  return row.status == "completed" || row.status == "failed";
}

std::string summary_of(const json::object& payload) {
  const json::value* summary = payload.if_contains("summary");
  return summary != nullptr && summary->is_object() ? json::serialize(*summary) : "{}";
}

// Provider's text for people; cut at a character.
std::string short_text_of(const json::object& payload, std::string_view name) {
  return std::string(utf8_prefix(text_of(payload, name), kErrorBytesMax));
}

}  // namespace

std::string text_of(const json::object& payload, std::string_view name) {
  const json::value* value = payload.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t count_of(const json::object& payload, std::string_view name) {
  const json::value* value = payload.if_contains(name);
  if (value == nullptr || !value->is_int64()) return 0;
  return std::max<std::int64_t>(0, value->get_int64());
}

bool truth_of(const json::object& payload, std::string_view name) {
  const json::value* value = payload.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

void apply_completed(model::RemoteJob& row, const json::object& payload) {
  row.status = "completed";
  row.summary = summary_of(payload);
  if (const json::value* summary = payload.if_contains("summary");
      summary != nullptr && summary->is_object()) {
    const std::int64_t total = count_of(summary->get_object(), "total");
    row.total_count = std::max(row.total_count, total);
    row.processed_count = row.total_count;
  }
  row.error_code.clear();
  row.error_message.clear();
  row.notified_quarter = kQuarters;
}

void apply_failed(model::RemoteJob& row, const json::object& payload) {
  row.status = "failed";
  row.error_code = short_text_of(payload, "error_code");
  row.error_message = short_text_of(payload, "error_message");
  row.processed_count = std::max(row.processed_count, count_of(payload, "processed_count"));
  row.total_count = std::max(row.total_count, count_of(payload, "total_count"));
}

bool apply_progress(model::RemoteJob& row, const json::object& payload) {
  if (has_ended(row)) return false;
  row.status = "processing";
  row.processed_count = std::max(row.processed_count, count_of(payload, "processed_count"));
  row.total_count = std::max(row.total_count, count_of(payload, "total_count"));
  if (payload.contains("summary")) row.summary = summary_of(payload);
  const int quarter = quarter_of(row.processed_count, row.total_count);
  if (quarter <= row.notified_quarter) return false;
  row.notified_quarter = quarter;
  return true;
}

int quarter_of(std::int64_t processed_count, std::int64_t total_count) {
  if (total_count <= 0 || processed_count <= 0) return 0;
  if (processed_count >= total_count) return kQuarters;
  // Counts are the provider's; nothing may overflow.
  if (processed_count > std::numeric_limits<std::int64_t>::max() / kQuarters) return kQuarters - 1;
  return static_cast<int>(processed_count * kQuarters / total_count);
}

bool wants_retry(const json::object& payload) {
  if (!truth_of(payload, "partial_results_available")) return false;
  if (text_of(payload, "error_code") == to_string(webhooks::BulkErrorCode::kCancelled))
    return false;
  const json::value* metadata = payload.if_contains("metadata");
  const bool is_retry = metadata != nullptr && metadata->is_object() &&
                        !text_of(metadata->get_object(), "retry_of").empty();
  return !is_retry || count_of(payload, "processed_count") > 0;
}

}  // namespace verihook::destinations
