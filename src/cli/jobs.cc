// `verihook jobs`: what has become of the lists that were submitted, and acting on them.
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/percent.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/result_view.h"

namespace verihook::cli {
namespace {

using Object = ApiClient::Object;

std::string path_of(const std::string& job_id, std::string_view action = {}) {
  std::string path = "/v1/bulk/" + percent_encoded(job_id);
  if (!action.empty()) path.append("/").append(action);
  return path;
}

Cell state_cell(const Object& job) {
  const std::string state = printable(text_of(job, "status"));
  return {state, false, colour_of_status(state)};
}

Task<Result<int>> list(ApiClient& client, const JobsListOptions& options) {
  std::vector<std::vector<Cell>> rows = {{{"JOB_ID"},
                                          {"STATE"},
                                          {"DONE", true},
                                          {"OF", true},
                                          {"VALID", true},
                                          {"CREATED"},
                                          {"NAME"}}};
  const std::string path = fmt::format("/v1/bulk?limit={}", options.limit);
  CO_TRY(page, co_await client.get(path));
  const auto* jobs = page.if_contains("data");
  if (jobs == nullptr || !jobs->is_array()) {
    co_return fail(Errc::kProtocol, "the server's answer is no list of jobs");
  }
  for (const auto& item : jobs->get_array()) {
    const Object& job = item.as_object();
    const auto* summary = job.if_contains("summary");
    const std::int64_t valid =
        summary && summary->is_object() ? number_of(summary->get_object(), "valid") : 0;
    rows.push_back({{printable(text_of(job, "job_id"))},
                    state_cell(job),
                    {with_thousands(number_of(job, "processed_count")), true},
                    {with_thousands(number_of(job, "total_count")), true},
                    {with_thousands(valid), true},
                    {printable(text_of(job, "created_at"))},
                    {printable(text_of(job, "name"))}});
  }
  write(Channel::kOut, aligned(terminal_of(Channel::kOut), rows, 0));
  if (!text_of(page, "next_cursor").empty()) {
    write(Channel::kError,
          fmt::format("older jobs are not shown; see --limit (now {})\n", options.limit));
  }
  co_return kDone;
}

// Only what the job has.
void add_row(std::vector<std::vector<Cell>>& rows, const Object& job, const char* name) {
  const std::string text = printable(text_of(job, name));
  if (!text.empty()) rows.push_back({{name}, {text}});
}

void show_job(const Object& job) {
  const Terminal terminal = terminal_of(Channel::kOut);
  std::vector<std::vector<Cell>> rows = {{{"job_id"}, {printable(text_of(job, "job_id"))}},
                                         {{"status"}, state_cell(job)}};
  add_row(rows, job, "name");
  rows.push_back({{"progress"},
                  {fmt::format("{} of {}", with_thousands(number_of(job, "processed_count")),
                               with_thousands(number_of(job, "total_count")))}});
  if (const auto parked = number_of(job, "parked_count"); parked > 0) {
    rows.push_back({{"parked"},
                    {fmt::format("{} until {}", with_thousands(parked),
                                 printable(text_of(job, "parked_until")))}});
  }
  for (const char* name : {"estimated_completion", "error_code", "error_message", "created_at",
                           "started_at", "finished_at", "deadline_at"}) {
    add_row(rows, job, name);
  }
  std::string text = aligned(terminal, rows, 0);
  if (const auto* summary = job.if_contains("summary"); summary && summary->is_object()) {
    text += summary_table(terminal, summary->get_object());
  }
  write(Channel::kOut, text);
}

Task<Result<int>> show(ApiClient& client, const JobsShowOptions& options) {
  CO_TRY(job, co_await client.get(path_of(options.job_id)));
  if (options.json) {
    write(Channel::kOut, boost::json::serialize(job) + "\n");
  } else {
    show_job(job);
  }
  co_return kDone;
}

// One job after another: what was done to those before an error has been said.
Task<Result<int>> act(ApiClient& client, const JobsActOptions& options) {
  for (const std::string& job_id : options.job_ids) {
    if (options.action == "delete") {
      CO_TRY_VOID(co_await client.remove(path_of(job_id)));
      write(Channel::kOut, fmt::format("{} is deleted\n", printable(job_id)));
      continue;
    }
    CO_TRY(job, co_await client.post(path_of(job_id, options.action), "{}"));
    const std::string state = printable(text_of(job, "status"));
    if (options.action == "retry") {
      write(Channel::kOut, fmt::format("{} goes on as {}: {} addresses\n", printable(job_id),
                                       printable(text_of(job, "job_id")),
                                       with_thousands(number_of(job, "total"))));
    } else {
      write(Channel::kOut, fmt::format("{} is {}\n", printable(job_id), state));
    }
  }
  co_return kDone;
}

}  // namespace

int run(const JobsListOptions& options) {
  return with_client(options.connection, [&](ApiClient& client) { return list(client, options); });
}

int run(const JobsShowOptions& options) {
  return with_client(options.connection, [&](ApiClient& client) { return show(client, options); });
}

int run(const JobsActOptions& options) {
  return with_client(options.connection, [&](ApiClient& client) { return act(client, options); });
}

}  // namespace verihook::cli
