#include "jobs/intake/bulk_request.h"

#include <algorithm>
#include <array>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::jobs {
namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::unexpected<Error> wrong(std::string_view name, std::string_view expected) {
  return fail(Errc::kInvalidArgument, fmt::format("{} must be {}", name, expected));
}

template <class Enum>
using Choices = std::initializer_list<std::pair<std::string_view, Enum>>;

template <class Enum>
Result<void> read_choice(const json::value& value, std::string_view name, Choices<Enum> choices,
                         Enum& out) {
  std::string allowed;
  for (const auto& [text, choice] : choices) {
    if (value.is_string() && view(value.get_string()) == text) {
      out = choice;
      return {};
    }
    allowed += allowed.empty() ? "" : ", ";
    allowed += text;
  }
  return wrong(name, "one of: " + allowed);
}

Result<void> read_switch(const json::value& value, std::string_view name, bool& out) {
  if (!value.is_bool()) return wrong(name, "true or false");
  out = value.get_bool();
  return {};
}

Result<void> read_string(const json::value& value, std::string_view name, std::size_t bytes_max,
                         std::string& out) {
  if (!value.is_string() || value.get_string().size() > bytes_max) {
    return wrong(name, fmt::format("a string of at most {} bytes", bytes_max));
  }
  out = view(value.get_string());
  return {};
}

Result<void> read_metadata(const json::value& value, std::string_view, BulkRequest& request) {
  TRY(metadata, webhooks::canonical_metadata(value));
  request.metadata = metadata;
  return {};
}

Result<void> read_deadline(const json::value& value, std::string_view name, BulkRequest& request) {
  const bool whole = value.is_int64() && value.get_int64() > 0;
  if (!whole) return wrong(name, "a number of seconds above 0");
  request.options.deadline_s = value.get_int64();
  return {};
}

Result<void> read_retention(const json::value& value, std::string_view name, BulkRequest& request) {
  const bool whole = value.is_int64() && value.get_int64() > 0 && value.get_int64() <= 36'500;
  if (!whole) return wrong(name, "a number of days from 1 to 36500");
  request.options.retention_days = value.get_int64();
  return {};
}

Result<void> read_options(const json::value& value, std::string_view name, BulkRequest& request);

using Reader = Result<void> (*)(const json::value&, std::string_view name, BulkRequest&);

enum class Place {
  kMember,  // of the JSON body
  kOption,  // of its member `options`
  kQuery,   // only beside a list, which it must come before
};

struct Parameter {
  std::string_view name;
  Place place;
  bool is_text;  // in its text form it stands for itself; else it is JSON there too
  Reader read;
};

using enum Place;
using model::CatchAllAs;
using model::DisposableAs;
using model::Duplicates;
using model::Greylist;
using model::Priority;
using model::RoleAs;
using model::Syntax;

