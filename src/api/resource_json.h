// The JSON of every resource that the API answers with, one function each; keys in a fixed order,
// secrets never among them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jobs/job_events.h"
#include "model/contact.h"
#include "model/destination.h"
#include "model/erasure.h"
#include "model/event.h"
#include "model/job.h"
#include "model/rejected_entry.h"
#include "model/source.h"
#include "model/tenant.h"
#include "model/verification.h"

namespace verihook::api {

// The outlook says when it will probably have ended, and how many rows wait until when.
std::string job_json(const model::Job& job, const jobs::DownloadLinks& links, WallTime now,
                     const jobs::Outlook& outlook);
std::string verification_json(const model::Verification& verification);
// A webhook endpoint names its id `webhook_id`, any other destination `destination_id`. A secret
// that has just been made is shown this once.
std::string destination_json(const model::Destination& destination,
                             const std::optional<std::string>& new_secret);
// Likewise.
std::string source_json(const model::Source& source,
                        const std::optional<std::string>& new_secret = {});
std::string event_json(const model::Event& event);
std::string delivery_json(const model::Delivery& delivery,
                          const std::vector<model::Attempt>* attempts);
// With the key itself only when it has just been made.
std::string key_json(const model::ApiKey& key, const std::optional<std::string>& new_key);
std::string tenant_json(const model::Tenant& tenant);
// Without the address: it is what nobody is to find here.
std::string erasure_json(const model::Erasure& erasure);
std::string contact_json(const model::Contact& contact);

std::string rejected_json(const model::RejectedEntry& entry);

}  // namespace verihook::api
