// Config: everything an operator can set, as plain values with their defaults. One TOML file fills
// it, and each key `name` of `[section]` can also be given as VERIHOOK_SECTION_NAME in the
// environment, which wins over the file. The keys, their types and meanings stand in one table
// (config_reference.h). All mistakes are reported together, each with its place, key and reason.
// Pure but for reading the file; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/dns_name.h"
#include "app/duration.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "http/server.h"
#include "net/ip.h"
#include "smtp/session.h"
#include "verification/egress.h"
#include "verification/traffic_limits.h"

namespace verihook::app {

struct Config {
  struct Server {
    net::Endpoint listen{net::IpAddress::loopback_v4(), 8080};
    std::string tls_certificate;  // PEM file; HTTPS when both are set
    std::string tls_key;
    std::string public_url;  // empty: from `listen`
    std::vector<net::Cidr> proxy_protocol;
    http::ServerLimits limits;
    std::uint64_t upload_bytes_max = std::uint64_t{2} * 1024 * 1024 * 1024;
    std::size_t json_bytes_max = std::size_t{1024} * 1024;
    std::int64_t verify_timeout_ms_max = 120'000;
  };
  struct Store {
    std::string url = "sqlite:./data/verihook.db";
    // The file that `url` names.
    std::string sqlite_path() const;
  };
  struct Auth {
    std::string bootstrap_key;  // empty: one is made at the first start
  };
  struct Secrets {
    std::string master_key_file = "./data/master.key";
  };
  struct Dns {
    std::vector<net::Endpoint> servers;  // empty: those of resolv.conf
    std::int64_t timeout_ms = 10'000;    // for all answers about one domain
    std::size_t in_flight_max = 256;
    std::size_t cache_entries_max = 200'000;
  };
  struct Smtp {
    std::uint16_t port = 25;
    std::string helo;       // empty: the host's name
    std::string mail_from;  // empty: verify@<helo>
    std::size_t connections_max = 1'000;
    std::vector<verification::TrafficRule> limits;
    smtp::TlsPolicy starttls = smtp::TlsPolicy::kOpportunistic;
    std::size_t recipients_per_connection_max = 100;
    std::size_t mx_hosts_tried_max = 4;
    std::int64_t idle_connection_ms = 500;
    std::int64_t connect_timeout_ms = 10'000;
    std::int64_t banner_timeout_ms = 30'000;
    std::int64_t command_timeout_ms = 20'000;
    std::size_t domains_in_flight_max = 2'000;
    std::int64_t catch_all_ttl_ms = std::int64_t{6} * 3600 * 1000;
    std::size_t catch_all_entries_max = 200'000;
    std::int64_t result_ttl_ms = std::int64_t{24} * 3600 * 1000;
    std::size_t result_cache_entries_max = 100'000;
    std::vector<Duration> greylist_delays = {
        {Milliseconds{6 * 60'000}}, {Milliseconds{20 * 60'000}}, {Milliseconds{75 * 60'000}}};
    std::size_t egress_sample = 20;
    std::vector<verification::EgressSource> sources;  // empty: the system's choice
    std::vector<DnsName> audit_hosts = {{"gmail.com"}, {"outlook.com"}, {"yahoo.com"}};
    std::vector<DnsName> block_lists;
    bool audit_at_start = true;
  };
  struct Network {
    std::vector<net::Cidr> allow;
    std::vector<net::Cidr> deny;
    bool reach_itself = false;
    bool allow_http = false;
    std::string extra_ca_file;  // empty: the system's roots alone
    // Plain http is taken where the operator opened private ranges: those are tests and labs.
    bool takes_http_targets() const { return allow_http || !allow.empty(); }
  };
  struct Receive {
    std::vector<net::Cidr> trusted_proxies;
    std::size_t body_bytes_max = std::size_t{25} * 1024 * 1024;
    std::int64_t rejected_per_minute_max = 60;
    std::int64_t rejected_kept_max = 1'000;
    std::int64_t rejected_bytes_max = std::int64_t{64} * 1024 * 1024;
    std::size_t rejected_body_bytes_max = std::size_t{256} * 1024;
    std::int64_t rejected_hours = 7 * 24;
    std::int64_t queue_age_s_max = 0;  // 0: whatever it is
    std::int64_t disk_free_bytes_min = std::int64_t{128} * 1024 * 1024;
  };
  struct Delivery {
    std::size_t in_flight_max = 256;
    std::size_t in_flight_per_tenant_max = 128;
    std::size_t in_flight_per_destination_max = 32;
    std::size_t loaded_deliveries_max = 10'000;
  };
  struct Contacts {
    std::size_t database_threads = 8;
    std::int64_t connect_timeout_ms = 5'000;
    std::int64_t statement_timeout_ms = 60'000;
    std::int64_t lock_timeout_ms = 10'000;
  };
  struct Retention {
    std::int64_t days = 0;  // 0: until they are deleted
  };
  struct Jobs {
    std::int64_t emails_max = 100'000'000;
    std::size_t entry_bytes_max = std::size_t{64} * 1024;
    std::size_t columns_max = 1'000;
    std::uint64_t decompressed_bytes_max = std::uint64_t{16} * 1024 * 1024 * 1024;
    std::int64_t rejected_kept_max = 10'000;
    std::string temporary_folder;  // empty: the system's
    std::size_t chunks_in_progress_max = 4;
    std::size_t first_chunks_in_progress_max = 16;
    std::int64_t chunks_per_tenant_max = 0;  // 0: any number
    std::int64_t verifications_in_progress_max = 1'000;
    std::int64_t checkpoint_interval_ms = 5'000;
    std::int64_t download_link_hours = 24;  // 0: links want an API key
  };
  struct Lists {
    std::string file;   // empty: the lists that the program was built with
    std::string local;  // the operator's own lines; empty: none
  };
  struct Alerts {
    std::int64_t interval_s = 30;
    std::int64_t window_s = 300;
    std::int64_t failure_percent_max = 10;
    std::int64_t failure_attempts_min = 20;
    std::int64_t late_s_max = 60;
    std::int64_t dead_letters_max = 0;
    std::int64_t silence_s_min = 24 * 3600;
    std::int64_t silence_factor = 3;
    std::int64_t rejected_percent_max = 50;
    std::int64_t rejected_min = 10;
  };
  struct Log {
    LogLevel level = LogLevel::kInfo;
  };
  // A table of [[sources]] or [[destinations]], as the JSON that POST /v1/sources and
  // POST /v1/destinations take.
  struct ConfiguredTable {
    std::string json;
    std::string place;  // FILE:LINE, for messages
  };

  Server server;
  Store store;
  Auth auth;
  Secrets secrets;
  Dns dns;
  Smtp smtp;
  Network network;
  Receive receive;
  Delivery delivery;
  Jobs jobs;
  Contacts contacts;
  Retention retention;
  Lists lists;
  Alerts alerts;
  Log log;
  std::vector<ConfiguredTable> sources;
  std::vector<ConfiguredTable> destinations;
};

// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
// The variables of this process.
std::optional<std::string> process_environment(std::string_view name);

// What of the files that the configuration names.
enum class NamedFiles {
  kMustExist,   // a missing one is a mistake
  kNotLookedAt  // the caller is about to put one there
};

// The configuration out of a TOML text and the environment. The error's message has one line for
// each mistake: `FILE:LINE: key: what is wrong and what is expected`.
Result<Config> parse_config(std::string_view toml_text, std::string_view file_name,
                            const Environment& environment,
                            NamedFiles files = NamedFiles::kMustExist);

// The same from a file; without a path, from the environment alone. kNotFound when there is no
// file.
Result<Config> load_config(const std::optional<std::string>& path, const Environment& environment,
                           NamedFiles files = NamedFiles::kMustExist);

}  // namespace verihook::app
