#include "cli/demo_story.h"

#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "app/wiring.h"
#include "cli/demo_sample.h"
#include "cli/result_view.h"
#include "webhooks/json_writer.h"
#include "webhooks/signature.h"

namespace verihook::cli {
namespace {

using webhooks::JsonWriter;

constexpr std::string_view kName = "verihook demo";
constexpr std::string_view kSource = "demo";
constexpr Milliseconds kWebhooksWait = std::chrono::seconds{30};
constexpr Milliseconds kPoll{100};

std::string emails_json(const std::vector<std::string>& addresses, bool with_name) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("emails");
  json.begin_array();
  for (const std::string& address : addresses) json.value(address);
  json.end_array();
  if (with_name) {
    json.member("name", kName);
    json.key("metadata");
    json.raw(R"({"list":"customers"})");
  }
  json.end_object();
  return body;
}

void array_member(JsonWriter& json, std::string_view name, std::string_view element) {
  json.key(name);
  json.begin_array();
  json.value(element);
  json.end_array();
}

const boost::json::array* data_of(const boost::json::object& page) {
  const auto* data = page.if_contains("data");
  return data == nullptr ? nullptr : data->if_array();
}

// This program as it can be typed here, whether or not it is on the PATH.
std::string program_path() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "verihook";
  const std::string near = std::filesystem::proximate(program, error).string();
  return error || near.starts_with("..") ? program.string() : near;
}

}  // namespace

DemoStory::DemoStory(asio::any_io_executor executor, DemoSetting setting)
    : executor_(std::move(executor)),
      setting_(std::move(setting)),
      customer_(executor_, timers_, random_,
                [this](const DemoWebhook& webhook) { show_webhook(webhook); }) {}

Task<Result<void>> DemoStory::tell() {
  CO_TRY(client, ApiClient::create(executor_, timers_, {setting_.server_url, setting_.api_key}));
  client_ = std::move(client);
  const std::vector<std::string> addresses = demo_addresses();
  show_server();
  CO_TRY_VOID(co_await remove_old());
  CO_TRY_VOID(co_await import_contacts(addresses));
  CO_TRY_VOID(co_await register_customer());
  CO_TRY_VOID(co_await register_receiver());
  CO_TRY(job_id, co_await submit(addresses));
  CO_TRY_VOID(co_await follow(job_id));
  CO_TRY_VOID(co_await show_contacts(job_id));
  show_ending(job_id);
  co_return Result<void>{};
}

Task<void> DemoStory::stop() {
  status_.clear();
  co_await customer_.stop();
}

void DemoStory::step(std::string_view label, std::string_view text) {
  status_.print(fmt::format(
      "  {}  {}\n", paint(status_.terminal(), Colour::kBold, fmt::format("{:<9}", label)), text));
}

void DemoStory::show_server() {
  status_.print(fmt::format(
      "verihook {}: a list of addresses goes in, signed webhooks come out\n\n", app::kVersion));
  std::string also;
  if (setting_.wanted.port != 0 && setting_.wanted.port != setting_.listening.port) {
    also = fmt::format(" (port {} is taken)", setting_.wanted.port);
  }
  step("server", fmt::format("{}{}, data in {}", setting_.server_url, also, setting_.folder));
}

// What an earlier demonstration on the same data left registered: its customer is gone.
Task<Result<void>> DemoStory::remove_old() {
  CO_TRY_VOID(co_await remove_named("/v1/webhooks", "webhook_id"));
  CO_TRY_VOID(co_await remove_named("/v1/destinations", "destination_id"));
  CO_TRY_VOID(co_await remove_named("/v1/sources", "source_id"));
  co_return Result<void>{};
}