constexpr std::array kParameters = {
    Parameter{"name", kMember, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_string(value, name, 200, request.name);
              }},
    Parameter{"metadata", kMember, false, read_metadata},
    Parameter{"options", kMember, false, read_options},
    Parameter{"webhook_url", kMember, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_string(value, name, 2'048, request.webhook_url);
              }},
    Parameter{"webhook_secret", kMember, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_string(value, name, 512, request.webhook_secret);
              }},
    Parameter{"start", kMember, false,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_switch(value, name, request.start);
              }},
    Parameter{"email_column", kQuery, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_string(value, name, 1'024, request.email_column);
              }},
    Parameter{"smtp", kOption, false,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_switch(value, name, request.options.smtp);
              }},
    Parameter{"cache", kOption, false,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_switch(value, name, request.options.cache);
              }},
    Parameter{"deadline_s", kOption, false, read_deadline},
    Parameter{"retention_days", kOption, false, read_retention},
    Parameter{"syntax", kOption, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_choice<Syntax>(value, name,
                                           {{"standard", Syntax::kStandard},
                                            {"strict", Syntax::kStrict},
                                            {"web_form", Syntax::kWebForm}},
                                           request.options.syntax);
              }},
    Parameter{
        "priority", kOption, true,
        [](const json::value& value, std::string_view name, BulkRequest& request) {
          return read_choice<Priority>(
              value, name,
              {{"low", Priority::kLow}, {"normal", Priority::kNormal}, {"high", Priority::kHigh}},
              request.options.priority);
        }},
    Parameter{"duplicates", kOption, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_choice<Duplicates>(
                    value, name, {{"remove", Duplicates::kRemove}, {"mark", Duplicates::kMark}},
                    request.options.duplicates);
              }},
    Parameter{"disposable_as", kOption, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_choice<DisposableAs>(value, name,
                                                 {{"risky", DisposableAs::kRisky},
                                                  {"invalid", DisposableAs::kInvalid},
                                                  {"flag", DisposableAs::kFlag}},
                                                 request.options.disposable_as);
              }},
    Parameter{"role_as", kOption, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_choice<RoleAs>(value, name,
                                           {{"flag", RoleAs::kFlag}, {"risky", RoleAs::kRisky}},
                                           request.options.role_as);
              }},
    Parameter{"catch_all_as", kOption, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_choice<CatchAllAs>(value, name,
                                               {{"risky", CatchAllAs::kRisky},
                                                {"valid", CatchAllAs::kValid},
                                                {"unknown", CatchAllAs::kUnknown}},
                                               request.options.catch_all_as);
              }},
    Parameter{"greylist", kOption, true,
              [](const json::value& value, std::string_view name, BulkRequest& request) {
                return read_choice<Greylist>(value, name,
                                             {{"wait", Greylist::kWait}, {"skip", Greylist::kSkip}},
                                             request.options.greylist);
              }},
};

const Parameter* find_parameter(std::string_view name) {
  const auto found = std::ranges::find(kParameters, name, &Parameter::name);
  return found == kParameters.end() ? nullptr : &*found;
}

Result<void> read_options(const json::value& value, std::string_view name, BulkRequest& request) {
  if (!value.is_object()) return wrong(name, "an object");
  for (const auto& member : value.get_object()) {
    const std::string full = fmt::format("{}.{}", name, view(member.key()));
    const Parameter* option = find_parameter(view(member.key()));
    if (option == nullptr || option->place != kOption) {
      return fail(Errc::kInvalidArgument, full + " is not an option; see /openapi.json");
    }
    TRY_VOID(option->read(member.value(), full, request));
  }
  return {};
}

}  // namespace

Result<void> read_parameter(std::string_view name, std::string_view text, BulkRequest& request) {
  const Parameter* parameter = find_parameter(name);
  if (parameter == nullptr) {
    return fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is not a parameter of this request; see /openapi.json", name));
  }
  if (!is_valid_utf8(text)) return wrong(name, "valid UTF-8");
  if (parameter->is_text) {
    return parameter->read(json::value(json::string_view(text.data(), text.size())), name, request);
  }
  webhooks::JsonLimits limits;
  limits.name = name;
  auto value = webhooks::parse_strict_json(text, limits);
  // A bare word is better answered by what is expected in its place.
  if (!value && text.find_first_of("{[\"") == text.npos) {
    value = json::value(json::string_view(text.data(), text.size()));
  }
  if (!value) return std::unexpected(value.error());
  return parameter->read(*value, name, request);
}

Result<void> read_members(std::string_view text, BulkRequest& request) {
  TRY(value, webhooks::parse_strict_json(text));
  if (!value.is_object()) return wrong("the body", "a JSON object");
  for (const auto& member : value.get_object()) {
    const std::string_view name = view(member.key());
    const Parameter* parameter = find_parameter(name);
    if (parameter == nullptr || parameter->place != kMember) {
      return fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\" is not a member of this request; see /openapi.json", name));
    }
    TRY_VOID(parameter->read(member.value(), name, request));
  }
  return {};
}

Result<void> check_parameters(const BulkRequest& request) {
  if (!request.webhook_secret.empty() && request.webhook_url.empty()) {
    return fail(Errc::kInvalidArgument, "webhook_secret is given without webhook_url");
  }
  return {};
}

}  // namespace verihook::jobs
