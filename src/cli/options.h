// What each command was asked to do, as plain values: the command line's parser fills them
// (command_line.h), the commands read them (commands.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace verihook::cli {

// The server that a client command talks to.
struct Connection {
  std::string url;  // empty: not given
  std::string api_key;
};
inline constexpr const char* kDefaultServer = "http://127.0.0.1:8080";

struct ServeOptions {
  std::optional<std::string> config;
};

struct DemoOptions {
  std::string data = "./data/demo";
  std::string listen = "127.0.0.1:8080";
  bool exit_after_job = false;
};

struct DoctorOptions {
  std::optional<std::string> config;
  bool json = false;
  bool dnsbl = false;  // ask block lists, well-known ones if none is configured
};

struct VerifyOptions {
  Connection connection;  // without a URL the check is made in this process
  std::optional<std::string> config;
  std::vector<std::string> addresses;
  bool json = false;
  bool no_smtp = false;
  bool trace = false;  // with the DNS answers and the dialogue
  std::string syntax = "standard";
  std::int64_t timeout_ms = 60'000;
};

enum class DownloadFormat {
  kJson,    // one array
  kNdjson,  // one object in a line
  kCsv,     // the main columns, for spreadsheets
};

struct BulkOptions {
  Connection connection;
  std::string file;    // "-": standard input; empty with `job`
  std::string job_id;  // of a job submitted before: wait for it and download
  std::string name;
  std::string webhook_url;
  std::string webhook_secret;
  std::string idempotency_key;
  bool no_smtp = false;
  std::string syntax = "standard";
  bool wait = false;
  std::optional<std::string> out;  // "-": standard output
  std::optional<DownloadFormat> format;
};

struct JobsListOptions {
  Connection connection;
  std::int64_t limit = 20;
};
struct JobsShowOptions {
  Connection connection;
  std::string job_id;
  bool json = false;
};
struct JobsActOptions {
  Connection connection;
  std::string action;  // the last part of the route, or "delete"
  std::vector<std::string> job_ids;
};

// Of events, deliveries, dead letters and replays: name and value, as the API has them.
using Selection = std::vector<std::pair<std::string, std::string>>;

// A resource of the API that is listed, shown and acted upon: `resource` is its name in the routes.
struct ResourceListOptions {
  Connection connection;
  std::string resource;
  Selection selection;
  std::int64_t limit = 20;
  bool json = false;  // one object in a line
};
struct ResourceShowOptions {
  Connection connection;
  std::string resource;
  std::string id;
};
struct ResourceActOptions {
  Connection connection;
  std::string resource;
  std::string action;  // the last part of the route, or "delete"
  std::vector<std::string> ids;
};
struct DeadLettersRequeueOptions {
  Connection connection;
  std::vector<std::string> ids;  // none: what is selected
  Selection selection;
  bool all = false;
};
struct ReplaysCreateOptions {
  Connection connection;
  std::string mode;
  Selection selection;
  double rate_per_second = 50;
  bool dry_run = false;
};

// `verihook sources`: a source is named by its name or its id.
struct SourcesOptions {
  Connection connection;
  std::string action;  // the command's name
  std::string source;
  // create and update: what is empty is not said.
  std::string kind;
  std::vector<std::string> secrets;
  std::string header;
  std::string prefix;
  std::string encoding;
  std::vector<std::string> ip_allowlist;
  std::string mode;
  std::string dedup_key;
  std::int64_t timestamp_tolerance_s = 0;
  std::int64_t body_bytes_max = 0;
  // rejected and admit
  std::vector<std::string> ids;
  bool all = false;
  std::string outcome;
  std::string cause;
  std::int64_t limit = 20;
  bool json = false;
};

// `verihook contacts verify`: one of the selections at least.
struct ContactsVerifyOptions {
  Connection connection;
  std::string destination;  // a name or an id; empty: the embedded table
  bool all = false;
  bool never = false;
  std::optional<std::int64_t> older_than_days;
  std::string name;
  bool no_smtp = false;
  std::string idempotency_key;
};

struct KeysCreateOptions {
  Connection connection;
  std::string name;
  std::string scope = "write";
  std::string tenant;
  std::string expires_at;
};
struct KeysListOptions {
  Connection connection;
};
struct KeysRevokeOptions {
  Connection connection;
  std::string key_id;
};

struct EraseOptions {
  Connection connection;
  std::string email;
  std::string tenant;  // empty: all that the key reaches
  bool json = false;
};

struct TriggerOptions {
  std::string event;
  std::string to;
  std::string secret;
  std::int64_t timeout_ms = 15'000;
};

struct SignOptions {
  std::string file = "-";
  std::string secret;
  std::string id;         // empty: a new one
  std::string timestamp;  // whole seconds since 1970; empty: now
};

// Forwards this account's events to a local port.
struct ListenOptions {
  Connection connection;
  std::string forward_to;
  std::vector<std::string> events;  // none: all
  std::string secret;               // empty: a new one
};

struct CheckSignatureOptions {
  std::string file = "-";
  std::string secret;
  std::string kind = "hmac";
  std::vector<std::string> headers;  // "Name: value"
  std::int64_t tolerance_s = 300;
};

struct ListsShowOptions {
  std::optional<std::string> config;
  bool json = false;
};
struct ListsUpdateOptions {
  std::optional<std::string> config;
  std::optional<std::string> from;      // a compiled file; "-": standard input
  std::optional<std::string> compiler;  // else the folder of the source that compiles one
};

// Prints the reference of all settings.
struct ConfigOptions {};

using Invocation =
    std::variant<ServeOptions, DemoOptions, DoctorOptions, VerifyOptions, BulkOptions,
                 JobsListOptions, JobsShowOptions, JobsActOptions, ResourceListOptions,
                 ResourceShowOptions, ResourceActOptions, DeadLettersRequeueOptions,
                 ReplaysCreateOptions, SourcesOptions, ContactsVerifyOptions, KeysCreateOptions,
                 KeysListOptions, KeysRevokeOptions, EraseOptions, TriggerOptions, ListenOptions,
                 SignOptions, CheckSignatureOptions, ConfigOptions, ListsShowOptions,
                 ListsUpdateOptions>;

// Exit codes of the program.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

}  // namespace verihook::cli
