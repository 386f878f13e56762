#include "store/codec.h"

#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "crypto/encoding.h"

namespace verihook::store {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> kChunkStates = {"open", "leased", "parked", "done"};
constexpr std::array<std::string_view, 2> kOrigins = {"produced", "received"};
constexpr std::array<std::string_view, 3> kErasureStates = {"running", "scrubbing", "completed"};
constexpr std::array<std::string_view, 3> kDisposableAs = {"risky", "invalid", "flag"};
constexpr std::array<std::string_view, 2> kRoleAs = {"flag", "risky"};
constexpr std::array<std::string_view, 3> kCatchAllAs = {"risky", "valid", "unknown"};
constexpr std::array<std::string_view, 2> kGreylist = {"wait", "skip"};
constexpr std::array<std::string_view, 2> kDuplicates = {"remove", "mark"};
constexpr std::array<std::string_view, 3> kPriorities = {"low", "normal", "high"};

template <std::size_t N, class Enum>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t N>
Enum value_in(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  throw CorruptRow("a stored row holds the unknown word \"" + std::string(name) + "\"");
}

// For the enumerators whose names model/ knows one way only.
template <class Enum, int kCount>
Enum value_named(std::string_view name) {
  for (int i = 0; i < kCount; ++i) {
    const auto value = static_cast<Enum>(i);
    if (to_string(value) == name) return value;
  }
  throw CorruptRow("a stored row holds the unknown word \"" + std::string(name) + "\"");
}

template <class T>
T known(std::optional<T> value) {
  if (!value) throw CorruptRow("a stored row holds an unknown word");
  return *value;
}

json::value parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error) throw CorruptRow("a stored list is not JSON: " + error.message());
  return value;
}

std::string string_of(const json::value& value) {
  return std::string(std::string_view(value.as_string()));
}

std::string_view view_of(const json::value& value) { return value.as_string(); }

json::array array_of(const std::vector<std::string>& list) {
  json::array array;
  array.reserve(list.size());
  for (const std::string& item : list) array.emplace_back(item);
  return array;
}

json::array array_of(const Headers& headers) {
  json::array array;
  for (const auto& [name, value] : headers) array.push_back(json::array{name, value});
  return array;
}

}  // namespace

std::string encode(const std::vector<std::string>& list) { return json::serialize(array_of(list)); }

std::string encode(const Headers& headers) { return json::serialize(array_of(headers)); }

std::string encode(const std::vector<model::SealedSecret>& secrets) {
  json::array array;
  for (const model::SealedSecret& secret : secrets) {
    json::object object;
    object["sealed"] = crypto::base64_encode(secret.sealed);  // sealed secrets are bytes
    if (secret.expires_at) object["expires_at"] = to_unix_ms(*secret.expires_at);
    if (!secret.public_key.empty()) object["public_key"] = secret.public_key;
    array.push_back(std::move(object));
  }
  return json::serialize(array);
}

std::string encode(const model::DeliveryOptions& options) {
  json::array schedule;
  for (const Milliseconds delay : options.retry_schedule) schedule.emplace_back(delay.count());
  json::object object;
  object["max_in_flight"] = options.max_in_flight;
  object["rate_per_second"] = options.rate_per_second;
  object["ordered"] = options.ordered;
  object["retry_schedule_ms"] = std::move(schedule);
  object["headers"] = array_of(options.headers);
  object["signature_header"] = options.signature_header;
  object["signature_prefix"] = options.signature_prefix;
  object["metadata_filter"] = options.metadata_filter;
  return json::serialize(object);
}

std::string encode(const model::JobOptions& options) {
  const auto word = [](std::string_view name) { return json::string(name); };
  json::object object;
  object["smtp"] = options.smtp;
  object["syntax"] = word(to_string(options.syntax));
  object["disposable_as"] = word(name_in(kDisposableAs, options.disposable_as));
  object["role_as"] = word(name_in(kRoleAs, options.role_as));
  object["catch_all_as"] = word(name_in(kCatchAllAs, options.catch_all_as));
  object["greylist"] = word(name_in(kGreylist, options.greylist));
  object["cache"] = options.cache;
  object["priority"] = word(name_in(kPriorities, options.priority));
  object["duplicates"] = word(name_in(kDuplicates, options.duplicates));
  if (options.deadline_s) object["deadline_s"] = *options.deadline_s;
  if (options.retention_days) object["retention_days"] = *options.retention_days;
  return json::serialize(object);
}

std::string encode(const std::map<std::string, std::int64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return json::serialize(object);
}

std::map<std::string, std::int64_t> decode_counts(std::string_view text) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, count] : parse(text).as_object()) {
    counts[std::string(std::string_view(name))] = count.to_number<std::int64_t>();
  }
  return counts;
}

std::vector<std::string> decode_strings(std::string_view text) {
  std::vector<std::string> list;
  for (const json::value& item : parse(text).as_array()) list.push_back(string_of(item));
  return list;
}