Task<Result<void>> DemoStory::remove_named(std::string path, std::string id_member) {
  std::vector<std::string> old;
  CO_TRY_VOID(co_await client_->each(path, [&](const ApiClient::Object& object) {
    const std::string name = text_of(object, "name");
    if (name == kName || name == kSource) old.push_back(text_of(object, id_member));
  }));
  for (const std::string& id : old) CO_TRY_VOID(co_await client_->remove(path + "/" + id));
  co_return Result<void>{};
}

Task<Result<void>> DemoStory::import_contacts(const std::vector<std::string>& addresses) {
  CO_TRY_VOID(co_await client_->post("/v1/contacts/import", emails_json(addresses, false)));
  CO_TRY(contacts, co_await count_contacts());
  before_ = contacts;
  step("contacts", fmt::format("{} in the table, {} of them verified",
                               with_thousands(contacts.total), with_thousands(contacts.verified)));
  co_return Result<void>{};
}

Task<Result<DemoStory::Contacts>> DemoStory::count_contacts() {
  Contacts contacts;
  CO_TRY_VOID(co_await client_->each("/v1/contacts", [&](const ApiClient::Object& contact) {
    const auto* verified = contact.if_contains("email_verified");
    ++contacts.total;
    if (verified == nullptr || !verified->is_bool()) return;
    ++(verified->get_bool() ? contacts.verified : contacts.refused);
  }));
  co_return contacts;
}

Task<Result<void>> DemoStory::register_endpoint(std::string url, std::string secret) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.member("url", url);
  array_member(json, "events", "bulk.*");
  json.member("secret", secret);
  json.member("name", kName);
  json.end_object();
  CO_TRY_VOID(co_await client_->post("/v1/webhooks", std::move(body)));
  co_return Result<void>{};
}

Task<Result<void>> DemoStory::register_customer() {
  CO_TRY_VOID(customer_.start());
  CO_TRY_VOID(co_await register_endpoint(customer_.url(), customer_.secret()));
  step("customer", fmt::format("wants webhooks at {}", customer_.url()));
  co_return Result<void>{};
}

// The program's own door for webhooks, and behind it the contacts.
Task<Result<void>> DemoStory::register_receiver() {
  const std::string secret = webhooks::generate_secret(random_);
  std::string source;
  JsonWriter json(source);
  json.begin_object();
  json.member("name", kSource);
  json.key("verifier");
  json.begin_object();
  json.member("kind", "hmac");
  json.member("header", "X-Webhook-Signature");
  array_member(json, "secrets", secret);
  json.end_object();
  json.end_object();
  CO_TRY_VOID(co_await client_->post("/v1/sources", std::move(source)));

  std::string destination;
  JsonWriter contacts(destination);
  contacts.begin_object();
  contacts.member("name", kName);
  contacts.member("kind", "contacts");
  array_member(contacts, "sources", kSource);
  array_member(contacts, "events", "bulk.*");
  contacts.key("settings");
  contacts.begin_object();
  contacts.member("api_key", setting_.api_key);
  array_member(contacts, "allowed_hosts", setting_.listening.to_string());
  contacts.end_object();
  contacts.end_object();
  CO_TRY_VOID(co_await client_->post("/v1/destinations", std::move(destination)));

  const std::string door = fmt::format("{}/webhooks/{}", setting_.server_url, kSource);
  CO_TRY_VOID(co_await register_endpoint(door, secret));
  step("receiver", fmt::format("our own door at {} updates the contacts", door));
  co_return Result<void>{};
}

Task<Result<std::string>> DemoStory::submit(const std::vector<std::string>& addresses) {
  CO_TRY(job, co_await client_->post("/v1/bulk/verify", emails_json(addresses, true)));
  const std::string job_id = text_of(job, "job_id");
  step("job",
       fmt::format("{} accepted: {} addresses", job_id, with_thousands(number_of(job, "total"))));
  co_return job_id;
}

