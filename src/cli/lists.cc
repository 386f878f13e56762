// `verihook lists`: what the lists hold and where it is from, and newer ones put in place. Works on
// the files of the configuration, without a server: a running one reads them by itself.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "address/current_lists.h"
#include "address/embedded_lists.h"
#include "app/config.h"
#include "cli/client_session.h"
#include "cli/commands.h"
#include "webhooks/json_writer.h"

namespace verihook::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLinesShownMax = 100;

std::string version_table(const Terminal& terminal, const address::Lists& lists) {
  std::vector<std::vector<Cell>> rows = {{{"LIST", false, Colour::kDim},
                                          {"ENTRIES", true, Colour::kDim},
                                          {"SOURCE", false, Colour::kDim}}};
  for (const auto& version : lists.versions()) {
    rows.push_back({{std::string(to_string(version.list)), false, Colour::kBold},
                    {with_thousands(static_cast<std::int64_t>(version.entries)), true},
                    {printable(version.source)}});
  }
  return aligned(terminal, rows, 0);
}

std::string_view verb_of(const address::LocalEntry& entry) {
  return entry.listed ? "deny" : "allow";
}

std::string local_table(const Terminal& terminal, const address::Lists& lists) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& entry : lists.local_entries()) {
    if (rows.size() == kLinesShownMax) break;
    rows.push_back(
        {{std::string(verb_of(entry)), false, entry.listed ? Colour::kYellow : Colour::kGreen},
         {std::string(to_string(entry.list))},
         {printable(entry.entry)}});
  }
  std::string text = aligned(terminal, rows);
  if (const auto all = lists.local_entries().size(); all > kLinesShownMax) {
    text += fmt::format("  and {} more; --json has all of them\n",
                        with_thousands(static_cast<std::int64_t>(all - kLinesShownMax)));
  }
  return text;
}

std::string lists_json(const app::Config::Lists& files, const address::Lists& lists) {
  std::string text;
  webhooks::JsonWriter json(text);
  json.begin_object();
  const auto file = [&](std::string_view name, const std::string& path) {
    json.key(name);
    path.empty() ? json.null() : json.value(path);
  };
  file("file", files.file);
  file("local_file", files.local);
  json.key("lists");
  json.begin_array();
  for (const auto& version : lists.versions()) {
    json.begin_object();
    json.member("list", to_string(version.list));
    json.member("entries", static_cast<std::int64_t>(version.entries));
    json.member("source", version.source);
    json.end_object();
  }
  json.end_array();
  json.key("local");
  json.begin_array();
  for (const auto& entry : lists.local_entries()) {
    json.begin_object();
    json.member("action", verb_of(entry));
    json.member("list", to_string(entry.list));
    json.member("entry", entry.entry);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return text;
}

Result<int> show(const ListsShowOptions& options) {
  TRY(config, app::load_config(options.config, app::process_environment));
  const app::Config::Lists& files = config.lists;
  TRY(lists, address::load_lists({files.file, files.local}, embedded_lists()));
  if (options.json) {
    write(Channel::kOut, lists_json(files, *lists) + "\n");
    return kDone;
  }
  const Terminal terminal = terminal_of(Channel::kOut);
  write(Channel::kOut, version_table(terminal, *lists));
  write(Channel::kOut,
        files.file.empty()
            ? "Built into the program; lists.file in the configuration replaces them.\n"
            : fmt::format("From {} (lists.file).\n", files.file));
  if (!files.local.empty()) {
    write(Channel::kOut, fmt::format("\nYour own lines, from {} (lists.local):\n", files.local));
    write(Channel::kOut, local_table(terminal, *lists));
  }
  return kDone;
}

class ScratchFolder {
 public:
  static Result<std::unique_ptr<ScratchFolder>> make() {
    std::string path = (fs::temp_directory_path() / "verihook-lists-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
      return fail(Errc::kForbidden,
                  "no folder can be made in " + fs::path(path).parent_path().string());
    }
    return std::unique_ptr<ScratchFolder>(new ScratchFolder(path));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  const fs::path path_;
};

// Runs `node SCRIPT OUT`; what it has to say goes where our own words go.
Result<void> run_node(const std::string& script, const std::string& out) {
  std::string node = "node";
  std::string first = script;
  std::string second = out;
  char* const arguments[] = {node.data(), first.data(), second.data(), nullptr};
  pid_t child = 0;
  if (const int error = ::posix_spawnp(&child, "node", nullptr, nullptr, arguments, environ);
      error != 0) {
    return fail(Errc::kNotFound,
                "node cannot be started: " + std::generic_category().message(error) +
                    "; install Node.js, or give a compiled file with --from");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(Errc::kInternal, "node was lost sight of");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Errc::kInternal, "the lists were not compiled, the old ones stay; see above why");
  }
  return {};
}

// By the folder lists/ of the source, which alone knows how to read the packages.
Result<std::string> compile_newest(const std::string& folder) {
  const fs::path script = fs::path(folder) / "update.mjs";
  std::error_code error;
  if (!fs::is_regular_file(script, error)) {
    return fail(Errc::kNotFound,
                fmt::format("there is no {}; --compiler is the folder lists/ of verihook's source",
                            script.string()));
  }
  TRY(scratch, ScratchFolder::make());
  const std::string out = scratch->path() / "lists.txt";
  TRY_VOID(run_node(script, out));
  return read_input(out);
}

Result<std::string> new_lists(const ListsUpdateOptions& options) {
  if (options.from) return read_input(*options.from);
  if (options.compiler) return compile_newest(*options.compiler);
  return fail(Errc::kInvalidArgument,
              "newer lists come from npm packages, which the folder lists/ of verihook's source "
              "compiles: give it with --compiler FOLDER (needs node, npm and the network), or run "
              "`node update.mjs OUT` there and give OUT with --from");
}

Result<int> update(const ListsUpdateOptions& options) {
  TRY(config,
      app::load_config(options.config, app::process_environment, app::NamedFiles::kNotLookedAt));
  const std::string& path = config.lists.file;
  if (path.empty()) {
    return fail(Errc::kInvalidArgument,
                "lists.file is not set, so there is no place for newer lists; set it in the "
                "configuration or as VERIHOOK_LISTS_FILE, like /var/lib/verihook/lists.txt");
  }
  TRY(text, new_lists(options));
  auto lists = address::install_lists(path, std::move(text));
  if (!lists) {
    const bool bad_text = lists.error().code == Errc::kInvalidArgument;
    return fail(
        lists.error().code,
        (bad_text ? options.from.value_or("the new lists") + ": " : "") + lists.error().message);
  }
  write(Channel::kOut, version_table(terminal_of(Channel::kOut), **lists));
  write(Channel::kOut,
        fmt::format("Written to {}. A running server that has it as lists.file reads it within "
                    "seconds.\n",
                    path));
  return kDone;
}

}  // namespace

int run(const ListsShowOptions& options) {
  const auto code = show(options);
  return code ? *code : complain(code.error());
}

int run(const ListsUpdateOptions& options) {
  const auto code = update(options);
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
