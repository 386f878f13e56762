// `verihook keys`: API keys, over the API.
#include <fmt/format.h>

#include "base/percent.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

void optional_member(webhooks::JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.member(name, text);
}

Task<Result<int>> create(ApiClient& client, const KeysCreateOptions& options) {
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  optional_member(json, "name", options.name);
  json.member("scope", options.scope);
  optional_member(json, "tenant_id", options.tenant);
  optional_member(json, "expires_at", options.expires_at);
  json.end_object();
  CO_TRY(key, co_await client.post("/v1/keys", std::move(body)));
  const Terminal terminal = terminal_of(Channel::kOut);
  write(Channel::kOut, aligned(terminal,
                               {{{"key"}, {printable(text_of(key, "key")), false, Colour::kBold}},
                                {{"key_id"}, {printable(text_of(key, "key_id"))}},
                                {{"scope"}, {printable(text_of(key, "scope"))}}},
                               0));
  write(Channel::kError, "Keep the key now: it is shown this once and stored only as a hash.\n");
  co_return kDone;
}

Task<Result<int>> list(ApiClient& client) {
  std::vector<std::vector<Cell>> rows = {
      {{"KEY_ID"}, {"KEY"}, {"SCOPE"}, {"TENANT"}, {"STATE"}, {"NAME"}}};
  CO_TRY_VOID(co_await client.each("/v1/keys", [&](const ApiClient::Object& key) {
    const std::string expires = text_of(key, "expires_at");
    const std::string state = !text_of(key, "revoked_at").empty() ? "revoked"
                              : expires.empty()                   ? "active"
                                                                  : "until " + expires;
    rows.push_back({{printable(text_of(key, "key_id"))},
                    {printable(text_of(key, "prefix")) + "…"},
                    {printable(text_of(key, "scope"))},
                    {printable(text_of(key, "tenant_id"))},
                    {printable(state)},
                    {printable(text_of(key, "name"))}});
  }));
  write(Channel::kOut, aligned(terminal_of(Channel::kOut), rows, 0));
  co_return kDone;
}

Task<Result<int>> revoke(ApiClient& client, const KeysRevokeOptions& options) {
  CO_TRY_VOID(co_await client.remove("/v1/keys/" + percent_encoded(options.key_id)));
  write(Channel::kOut, options.key_id + " is revoked\n");
  co_return kDone;
}

}  // namespace

int run(const KeysCreateOptions& options) {
  return with_client(options.connection,
                     [&](ApiClient& client) { return create(client, options); });
}

int run(const KeysListOptions& options) {
  return with_client(options.connection, [](ApiClient& client) { return list(client); });
}

int run(const KeysRevokeOptions& options) {
  return with_client(options.connection,
                     [&](ApiClient& client) { return revoke(client, options); });
}

}  // namespace verihook::cli
