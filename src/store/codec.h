// Codec: how the parts of a value that are not plain columns are written: enumerators as their
// names, lists and options as JSON in TEXT. The one place that knows these forms. Decoding throws
// CorruptRow for what this program never wrote; Database turns that into kInternal at its edge.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/destination.h"
#include "model/erasure.h"
#include "model/event.h"
#include "model/job.h"
#include "model/replay.h"
#include "model/source.h"

namespace verihook::store {

struct CorruptRow : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string encode(const std::vector<std::string>& list);
std::string encode(const Headers& headers);
std::string encode(const std::vector<model::SealedSecret>& secrets);
std::string encode(const model::DeliveryOptions& options);
std::string encode(const model::JobOptions& options);
std::string encode(const std::map<std::string, std::int64_t>& counts);

std::vector<std::string> decode_strings(std::string_view json);
std::vector<model::SealedSecret> decode_secrets(std::string_view json);
model::DeliveryOptions decode_delivery_options(std::string_view json);
model::JobOptions decode_job_options(std::string_view json);
std::map<std::string, std::int64_t> decode_counts(std::string_view json);

std::string_view name_of(model::ChunkState state);
std::string_view name_of(model::EventOrigin origin);
std::string_view name_of(model::ErasureState state);

// The enumerator with this stored name.
model::JobState decode_job_state(std::string_view name);
model::ChunkState decode_chunk_state(std::string_view name);
model::EventOrigin decode_event_origin(std::string_view name);
model::EventStatus decode_event_status(std::string_view name);
std::string_view name_of(model::ReplayMode mode);
std::string_view name_of(model::ReplayState state);
model::ReplayMode decode_replay_mode(std::string_view name);
model::ReplayState decode_replay_state(std::string_view name);
model::DeliveryState decode_delivery_state(std::string_view name);
model::DestinationKind decode_destination_kind(std::string_view name);
model::DestinationState decode_destination_state(std::string_view name);
model::SourceMode decode_source_mode(std::string_view name);
model::ErasureState decode_erasure_state(std::string_view name);

}  // namespace verihook::store
