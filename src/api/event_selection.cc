#include "api/event_selection.h"

#include <array>
#include <functional>

#include "api/call.h"

namespace verihook::api {
namespace {

struct Text {
  std::string_view name;
  std::string model::EventSelection::* value;
};
constexpr std::array<Text, 5> kTexts = {{
    {"type", &model::EventSelection::type},
    {"job_id", &model::EventSelection::job_id},
    {"source", &model::EventSelection::source},
    {"endpoint", &model::EventSelection::destination_id},
    {"text", &model::EventSelection::text},
}};

struct Moment {
  std::string_view name;
  std::optional<WallTime> model::EventSelection::* value;
};
constexpr std::array<Moment, 2> kMoments = {{
    {"since", &model::EventSelection::since},
    {"until", &model::EventSelection::until},
}};

constexpr std::size_t kTextBytesMax = 200;

// `get` gives the text of a name, empty when it is absent.
Result<void> read(const std::function<Result<std::string>(std::string_view name)>& get,
                  model::EventSelection& which) {
  for (const Text& text : kTexts) {
    TRY(value, get(text.name));
    if (value.size() > kTextBytesMax) {
      return fail(Errc::kInvalidArgument,
                  std::string(text.name) + " must be 200 bytes long at most");
    }
    which.*text.value = value;
  }
  for (const Moment& moment : kMoments) {
    TRY(value, get(moment.name));
    if (value.empty()) continue;
    const auto time = parse_iso8601(value);
    if (!time) {
      return fail(Errc::kInvalidArgument,
                  std::string(moment.name) + " must be a time like 2026-01-31T00:00:00Z");
    }
    which.*moment.value = *time;
  }
  return {};
}

}  // namespace

Result<void> read_selection(const http::Request& request, model::EventSelection& which) {
  const auto get = [&](std::string_view name) -> Result<std::string> {
    return read_query(request, name);
  };
  return read(get, which);
}

Result<model::EventSelection> read_selection(Fields& fields) {
  model::EventSelection which;
  TRY(filter, fields.optional_object("filter"));
  if (!filter) return which;
  const auto get = [&](std::string_view name) -> Result<std::string> {
    TRY(value, filter->optional_string(name));
    return value.value_or("");
  };
  TRY_VOID(read(get, which));
  TRY_VOID(filter->refuse_others());
  return which;
}

}  // namespace verihook::api
