// `verihook sources`: doors, what they refused and why, over the API.
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

constexpr std::array<std::string_view, 5> kRejectedColumns = {"rejected_id", "received_at",
                                                              "outcome", "cause", "diagnosis"};

std::string path_of(const std::string& id, std::string_view rest = {}) {
  return fmt::format("/v1/sources/{}{}", percent_encoded(id), rest);
}

// Ids begin with "src_"; everything else is a name.
Task<Result<std::string>> id_of(ApiClient& client, std::string source) {
  if (source.starts_with("src_")) co_return source;
  std::string id;
  CO_TRY_VOID(co_await client.each("/v1/sources", [&](const Object& item) {
    if (text_of(item, "name") == source) id = text_of(item, "source_id");
  }));
  if (id.empty()) co_return fail(Errc::kNotFound, "there is no source " + source);
  co_return id;
}

void add_text(webhooks::JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.member(name, text);
}

void add_texts(webhooks::JsonWriter& json, std::string_view name,
               const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name);
  json.begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

bool speaks_of_verifier(const SourcesOptions& options) {
  return !options.kind.empty() || !options.secrets.empty() || !options.header.empty() ||
         !options.prefix.empty() || !options.encoding.empty();
}

// What is given, and the rest as it is in `current`, where that is of the same kind.
Object verifier_of(const SourcesOptions& options, const Object* current) {
  Object verifier;
  const auto* known = current == nullptr ? nullptr : current->if_contains("verifier");
  if (known != nullptr && known->is_object()) verifier = known->get_object();
  if (!options.kind.empty() && text_of(verifier, "kind") != options.kind) verifier.clear();
  if (!verifier.contains("kind")) verifier["kind"] = options.kind.empty() ? "hmac" : options.kind;
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"header", &options.header}, {"prefix", &options.prefix}, {"encoding", &options.encoding}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) verifier[name] = *text;
  }
  if (!options.secrets.empty()) {
    auto& secrets = verifier["secrets"].emplace_array();
    for (const std::string& secret : options.secrets) secrets.emplace_back(secret);
  }
  return verifier;
}

// Of a new source, or of a change to `current`.
std::string body_of(const SourcesOptions& options, const Object* current) {
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  if (current == nullptr) json.member("name", options.source);
  if (current == nullptr || speaks_of_verifier(options)) {
    json.key("verifier");
    json.raw(boost::json::serialize(verifier_of(options, current)));
  }
  add_texts(json, "ip_allowlist", options.ip_allowlist);
  add_text(json, "mode", options.mode);
  add_text(json, "dedup_key", options.dedup_key);
  if (options.timestamp_tolerance_s > 0) {
    json.member("timestamp_tolerance_s", options.timestamp_tolerance_s);
  }
  if (options.body_bytes_max > 0) json.member("body_bytes_max", options.body_bytes_max);
  json.end_object();
  return body;
}

Task<Result<int>> list(ApiClient& client, const SourcesOptions& options) {
  std::vector<std::vector<Cell>> rows = {
      {{"NAME"}, {"SOURCE_ID"}, {"MODE"}, {"SECRETS"}, {"CREATED_AT"}}};
  CO_TRY_VOID(co_await client.each("/v1/sources", [&](const Object& item) {
    if (options.json) write(Channel::kOut, boost::json::serialize(item) + "\n");
    rows.push_back({{cell_text(item, "name")},
                    {cell_text(item, "source_id")},
                    {cell_text(item, "mode")},
                    {cell_text(item, "secret_count")},
                    {cell_text(item, "created_at")}});
  }));
  if (!options.json) write(Channel::kOut, aligned(terminal_of(Channel::kOut), rows, 0));
  co_return kDone;
}

Task<Result<int>> show(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(id, co_await id_of(client, options.source));
  CO_TRY(source, co_await client.get(path_of(id)));
  write(Channel::kOut, boost::json::serialize(source) + "\n");
  co_return kDone;
}

Task<Result<int>> create(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(source, co_await client.post("/v1/sources", body_of(options, nullptr)));
  write(Channel::kOut, fmt::format("{} is open at {}{}\n", cell_text(source, "source_id"),
                                   client.server(), cell_text(source, "path")));
  co_return kDone;
}

Task<Result<int>> update(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(id, co_await id_of(client, options.source));
  CO_TRY(current, co_await client.get(path_of(id)));
  CO_TRY_VOID(co_await client.patch(path_of(id), body_of(options, &current)));
  write(Channel::kOut, fmt::format("{} is changed\n", printable(options.source)));
  co_return kDone;
}

