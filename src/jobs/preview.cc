#include "jobs/preview.h"

#include <algorithm>
#include <set>

#include "async/run_on.h"
#include "jobs/chunk_codec.h"
#include "store/jobs.h"
#include "webhooks/json_writer.h"

namespace verihook::jobs {
namespace {

// Enough to see a list whose parts differ; each is read and decoded whole.
constexpr std::int64_t kChunksMax = 10;

// Every so manieth row of a chunk, `count` of them at most.
void take_evenly(std::vector<InputRow> rows, std::size_t count, std::vector<std::string>& sample) {
  const std::size_t taken = std::min(count, rows.size());
  for (std::size_t i = 0; i < taken; ++i) {
    sample.push_back(std::move(rows[i * rows.size() / taken].email));
  }
}

Task<Result<std::vector<std::string>>> take_sample(store::Database& database,
                                                   asio::thread_pool* cpu_pool,
                                                   const model::Job& job) {
  std::vector<std::string> sample;
  const std::int64_t chunks = std::min(job.chunk_count, kChunksMax);
  for (std::int64_t i = 0; i < chunks; ++i) {
    const std::int64_t number = i * job.chunk_count / chunks;
    CO_TRY(stored, co_await database.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job.tenant_id, job.id, number, true);
    }));
    CO_TRY(rows, co_await run_on(cpu_pool, [&] { return decode_rows(stored.input); }));
    take_evenly(std::move(rows), static_cast<std::size_t>(kPreviewRowsMax / chunks), sample);
  }
  co_return sample;
}

// With SMTP switched off, a mailbox that only its server can judge comes back as this.
bool needs_a_probe(const model::Verdict& verdict) {
  return verdict.reason == model::Reason::kCannotVerify && !verdict.smtp.checked;
}

void append_counts(webhooks::JsonWriter& json, std::string_view name,
                   const std::map<std::string, std::int64_t>& counts) {
  json.key(name);
  json.begin_object();
  for (const auto& [key, count] : counts) json.member(key, count);
  json.end_object();
}

// A count of the sample, scaled to the whole list.
std::int64_t of_the_whole(const Preview& preview, std::int64_t count) {
  if (preview.sampled == 0) return 0;
  return (count * preview.job.total_count + preview.sampled / 2) / preview.sampled;
}

}  // namespace

Task<Result<Preview>> preview_job(store::Database& database, verification::Verifier& verifier,
                                  asio::thread_pool* cpu_pool, model::Job job) {
  Preview preview;
  preview.job = std::move(job);
  CO_TRY(sample, co_await take_sample(database, cpu_pool, preview.job));
  model::JobOptions options = preview.job.options;
  options.smtp = false;
  std::set<std::string> domains;
  co_await verifier.verify_all(sample, options, {}, [&](std::size_t, model::Verdict verdict) {
    ++preview.sampled;
    if (!needs_a_probe(verdict)) {
      preview.summary.count(verdict);
      ++preview.reasons[std::string(model::to_string(verdict.reason))];
      return;
    }
    ++preview.to_probe;
    domains.insert(verdict.domain);
    const bool known = verdict.mx && !verdict.mx->provider.empty();
    ++preview.providers[known ? verdict.mx->provider : "other"];
  });
  preview.domains = std::ssize(domains);
  co_return preview;
}

std::string preview_json(const Preview& preview) {
  std::string text;
  webhooks::JsonWriter json(text);
  json.begin_object();
  json.member("job_id", preview.job.id);
  json.member("total", preview.job.total_count);
  json.member("sampled", preview.sampled);
  json.key("known_without_probes");
  json.begin_object();
  json.member("total", preview.summary.total);
  json.member("valid", preview.summary.valid);
  json.member("invalid", preview.summary.invalid);
  json.member("risky", preview.summary.risky);
  json.member("unknown", preview.summary.unknown);
  json.member("disposable", preview.summary.disposable);
  json.member("role", preview.summary.role);
  json.member("free", preview.summary.free);
  json.end_object();
  append_counts(json, "reasons", preview.reasons);
  json.member("to_probe", preview.to_probe);
  json.member("domains_to_probe", preview.domains);
  append_counts(json, "providers_to_probe", preview.providers);
  json.key("estimate");
  json.begin_object();
  const bool probes = preview.job.options.smtp;
  json.member("probes", probes ? of_the_whole(preview, preview.to_probe) : 0);
  json.member("known_without_probes", of_the_whole(preview, preview.summary.total));
  json.end_object();
  json.end_object();
  return text;
}

}  // namespace verihook::jobs
