// `verihook endpoints`, `events`, `deliveries`, `dead-letters` and `replays`: lists, one of them,
// and what can be done to it, over the API. What differs between them is a table.
#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/percent.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "cli/page_view.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

using Object = ApiClient::Object;

// The columns of a list: members of the API's objects, in this order.
struct Resource {
  std::string_view name;
  std::array<std::string_view, 6> columns;
};
constexpr std::array<Resource, 5> kResources = {{
    {"webhooks", {"webhook_id", "status", "created_at", "url", "name", "status_reason"}},
    {"events", {"event_id", "event_type", "status", "created_at", "job_id", "source"}},
    {"deliveries",
     {"delivery_id", "status", "attempt_count", "created_at", "event_id", "last_error"}},
    {"dead-letters",
     {"delivery_id", "destination_id", "attempt_count", "created_at", "event_id", "last_error"}},
    {"replays", {"replay_id", "status", "mode", "issued_count", "total_count", "created_at"}},
}};

std::string path_of(const std::string& resource, const std::string& id,
                    std::string_view action = {}) {
  std::string path = "/v1/" + resource + "/" + percent_encoded(id);
  if (!action.empty()) path.append("/").append(action);
  return path;
}

void append_filter(webhooks::JsonWriter& json, const Selection& selection) {
  json.key("filter");
  json.begin_object();
  for (const auto& [name, value] : selection) json.member(name, value);
  json.end_object();
}

Task<Result<int>> list(ApiClient& client, const ResourceListOptions& options) {
  const auto* resource = std::ranges::find(kResources, options.resource, &Resource::name);
  std::string path = fmt::format("/v1/{}?limit={}", options.resource, options.limit);
  for (const auto& [name, value] : options.selection) {
    path += "&" + name + "=" + percent_encoded(value);
  }
  co_return co_await show_page(client, std::move(path),
                               {resource->columns, options.limit, options.json});
}

Task<Result<int>> show(ApiClient& client, const ResourceShowOptions& options) {
  CO_TRY(item, co_await client.get(path_of(options.resource, options.id)));
  write(Channel::kOut, boost::json::serialize(item) + "\n");
  co_return kDone;
}

// One after another: what was done to those before an error has been said.
Task<Result<int>> act(ApiClient& client, const ResourceActOptions& options) {
  for (const std::string& id : options.ids) {
    if (options.action == "delete") {
      CO_TRY_VOID(co_await client.remove(path_of(options.resource, id)));
      write(Channel::kOut, fmt::format("{} is deleted\n", printable(id)));
      continue;
    }
    CO_TRY(item, co_await client.post(path_of(options.resource, id, options.action), "{}"));
    if (const std::string secret = text_of(item, "secret"); !secret.empty()) {
      write(Channel::kOut, fmt::format("{} has the secret {}, shown this once\n", printable(id),
                                       printable(secret)));
    } else if (const std::string event = text_of(item, "event_id");
               !event.empty() && options.action == "test") {
      write(Channel::kOut, fmt::format("{} is sent {}\n", printable(id), printable(event)));
    } else {
      write(Channel::kOut,
            fmt::format("{} is {}\n", printable(id), printable(text_of(item, "status"))));
    }
  }
  co_return kDone;
}

// The server takes so many in one request, and says whether there are more.
Task<Result<int>> requeue(ApiClient& client, const DeadLettersRequeueOptions& options) {
  std::int64_t count = 0;
  for (const std::string& id : options.ids) {
    CO_TRY_VOID(co_await client.post(path_of("dead-letters", id, "requeue"), "{}"));
    ++count;
  }
  bool more = options.ids.empty();
  while (more) {
    std::string body;
    webhooks::JsonWriter json(body);
    json.begin_object();
    append_filter(json, options.selection);
    json.end_object();
    CO_TRY(answer, co_await client.post("/v1/dead-letters/requeue", std::move(body)));
    count += number_of(answer, "requeued");
    more = cell_text(answer, "more") == "true";
  }
  write(Channel::kOut, fmt::format("{} requeued\n", with_thousands(count)));
  co_return kDone;
}

Task<Result<int>> create(ApiClient& client, const ReplaysCreateOptions& options) {
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  json.member("mode", options.mode);
  append_filter(json, options.selection);
  json.member("rate_per_second", options.rate_per_second);
  json.member("dry_run", options.dry_run);
  json.end_object();
  CO_TRY(answer, co_await client.post("/v1/replays", std::move(body)));
  if (options.dry_run) {
    write(Channel::kOut,
          fmt::format("{} deliveries\n", with_thousands(number_of(answer, "count"))));
  } else {
    write(Channel::kOut,
          fmt::format("{} is {}: {} deliveries\n", printable(text_of(answer, "replay_id")),
                      printable(text_of(answer, "status")),
                      with_thousands(number_of(answer, "total_count"))));
  }
  co_return kDone;
}

}  // namespace

int run(const ResourceListOptions& options) {
  return with_client(options.connection, [&](ApiClient& client) { return list(client, options); });
}

int run(const ResourceShowOptions& options) {
  return with_client(options.connection, [&](ApiClient& client) { return show(client, options); });
}

int run(const ResourceActOptions& options) {
  return with_client(options.connection, [&](ApiClient& client) { return act(client, options); });
}

int run(const DeadLettersRequeueOptions& options) {
  if (options.ids.empty() && !options.all && options.selection.empty()) {
    complain({Errc::kInvalidArgument, "say which: ids, a selection, or --all"});
    return kWrongUsage;
  }
  return with_client(options.connection,
                     [&](ApiClient& client) { return requeue(client, options); });
}

int run(const ReplaysCreateOptions& options) {
  return with_client(options.connection,
                     [&](ApiClient& client) { return create(client, options); });
}

}  // namespace verihook::cli
