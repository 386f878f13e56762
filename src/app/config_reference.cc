#include "app/config_reference.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "webhooks/json_writer.h"

namespace verihook::app {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kTebibyte = std::int64_t{1} << 40;

// A number that is kept as any integer type or as Milliseconds.
template <auto Access>
constexpr NumberField number(std::int64_t min, std::int64_t max) {
  return {[](const Config& config) -> std::int64_t {
            const auto& value = Access(const_cast<Config&>(config));
            if constexpr (requires { value.count(); }) {
              return value.count();
            } else {
              return static_cast<std::int64_t>(value);
            }
          },
          [](Config& config, std::int64_t number) {
            auto& value = Access(config);
            value = static_cast<std::remove_reference_t<decltype(value)>>(number);
          },
          min, max};
}

#define VH_FIELD(expression) [](Config& c) -> auto& { return c.expression; }

constexpr std::array kSettings = {
    Setting{
        "server", "listen", EndpointField{VH_FIELD(server.listen)},
        "Address and port of the API, the dashboard and the receiver. Port 0 takes a free one."},
    Setting{"server", "tls_certificate", TextField{VH_FIELD(server.tls_certificate)},
            "PEM file with the certificate chain. HTTPS when set together with `tls_key`; both are "
            "read again when they change.",
            "none: plain HTTP, for a proxy in front"},
    Setting{"server", "tls_key", TextField{VH_FIELD(server.tls_key)},
            "PEM file with the certificate's private key.", "none"},
    Setting{"server", "public_url", TextField{VH_FIELD(server.public_url)},
            "How others reach this server: the prefix of `download_url` in events.",
            "from `server.listen`"},
    Setting{"server", "proxy_protocol", RangesField{VH_FIELD(server.proxy_protocol)},
            "Ranges of proxies that begin each connection with a PROXY protocol header (version 2) "
            "and must do so; from others none is taken."},
    Setting{"server", "json_bytes_max",
            number<VH_FIELD(server.json_bytes_max)>(1024, 256 * kMillion),
            "Largest JSON body of a request, other than a list of addresses."},
    Setting{"server", "upload_bytes_max",
            number<VH_FIELD(server.upload_bytes_max)>(1024, kTebibyte),
            "Largest list of addresses in one request."},
    Setting{"server", "verify_timeout_ms_max",
            number<VH_FIELD(server.verify_timeout_ms_max)>(1, kDayMs),
            "Longest `timeout_ms` that a caller of `/v1/verify` may ask for."},
    Setting{"server", "request_line_bytes_max",
            number<VH_FIELD(server.limits.request_line_bytes_max)>(256, kMillion),
            "Longest request line."},
    Setting{"server", "header_bytes_max",
            number<VH_FIELD(server.limits.header_bytes_max)>(1024, kMillion),
            "All header fields of a request together."},
    Setting{"server", "header_fields_max",
            number<VH_FIELD(server.limits.header_fields_max)>(8, 10'000),
            "Header fields of a request."},
    Setting{"server", "connections_max",
            number<VH_FIELD(server.limits.connections_max)>(1, kMillion),
            "Open connections; more are answered 503."},
    Setting{"server", "connections_per_peer_max",
            number<VH_FIELD(server.limits.connections_per_peer_max)>(1, kMillion),
            "Open connections from one address."},
    Setting{"server", "requests_per_connection_max",
            number<VH_FIELD(server.limits.requests_per_connection_max)>(1, 1000 * kMillion),
            "Requests on one connection before it is closed."},
    Setting{"server", "in_flight_requests_max",
            number<VH_FIELD(server.limits.in_flight_requests_max)>(1, kMillion),
            "Requests being answered at once; more are answered 503 with Retry-After."},
    Setting{"server", "header_deadline_ms",
            number<VH_FIELD(server.limits.header_deadline_ms)>(100, kDayMs),
            "From the first byte of a request to its last header field."},
    Setting{"server", "idle_deadline_ms",
            number<VH_FIELD(server.limits.idle_deadline_ms)>(100, kDayMs),
            "Between two requests of a connection."},
    Setting{"server", "body_deadline_ms",
            number<VH_FIELD(server.limits.body_deadline_ms)>(100, kDayMs), "For a whole body."},
    Setting{"server", "body_bytes_per_second_min",
            number<VH_FIELD(server.limits.body_bytes_per_second_min)>(1, 1000 * kMillion),
            "A body that comes slower than this on average is given up."},
    Setting{"server", "write_deadline_ms",
            number<VH_FIELD(server.limits.write_deadline_ms)>(100, kDayMs),
            "Without progress while an answer is written."},
    Setting{"server", "tls_handshake_deadline_ms",
            number<VH_FIELD(server.limits.tls_handshake_deadline_ms)>(100, kDayMs),
            "For the TLS handshake of a new connection."},

    Setting{
        "store", "url", TextField{VH_FIELD(store.url)},
        "Where everything is kept: `sqlite:PATH`. The file and its folder are made when they are "
        "missing."},

    Setting{"auth", "bootstrap_key", TextField{VH_FIELD(auth.bootstrap_key)},
            "An admin API key that is accepted from the first start. Without it one is made at the "
            "first start and printed once.",
            "none"},

    Setting{
        "secrets", "master_key_file", TextField{VH_FIELD(secrets.master_key_file)},
        "The key that encrypts stored secrets; made at the first start, mode 0600. Keep a copy: "
        "without it the secrets in the store cannot be read."},

    Setting{"dns", "servers", EndpointsField{VH_FIELD(dns.servers)},
            "Name servers to ask, as `address:port`.", "those of /etc/resolv.conf"},
    Setting{"dns", "timeout_ms", number<VH_FIELD(dns.timeout_ms)>(100, kDayMs),
            "For all answers about the mail hosts of one domain."},
    Setting{"dns", "in_flight_max", number<VH_FIELD(dns.in_flight_max)>(1, 100'000),
            "Queries under way at once; more wait."},
    Setting{"dns", "cache_entries_max", number<VH_FIELD(dns.cache_entries_max)>(1, 100 * kMillion),
            "Answers kept in memory."},

    Setting{"smtp", "port", number<VH_FIELD(smtp.port)>(1, 65'535),
            "The port dialled at mail hosts. Other than 25 only in tests."},
    Setting{"smtp", "helo", TextField{VH_FIELD(smtp.helo)},
            "The name given in EHLO; should be the PTR record of the address that is dialled from.",
            "the host's name"},
    Setting{"smtp", "mail_from", TextField{VH_FIELD(smtp.mail_from)},
            "The sender given in MAIL FROM; should be an address that exists.",
            "verify@<smtp.helo>"},
    Setting{"smtp", "connections_max", number<VH_FIELD(smtp.connections_max)>(1, 100'000),
            "Conversations with mail hosts at once."},
    Setting{"smtp", "limits", TrafficRulesField{VH_FIELD(smtp.limits)},
            "How hard a mail provider may be asked, before the limits built in: whom (a provider "
            "like `google`, the domain of mail hosts, or `*`), then any of `connections=`, "
            "`connections_per_minute=`, `recipients=` (on one connection) and `pause_s=` (after "
            "it refused us). See docs/verification.md."},
    Setting{"smtp", "starttls", TlsPolicyField{VH_FIELD(smtp.starttls)},
            "When conversations are encrypted: `offered`, whenever the mail host can, `demanded`, "
            "when it refuses to go on otherwise, which costs a quarter of the memory, or `never`."},
    Setting{"smtp", "recipients_per_connection_max",
            number<VH_FIELD(smtp.recipients_per_connection_max)>(1, 10'000),
            "Addresses asked in one conversation."},
    Setting{"smtp", "mx_hosts_tried_max", number<VH_FIELD(smtp.mx_hosts_tried_max)>(1, 50),
            "Mail hosts of a domain that are tried before it counts as unreachable."},
    Setting{"smtp", "idle_connection_ms", number<VH_FIELD(smtp.idle_connection_ms)>(0, 300'000),
            "How long a conversation is kept for the next address of the same provider."},
    Setting{"smtp", "connect_timeout_ms", number<VH_FIELD(smtp.connect_timeout_ms)>(10, kDayMs),
            "For the TCP connection to a mail host."},
    Setting{"smtp", "banner_timeout_ms", number<VH_FIELD(smtp.banner_timeout_ms)>(10, kDayMs),
            "From there to its greeting; slow greetings keep spammers away."},
    Setting{"smtp", "command_timeout_ms", number<VH_FIELD(smtp.command_timeout_ms)>(10, kDayMs),
            "For the reply to each command."},
    Setting{"smtp", "greylist_delays", DurationsField{VH_FIELD(smtp.greylist_delays)},
            "When to ask again after a server said \"later\" without naming a time; the last "
            "answer stands."},
    Setting{"smtp", "result_ttl_ms", number<VH_FIELD(smtp.result_ttl_ms)>(0, 365 * kDayMs),
            "How long the answer about a mailbox is used again, unless a job says `cache: false`; "
            "0: never."},
    Setting{"smtp", "result_cache_entries_max",
            number<VH_FIELD(smtp.result_cache_entries_max)>(0, 100 * kMillion),
            "Mailboxes whose answer is kept in memory."},
    Setting{"smtp", "egress_sample", number<VH_FIELD(smtp.egress_sample)>(0, kMillion),
            "So many different mail providers out of reach, and none in reach, fail a job with "
            "EGRESS_BLOCKED; 0: never."},
    Setting{"smtp", "sources", SourcesField{VH_FIELD(smtp.sources)},
            "From where mail hosts are asked: an address of this host, "
            "`socks5://USER:PASSWORD@ADDRESS:PORT` or `default`, then any of `helo=`, "
            "`mail_from=`, `public=` (as which others see it), `via=` (the local address to reach "
            "a proxy from) and `name=`. One provider always sees the same source.",
            "the system's choice"},
    Setting{"smtp", "audit_hosts", NamesField{VH_FIELD(smtp.audit_hosts)},
            "Domains whose mail host is to greet us when this host looks at itself "
            "(`verihook doctor`); the first that does is enough."},
    Setting{"smtp", "block_lists", NamesField{VH_FIELD(smtp.block_lists)},
            "Zones of DNS block lists that are asked about our addresses then."},
    Setting{"smtp", "audit_at_start", SwitchField{VH_FIELD(smtp.audit_at_start)},
            "Whether the server looks at itself once after each start, and logs what it finds."},
    Setting{"smtp", "domains_in_flight_max",
            number<VH_FIELD(smtp.domains_in_flight_max)>(1, 1'000'000),
            "Domains of one piece of a job that are looked up and asked at once."},
    Setting{"smtp", "catch_all_ttl_ms", number<VH_FIELD(smtp.catch_all_ttl_ms)>(0, 365 * kDayMs),
            "How long it is remembered whether a domain accepts every address."},

    Setting{"smtp", "catch_all_entries_max",
            number<VH_FIELD(smtp.catch_all_entries_max)>(1, 100 * kMillion),
            "Domains of which that is kept in memory."},
    Setting{
        "network", "allow", RangesField{VH_FIELD(network.allow)},
        "Ranges that webhooks, downloads and mail probes may reach although they are not public. "
        "For tests and labs."},
    Setting{"network", "deny", RangesField{VH_FIELD(network.deny)},
            "Ranges that they may not reach although public, unless `network.allow` has them."},
    Setting{"network", "reach_itself", SwitchField{VH_FIELD(network.reach_itself)},
            "Whether they may reach the public addresses of this host, which are denied otherwise: "
            "those of its interfaces at the start and `public=` of `smtp.sources`. Needed where "
            "it sends webhooks to its own public name."},
    Setting{
        "network", "allow_http", SwitchField{VH_FIELD(network.allow_http)},
        "Whether webhook targets may be plain `http`. They may also when `network.allow` is not "
        "empty."},
    Setting{"network", "extra_ca_file", TextField{VH_FIELD(network.extra_ca_file)},
            "PEM file of roots that are trusted besides the system's, for endpoints, streams, mail "
            "servers and databases with certificates of your own."},

    Setting{"receive", "trusted_proxies", RangesField{VH_FIELD(receive.trusted_proxies)},
            "Ranges of proxies whose X-Forwarded-For is believed."},
    Setting{"receive", "body_bytes_max",
            number<VH_FIELD(receive.body_bytes_max)>(1024, 1000 * kMillion),
            "Largest webhook that any source takes, whatever its own limit says."},
    Setting{"receive", "rejected_per_minute_max",
            number<VH_FIELD(receive.rejected_per_minute_max)>(0, 100'000),
            "Refused requests of one source that are kept in a minute, at most half of them from "
            "one address; the others are counted. 0 keeps none."},
    Setting{"receive", "rejected_kept_max",
            number<VH_FIELD(receive.rejected_kept_max)>(1, kMillion),
            "Refused requests of one source that are kept; the oldest make room."},
    Setting{"receive", "rejected_bytes_max",
            number<VH_FIELD(receive.rejected_bytes_max)>(65'536, 100'000 * kMillion),
            "Bytes of them, likewise."},
    Setting{"receive", "rejected_body_bytes_max",
            number<VH_FIELD(receive.rejected_body_bytes_max)>(1024, 16 * kMillion),
            "A refused request with a longer body is kept with its beginning only, and cannot be "
            "admitted."},
    Setting{"receive", "rejected_hours", number<VH_FIELD(receive.rejected_hours)>(1, 24 * 365),
            "How long refused requests are kept."},
    Setting{"receive", "disk_free_bytes_min",
            number<VH_FIELD(receive.disk_free_bytes_min)>(0, 1'000'000 * kMillion),
            "With less space than this left for the store, webhooks are answered with 503 until "
            "there is twice as much. 0: never."},
    Setting{"receive", "queue_age_s_max",
            number<VH_FIELD(receive.queue_age_s_max)>(0, 7 * 24 * 3600),
            "When the oldest due delivery to a working destination is later than this, webhooks "
            "are answered with 503 until it is half as late. 0: never."},

    Setting{"delivery", "in_flight_max", number<VH_FIELD(delivery.in_flight_max)>(1, 4'096),
            "Webhooks being sent at once."},
    Setting{"delivery", "in_flight_per_tenant_max",
            number<VH_FIELD(delivery.in_flight_per_tenant_max)>(1, 4'096),
            "Of those, for one tenant."},
    Setting{"delivery", "in_flight_per_destination_max",
            number<VH_FIELD(delivery.in_flight_per_destination_max)>(1, 1'000),
            "Of those, to one destination, whatever its `max_in_flight` says."},
    Setting{"delivery", "loaded_deliveries_max",
            number<VH_FIELD(delivery.loaded_deliveries_max)>(100, kMillion),
            "Deliveries held in memory; the others wait in the store."},

    Setting{"jobs", "emails_max", number<VH_FIELD(jobs.emails_max)>(1, 1000 * kMillion),
            "Addresses in one job."},
    Setting{"jobs", "entry_bytes_max", number<VH_FIELD(jobs.entry_bytes_max)>(256, 16 * kMillion),
            "Longest line, CSV record or JSON element of a list; longer ones are rejected."},
    Setting{"jobs", "columns_max", number<VH_FIELD(jobs.columns_max)>(1, 100'000),
            "Columns of a CSV list."},
    Setting{"jobs", "decompressed_bytes_max",
            number<VH_FIELD(jobs.decompressed_bytes_max)>(1024, kTebibyte),
            "Largest list when its gzip or zstd compression is undone."},
    Setting{"jobs", "rejected_kept_max", number<VH_FIELD(jobs.rejected_kept_max)>(0, 10 * kMillion),
            "Entries of one list that are no rows and are kept to be shown; all are counted."},
    Setting{
        "jobs", "temporary_folder", TextField{VH_FIELD(jobs.temporary_folder)},
        "Where duplicates of lists of more than a million addresses are looked for: 24 bytes an "
        "address while the list is taken in.",
        "the system's folder for temporary files"},
    Setting{"jobs", "chunks_in_progress_max",
            number<VH_FIELD(jobs.chunks_in_progress_max)>(1, 1'000),
            "Pieces of jobs (10,000 addresses each) that are worked on at once."},
    Setting{"jobs", "first_chunks_in_progress_max",
            number<VH_FIELD(jobs.first_chunks_in_progress_max)>(0, 1'000),
            "Beside those, pieces of jobs of which none is worked on, so that short lists need not "
            "wait for long ones."},
    Setting{"jobs", "chunks_per_tenant_max", number<VH_FIELD(jobs.chunks_per_tenant_max)>(0, 1'000),
            "Pieces of one tenant's jobs that are worked on at once; 0: any number."},
    Setting{"jobs", "verifications_in_progress_max",
            number<VH_FIELD(jobs.verifications_in_progress_max)>(1, 100'000),
            "Verifications of one address with `async` that are worked on at once; at most half of "
            "them one tenant's."},
    Setting{"jobs", "checkpoint_interval_ms",
            number<VH_FIELD(jobs.checkpoint_interval_ms)>(10, 600'000),
            "How often results are written down: what a crash can cost."},
    Setting{"jobs", "download_link_hours", number<VH_FIELD(jobs.download_link_hours)>(0, 8'760),
            "How long the `download_url` of an event or a job works without an API key; 0: it "
            "always wants one."},

    Setting{"contacts", "database_threads", number<VH_FIELD(contacts.database_threads)>(1, 256),
            "Contacts tables in PostgreSQL that are worked on at once."},
    Setting{"contacts", "connect_timeout_ms",
            number<VH_FIELD(contacts.connect_timeout_ms)>(1, kMillion),
            "For a connection to such a database, with each of its addresses."},
    Setting{"contacts", "statement_timeout_ms",
            number<VH_FIELD(contacts.statement_timeout_ms)>(1, 24 * 3600 * 1000),
            "For a statement there, which is a thousand rows."},
    Setting{"contacts", "lock_timeout_ms",
            number<VH_FIELD(contacts.lock_timeout_ms)>(1, 24 * 3600 * 1000),
            "For a lock that somebody else holds there."},

    Setting{"retention", "days", number<VH_FIELD(retention.days)>(0, 36'500),
            "How long jobs with their lists and results, events with their deliveries, received "
            "requests and verifications are kept, for tenants that have no `retention_days` of "
            "their own; 0: until they are deleted."},

    Setting{"lists", "file", TextField{VH_FIELD(lists.file)},
            "A file with the lists of disposable, free and role addresses, instead of the built-in "
            "ones; read again when it changes. `verihook lists update` puts it there.",
            "the built-in lists"},
    Setting{"lists", "local", TextField{VH_FIELD(lists.local)},
            "A file with lines of your own, read again when it changes: `deny LIST ENTRY` adds to "
            "a list, `allow LIST ENTRY` takes out of it, `suppress ENTRY` keeps an address or a "
            "domain from being asked. See docs/lists.md.",
            "none"},

    Setting{"alerts", "interval_s", number<VH_FIELD(alerts.interval_s)>(1, 3'600),
            "How often the figures are looked at; see docs/receiving.md."},
    Setting{"alerts", "window_s", number<VH_FIELD(alerts.window_s)>(10, 24 * 3600),
            "The time whose attempts and requests make a share."},
    Setting{"alerts", "failure_percent_max", number<VH_FIELD(alerts.failure_percent_max)>(1, 100),
            "Attempts that may fail."},
    Setting{"alerts", "failure_attempts_min",
            number<VH_FIELD(alerts.failure_attempts_min)>(1, kMillion),
            "With fewer attempts their share says nothing."},
    Setting{"alerts", "late_s_max", number<VH_FIELD(alerts.late_s_max)>(1, 7 * 24 * 3600),
            "How late a due delivery to a working destination may be."},
    Setting{"alerts", "dead_letters_max", number<VH_FIELD(alerts.dead_letters_max)>(0, kMillion),
            "Dead letters that a tenant may have."},
    Setting{"alerts", "silence_s_min", number<VH_FIELD(alerts.silence_s_min)>(1, 366 * 24 * 3600),
            "A source that used to speak may be silent for so long at least."},
    Setting{"alerts", "silence_factor", number<VH_FIELD(alerts.silence_factor)>(0, 1'000),
            "And for so many times its longest pause among the last hundred events. 0: silence is "
            "no alert, unless the source's `silence_s` says so."},
    Setting{"alerts", "rejected_percent_max", number<VH_FIELD(alerts.rejected_percent_max)>(1, 100),
            "Requests that a source may refuse; above, `source.rejecting` is told once."},
    Setting{"alerts", "rejected_min", number<VH_FIELD(alerts.rejected_min)>(1, kMillion),
            "Fewer refused requests in a window are no alert."},

    Setting{"log", "level", LevelField{VH_FIELD(log.level)},
            "What is logged: `debug`, `info`, `warning`, `error` or `off`."},
};
#undef VH_FIELD

constexpr std::array<std::string_view, 5> kLevels = {"debug", "info", "warning", "error", "off"};
constexpr std::array<std::string_view, 3> kTlsPolicies = {"never", "demanded", "offered"};

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

std::string quoted(std::string_view text) {
  std::string out;
  webhooks::append_js_string(out, text);
  return out;
}

template <class Value>
std::string array_as_toml(const std::vector<Value>& values) {
  std::string out = "[";
  for (const Value& value : values) {
    if (out.size() > 1) out += ", ";
    out += quoted(value.to_string());
  }
  return out + "]";
}

template <class Value>
Result<void> read_array(std::vector<Value>& out, std::string_view text) {
  std::vector<Value> values;
  for (const std::string_view part : split(text, ',')) {
    if (trim(part).empty()) continue;
    auto value = Value::parse(trim(part));
    if (!value) {
      return fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\": {}", trim(part), value.error().message));
    }
    values.push_back(*value);
  }
  out = std::move(values);
  return {};
}

Result<void> read_number(const NumberField& field, Config& config, std::string_view text) {
  const auto value = parse_u64(trim(text));
  const auto max = static_cast<std::uint64_t>(field.max);
  if (!value || *value > max || *value < static_cast<std::uint64_t>(field.min)) {
    return fail(Errc::kInvalidArgument,
                fmt::format("must be a whole number from {} to {}", field.min, field.max));
  }
  field.set(config, static_cast<std::int64_t>(*value));
  return {};
}

Result<void> read_switch(bool& out, std::string_view text) {
  const std::string value = to_lower(trim(text));
  if (value != "true" && value != "false") {
    return fail(Errc::kInvalidArgument, "must be true or false");
  }
  out = value == "true";
  return {};
}

Result<void> read_endpoint(net::Endpoint& out, std::string_view text) {
  const auto endpoint = net::Endpoint::parse(trim(text));
  if (!endpoint) {
    return fail(Errc::kInvalidArgument,
                "must be an IP address and a port, like 127.0.0.1:8080 or [::]:8080");
  }
  out = *endpoint;
  return {};
}

}  // namespace

std::string Setting::key() const { return fmt::format("{}.{}", section, name); }

std::string Setting::environment_variable() const {
  std::string variable = fmt::format("VERIHOOK_{}_{}", section, name);
  for (char& c : variable) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return variable;
}

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view section, std::string_view name) {
  for (const Setting& setting : kSettings) {
    if (setting.section == section && setting.name == name) return &setting;
  }
  return nullptr;
}

bool is_list(const Field& field) {
  return std::holds_alternative<EndpointsField>(field) ||
         std::holds_alternative<RangesField>(field) ||
         std::holds_alternative<TrafficRulesField>(field) ||
         std::holds_alternative<DurationsField>(field) ||
         std::holds_alternative<SourcesField>(field) || std::holds_alternative<NamesField>(field);
}

std::string_view type_name(const Field& field) {
  constexpr std::array<std::string_view, std::variant_size_v<Field>> kNames = {
      "text",
      "true or false",
      "whole number",
      "address:port",
      "list of address:port",
      "list of ranges (CIDR)",
      "level",
      "policy",
      "list of limits",
      "list of durations",
      "list of sources",
      "list of names"};
  return kNames[field.index()];
}

std::string value_as_toml(const Setting& setting, const Config& config) {
  // The fields hand out references to change a value through; nothing here changes one.
  auto& readable = const_cast<Config&>(config);
  return std::visit(
      Overload{
          [&](const TextField& field) { return quoted(field.of(readable)); },
          [&](const SwitchField& field) {
            return std::string(field.of(readable) ? "true" : "false");
          },
          [&](const NumberField& field) { return std::to_string(field.get(config)); },
          [&](const EndpointField& field) { return quoted(field.of(readable).to_string()); },
          [&](const EndpointsField& field) { return array_as_toml(field.of(readable)); },
          [&](const RangesField& field) { return array_as_toml(field.of(readable)); },
          [&](const TrafficRulesField& field) { return array_as_toml(field.of(readable)); },
          [&](const DurationsField& field) { return array_as_toml(field.of(readable)); },
          [&](const SourcesField& field) { return array_as_toml(field.of(readable)); },
          [&](const NamesField& field) { return array_as_toml(field.of(readable)); },
          [&](const LevelField& field) {
            return quoted(kLevels[static_cast<std::size_t>(field.of(readable))]);
          },
          [&](const TlsPolicyField& field) {
            return quoted(kTlsPolicies[static_cast<std::size_t>(field.of(readable))]);
          },
      },
      setting.field);
}

Result<void> set_from_text(const Setting& setting, Config& config, std::string_view text) {
  return std::visit(
      Overload{
          [&](const TextField& field) -> Result<void> {
            field.of(config) = text;
            return {};
          },
          [&](const SwitchField& field) { return read_switch(field.of(config), text); },
          [&](const NumberField& field) { return read_number(field, config, text); },
          [&](const EndpointField& field) { return read_endpoint(field.of(config), text); },
          [&](const EndpointsField& field) { return read_array(field.of(config), text); },
          [&](const RangesField& field) { return read_array(field.of(config), text); },
          [&](const TrafficRulesField& field) { return read_array(field.of(config), text); },
          [&](const DurationsField& field) { return read_array(field.of(config), text); },
          [&](const SourcesField& field) { return read_array(field.of(config), text); },
          [&](const NamesField& field) { return read_array(field.of(config), text); },
          [&](const LevelField& field) -> Result<void> {
            if (parse_log_level(trim(text), field.of(config))) return {};
            return fail(Errc::kInvalidArgument, "must be debug, info, warning, error or off");
          },
          [&](const TlsPolicyField& field) -> Result<void> {
            const auto found = std::ranges::find(kTlsPolicies, trim(text));
            if (found == kTlsPolicies.end()) {
              return fail(Errc::kInvalidArgument, "must be offered, demanded or never");
            }
            field.of(config) = static_cast<smtp::TlsPolicy>(found - kTlsPolicies.begin());
            return {};
          },
      },
      setting.field);
}

constexpr std::string_view kSourcesReference =
    "\n## [[sources]]\n\n"
    "Doors for other people's webhooks, one table each, with the members that `POST /v1/sources` "
    "takes and `tenant_id`\n"
    "(default: `default`). Each start makes them be as the file says; one that it names no more "
    "stays until it is deleted.\n\n"
    "    [[sources]]\n"
    "    name = \"billing\"\n"
    "    verifier = { kind = \"stripe\", secrets = [\"whsec_…\"] }\n"
    "    ip_allowlist = [\"203.0.113.0/24\"]\n";

constexpr std::string_view kDestinationsReference =
    "\n## [[destinations]]\n\n"
    "What events are handed to, one table each, with the members that `POST /v1/destinations` "
    "takes and `tenant_id`\n"
    "(default: `default`); names tell them apart. Each start makes them be as the file says, and "
    "the API shows them but does\n"
    "not change them. One that the file names no more is disabled and keeps its queue. The kind "
    "`command` can be defined\n"
    "here only; docs/destinations.md says what each kind takes.\n\n"
    "    [[destinations]]\n"
    "    name = \"to the ledger\"\n"
    "    kind = \"command\"\n"
    "    sources = [\"billing\"]\n"
    "    settings = { command = [\"/usr/local/bin/ledger\", \"--import\"], timeout_s = 60 }\n";

std::string reference_markdown() {
  std::string out =
      "# Configuration\n"
      "\n"
      "One TOML file, given as `verihook serve --config FILE`. Each key `name` of `[section]` can "
      "also be given in the\n"
      "environment as `VERIHOOK_SECTION_NAME`, which wins over the file; lists are separated by "
      "commas there. An unknown\n"
      "key, a bad value or a missing file stops the start with the key, the line and the reason, "
      "all "
      "of them at once.\n"
      "\n"
      "This page is what `verihook config` prints; every key has a default, so an empty file is a "
      "valid one.\n";
  const Config defaults;
  std::string_view section;
  for (const Setting& setting : kSettings) {
    if (setting.section != section) {
      section = setting.section;
      out += fmt::format("\n## [{}]\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                         section);
    }
    const std::string value = setting.default_note.empty()
                                  ? "`" + value_as_toml(setting, defaults) + "`"
                                  : std::string(setting.default_note);
    out += fmt::format("| `{}` | {} | {} | {} |\n", setting.name, type_name(setting.field), value,
                       setting.meaning);
  }
  out += kSourcesReference;
  out += kDestinationsReference;
  return out;
}

}  // namespace verihook::app