std::vector<model::SealedSecret> decode_secrets(std::string_view text) {
  std::vector<model::SealedSecret> secrets;
  for (const json::value& item : parse(text).as_array()) {
    const json::object& object = item.as_object();
    model::SealedSecret secret;
    secret.sealed = known(crypto::base64_decode(view_of(object.at("sealed"))));
    if (const json::value* at = object.if_contains("expires_at")) {
      secret.expires_at = from_unix_ms(at->to_number<std::int64_t>());
    }
    if (const json::value* key = object.if_contains("public_key")) {
      secret.public_key = string_of(*key);
    }
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

model::DeliveryOptions decode_delivery_options(std::string_view text) {
  const json::value value = parse(text);
  const json::object& object = value.as_object();
  model::DeliveryOptions options;
  options.max_in_flight = object.at("max_in_flight").to_number<int>();
  options.rate_per_second = object.at("rate_per_second").to_number<double>();
  options.ordered = object.at("ordered").as_bool();
  options.retry_schedule.clear();
  for (const json::value& delay : object.at("retry_schedule_ms").as_array()) {
    options.retry_schedule.emplace_back(delay.to_number<std::int64_t>());
  }
  for (const json::value& header : object.at("headers").as_array()) {
    const json::array& pair = header.as_array();
    options.headers.emplace_back(string_of(pair.at(0)), string_of(pair.at(1)));
  }
  options.signature_header = string_of(object.at("signature_header"));
  options.signature_prefix = string_of(object.at("signature_prefix"));
  // Those that were stored before there was one have none.
  if (const json::value* filter = object.if_contains("metadata_filter")) {
    options.metadata_filter = string_of(*filter);
  }
  return options;
}

model::JobOptions decode_job_options(std::string_view text) {
  const json::value value = parse(text);
  const json::object& object = value.as_object();
  const auto word = [&](const char* key) { return view_of(object.at(key)); };
  model::JobOptions options;
  options.smtp = object.at("smtp").as_bool();
  // Jobs stored by a version without the option have no such member.
  if (object.contains("syntax")) options.syntax = known(model::parse_syntax(word("syntax")));
  options.disposable_as = value_in<model::DisposableAs>(kDisposableAs, word("disposable_as"));
  options.role_as = value_in<model::RoleAs>(kRoleAs, word("role_as"));
  options.catch_all_as = value_in<model::CatchAllAs>(kCatchAllAs, word("catch_all_as"));
  options.greylist = value_in<model::Greylist>(kGreylist, word("greylist"));
  options.cache = object.at("cache").as_bool();
  if (object.contains("priority")) {
    options.priority = value_in<model::Priority>(kPriorities, word("priority"));
  }
  if (object.contains("duplicates")) {
    options.duplicates = value_in<model::Duplicates>(kDuplicates, word("duplicates"));
  }
  if (const json::value* deadline = object.if_contains("deadline_s")) {
    options.deadline_s = deadline->to_number<std::int64_t>();
  }
  if (const json::value* kept = object.if_contains("retention_days")) {
    options.retention_days = kept->to_number<std::int64_t>();
  }
  return options;
}

std::string_view name_of(model::ChunkState state) { return name_in(kChunkStates, state); }
std::string_view name_of(model::EventOrigin origin) { return name_in(kOrigins, origin); }
std::string_view name_of(model::ErasureState state) { return name_in(kErasureStates, state); }

model::JobState decode_job_state(std::string_view name) {
  return known(model::parse_job_state(name));
}
model::ChunkState decode_chunk_state(std::string_view name) {
  return value_in<model::ChunkState>(kChunkStates, name);
}
model::EventOrigin decode_event_origin(std::string_view name) {
  return value_in<model::EventOrigin>(kOrigins, name);
}
model::EventStatus decode_event_status(std::string_view name) {
  return value_named<model::EventStatus, 4>(name);
}
std::string_view name_of(model::ReplayMode mode) {
  return model::kReplayModes[static_cast<std::size_t>(mode)];
}
std::string_view name_of(model::ReplayState state) {
  return model::kReplayStates[static_cast<std::size_t>(state)];
}
model::ReplayMode decode_replay_mode(std::string_view name) {
  return value_in<model::ReplayMode>(model::kReplayModes, name);
}
model::ReplayState decode_replay_state(std::string_view name) {
  return value_in<model::ReplayState>(model::kReplayStates, name);
}
model::DeliveryState decode_delivery_state(std::string_view name) {
  return value_named<model::DeliveryState, 5>(name);
}
model::DestinationKind decode_destination_kind(std::string_view name) {
  return known(model::parse_destination_kind(name));
}
model::DestinationState decode_destination_state(std::string_view name) {
  return value_named<model::DestinationState, 3>(name);
}
model::ErasureState decode_erasure_state(std::string_view name) {
  return value_in<model::ErasureState>(kErasureStates, name);
}
model::SourceMode decode_source_mode(std::string_view name) {
  return value_named<model::SourceMode, 2>(name);
}

}  // namespace verihook::store