void DemoStory::show_webhook(const DemoWebhook& webhook) {
  const Terminal& terminal = status_.terminal();
  if (!webhook.hex_signature || !webhook.standard_signature) {
    step("webhook", paint(terminal, Colour::kRed, "signature wrong; refused"));
    return;
  }
  step("webhook",
       fmt::format("{:<14} {:>7}  {} (X-Webhook-Signature, webhook-signature)", webhook.event_type,
                   webhook.detail, paint(terminal, Colour::kGreen, "signature ok")));
  if (webhook.event_type == "bulk.completed" || webhook.event_type == "bulk.failed") {
    completed_seen_ = true;
  }
}

Task<Result<void>> DemoStory::follow(std::string job_id) {
  JobWatch watch(*client_, timers_, status_, "  ");
  CO_TRY(job, co_await watch.until_final(job_id));
  const Deadline deadline = Deadline::after(clock_, kWebhooksWait);
  while (!completed_seen_ && !deadline.passed(clock_)) co_await sleep_for(timers_, kPoll);
  if (!completed_seen_) {
    co_return fail(Errc::kTimeout, "the job has ended but its webhook has not arrived in 30 s");
  }
  const std::string state = text_of(job, "status");
  step("results", paint(status_.terminal(), colour_of_status(state), state));
  status_.print("\n");
  if (const auto* summary = job.if_contains("summary"); summary && summary->is_object()) {
    status_.print(summary_table(status_.terminal(), summary->get_object()));
  }
  status_.print("\n");
  co_return Result<void>{};
}

Task<Result<bool>> DemoStory::contacts_are_written(std::string job_id) {
  CO_TRY(page, co_await client_->get(fmt::format(
                   "/v1/events?source={}&type=bulk.completed&job_id={}", kSource, job_id)));
  const auto* data = data_of(page);
  if (data == nullptr || data->empty()) co_return false;
  co_return text_of(data->front().as_object(), "status") == "processed";
}

Task<Result<void>> DemoStory::show_contacts(std::string job_id) {
  const Deadline deadline = Deadline::after(clock_, kWebhooksWait);
  for (;;) {
    CO_TRY(written, co_await contacts_are_written(job_id));
    if (written) break;
    if (deadline.passed(clock_)) {
      co_return fail(Errc::kTimeout, "the results have not reached the contacts in 30 s");
    }
    co_await sleep_for(timers_, kPoll);
  }
  CO_TRY(after, co_await count_contacts());
  const auto row = [](std::string label, std::int64_t before, std::int64_t now) {
    return std::vector<Cell>{
        {std::move(label)}, {with_thousands(before), true}, {with_thousands(now), true}};
  };
  step("contacts", "changed by the webhook that came through our own door");
  status_.print("\n");
  status_.print(aligned(status_.terminal(),
                        {{{""}, {"before", true, Colour::kDim}, {"now", true, Colour::kDim}},
                         row("verified", before_.verified, after.verified),
                         row("not verified", before_.refused, after.refused),
                         row("not looked at", before_.total - before_.verified - before_.refused,
                             after.total - after.verified - after.refused)}));
  status_.print("\n");
  co_return Result<void>{};
}

void DemoStory::show_ending(const std::string& job_id) {
  const std::string& url = setting_.server_url;
  status_.print(aligned(
      status_.terminal(),
      {{{"server"}, {url + "/", false, Colour::kBold}},
       {{"API"}, {url + "/openapi.json"}},
       {{"metrics"}, {url + "/metrics"}},
       {{"results"}, {fmt::format("{}/v1/bulk/download/{}", url, job_id)}},
       {{"API key"}, {fmt::format("{} (in {}/api.key)", setting_.api_key, setting_.folder)}}}));
  if (!setting_.stays_up) return;
  status_.print(
      fmt::format("\nTry:  export VERIHOOK_URL={} VERIHOOK_API_KEY=$(cat {}/api.key)\n"
                  "      {} verify catch_all@sandbox.test\n"
                  "\nCtrl-C ends it.\n",
                  url, setting_.folder, program_path()));
}

}  // namespace verihook::cli
