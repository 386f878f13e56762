// `verihook erase`: one address out of everything, over the API; waits for the receipt.
#include <boost/json/serialize.hpp>

#include "base/percent.h"
#include "cli/api_client.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

constexpr Milliseconds kLookInterval{500};

void show(const ApiClient::Object& receipt) {
  std::vector<std::vector<Cell>> rows;
  for (const char* name : {"erasure_id", "address_hash", "created_at", "finished_at"}) {
    rows.push_back({{name}, {printable(text_of(receipt, name))}});
  }
  if (const auto* erased = receipt.if_contains("erased"); erased && erased->is_object()) {
    for (const auto& [kind, count] : erased->get_object()) {
      const std::string name(kind.data(), kind.size());
      rows.push_back({{printable(name)}, {std::to_string(number_of(erased->get_object(), name))}});
    }
  }
  write(Channel::kOut, aligned(terminal_of(Channel::kOut), rows, 0));
}

Task<Result<int>> erase(ApiClient& client, Timers& timers, const EraseOptions& options) {
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  json.member("email", options.email);
  if (!options.tenant.empty()) json.member("tenant_id", options.tenant);
  json.end_object();
  CO_TRY(receipt, co_await client.post("/v1/erase", std::move(body)));
  const std::string path = "/v1/erase/" + percent_encoded(text_of(receipt, "erasure_id"));
  while (text_of(receipt, "status") != "completed") {
    co_await sleep_for(timers, kLookInterval);
    CO_TRY(again, co_await client.get(path));
    receipt = std::move(again);
  }
  if (options.json) {
    write(Channel::kOut, boost::json::serialize(receipt) + "\n");
  } else {
    show(receipt);
  }
  co_return kDone;
}

}  // namespace

int run(const EraseOptions& options) {
  return with_client(options.connection, [&](ApiClient& client, Timers& timers) {
    return erase(client, timers, options);
  });
}

}  // namespace verihook::cli