Task<Result<int>> rotate(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(id, co_await id_of(client, options.source));
  std::string body = "{}";
  if (!options.secrets.empty()) {
    body.clear();
    webhooks::JsonWriter json(body);
    json.begin_object();
    json.member("secret", options.secrets.front());
    json.end_object();
  }
  CO_TRY(source, co_await client.post(path_of(id, "/rotate-secret"), std::move(body)));
  const std::string made = cell_text(source, "secret");
  write(Channel::kOut, made.empty() ? printable(options.source) + " has the new secret\n"
                                    : fmt::format("{} has the secret {}, shown this once\n",
                                                  printable(options.source), made));
  co_return kDone;
}

Task<Result<int>> remove(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(id, co_await id_of(client, options.source));
  CO_TRY_VOID(co_await client.remove(path_of(id)));
  write(Channel::kOut, fmt::format("{} is deleted\n", printable(options.source)));
  co_return kDone;
}

Task<Result<int>> rejected(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(id, co_await id_of(client, options.source));
  if (!options.ids.empty()) {
    const std::string one = "/rejected/" + percent_encoded(options.ids.front());
    CO_TRY(request, co_await client.get(path_of(id, one)));
    write(Channel::kOut, boost::json::serialize(request) + "\n");
    co_return kDone;
  }
  std::string path = path_of(id, fmt::format("/rejected?limit={}", options.limit));
  if (!options.outcome.empty()) path += "&outcome=" + percent_encoded(options.outcome);
  if (!options.cause.empty()) path += "&cause=" + percent_encoded(options.cause);
  co_return co_await show_page(client, std::move(path),
                               {kRejectedColumns, options.limit, options.json});
}

// One after another: what was admitted before an error has been said.
Task<Result<int>> admit_these(ApiClient& client, const std::string& id,
                              const SourcesOptions& options) {
  for (const std::string& one : options.ids) {
    const std::string rest = "/rejected/" + percent_encoded(one) + "/admit";
    CO_TRY(answer, co_await client.post(path_of(id, rest), "{}"));
    const bool duplicate = cell_text(answer, "duplicate") == "true";
    write(Channel::kOut,
          fmt::format("{} {} {}\n", printable(one), duplicate ? "was received before as" : "is",
                      cell_text(answer, "event_id")));
  }
  co_return kDone;
}

Task<Result<int>> admit_selected(ApiClient& client, const std::string& id,
                                 const SourcesOptions& options) {
  std::array<std::int64_t, 3> counts{};
  std::string cursor;
  do {
    std::string body;
    webhooks::JsonWriter json(body);
    json.begin_object();
    json.key("filter");
    json.begin_object();
    add_text(json, "outcome", options.outcome);
    add_text(json, "cause", options.cause);
    json.end_object();
    add_text(json, "cursor", cursor);
    json.end_object();
    CO_TRY(answer, co_await client.post(path_of(id, "/rejected/admit"), std::move(body)));
    counts[0] += number_of(answer, "admitted");
    counts[1] += number_of(answer, "duplicates");
    counts[2] += number_of(answer, "refused");
    cursor = text_of(answer, "next_cursor");
  } while (!cursor.empty());
  write(Channel::kOut, fmt::format("{} admitted, {} received before, {} still refused\n", counts[0],
                                   counts[1], counts[2]));
  co_return kDone;
}

Task<Result<int>> admit(ApiClient& client, const SourcesOptions& options) {
  CO_TRY(id, co_await id_of(client, options.source));
  co_return co_await (options.ids.empty() ? admit_selected(client, id, options)
                                          : admit_these(client, id, options));
}

struct Action {
  std::string_view name;
  Task<Result<int>> (*run)(ApiClient& client, const SourcesOptions& options);
};
constexpr std::array<Action, 8> kActions = {{
    {"list", list},
    {"show", show},
    {"create", create},
    {"update", update},
    {"rotate-secret", rotate},
    {"delete", remove},
    {"rejected", rejected},
    {"admit", admit},
}};

}  // namespace

int run(const SourcesOptions& options) {
  const bool selects = options.all || !options.outcome.empty() || !options.cause.empty();
  if (options.action == "admit" && options.ids.empty() && !selects) {
    complain({Errc::kInvalidArgument, "say which: ids, a selection, or --all"});
    return kWrongUsage;
  }
  const auto* action = std::ranges::find(kActions, options.action, &Action::name);
  return with_client(options.connection,
                     [&](ApiClient& client) { return action->run(client, options); });
}

}  // namespace verihook::cli
