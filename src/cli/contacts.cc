// `verihook contacts`: what stands in a contacts table is verified, over the API.
#include <fmt/format.h>

#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

// Ids begin with "dst_"; everything else is a name.
Task<Result<std::string>> id_of(ApiClient& client, std::string destination) {
  if (destination.empty() || destination.starts_with("dst_")) co_return destination;
  std::string id;
  CO_TRY_VOID(co_await client.each("/v1/destinations", [&](const ApiClient::Object& item) {
    const bool route = !text_of(item, "job_id").empty();
    if (!route && text_of(item, "name") == destination) id = text_of(item, "destination_id");
  }));
  if (id.empty()) co_return fail(Errc::kNotFound, "there is no destination " + destination);
  co_return id;
}

std::string_view which_of(const ContactsVerifyOptions& options) {
  if (options.all) return "all";
  if (!options.older_than_days) return "never";
  return options.never ? "due" : "older";
}

std::string body_of(const ContactsVerifyOptions& options, const std::string& destination) {
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  if (!destination.empty()) json.member("destination", destination);
  json.member("which", which_of(options));
  if (options.older_than_days) json.member("older_than_days", *options.older_than_days);
  if (!options.name.empty()) json.member("name", options.name);
  if (options.no_smtp) {
    json.key("options");
    json.raw(R"({"smtp":false})");
  }
  json.end_object();
  return body;
}

Task<Result<int>> verify(ApiClient& client, const ContactsVerifyOptions& options) {
  CO_TRY(destination, co_await id_of(client, options.destination));
  CO_TRY(answer, co_await client.post("/v1/contacts/verify", body_of(options, destination),
                                      options.idempotency_key));
  const std::string job_id = text_of(answer, "job_id");
  if (job_id.empty()) {
    write(Channel::kOut, "no contact is to be verified\n");
  } else {
    write(Channel::kOut, fmt::format("{} verifies {} contacts; its results go back to them\n",
                                     printable(job_id), number_of(answer, "total")));
  }
  co_return kDone;
}

}  // namespace

int run(const ContactsVerifyOptions& options) {
  return with_client(options.connection,
                     [&](ApiClient& client) { return verify(client, options); });
}

}  // namespace verihook::cli
