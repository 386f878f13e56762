// ContactsSettings: the `settings` of a contacts destination: which table, and how to talk back to
// whoever sends the events (provider_settings.h).
//
//   {"database":"postgres://app:secret@db.example.com/crm?sslmode=verify-full",
//    "schema":"crm", "table":"people", "ignore_case":false,
//    "columns":{"email":"mail", "email_verified":"…", "verification_date":"…",
//               "verification_job_id":"…", "email_invalid_reason":"…"},
//    "api_key":"…", "allowed_hosts":["…"], "results_url":"…", "submit_url":"…"}
//
// Without `database` it is the embedded table. What is stored has the URL without its password and
// `database_password_sealed`, bound to its row. A change of the URL drops a password that is not
// given again, or it would be sent to whatever host the new URL names. The route that a job of this
// program has to a table (model::Destination with a job_id) stores {"destination":"dst_…"} instead,
// which only the program itself writes. Pure but for the sealing; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "crypto/secret_box.h"
#include "destinations/provider_settings.h"
#include "store/contacts_table.h"

namespace verihook::destinations {

struct ContactsSettings {
  ProviderSettings provider;
  std::optional<store::PostgresContactsSpec> postgres;  // nothing: the embedded table
  std::string destination;  // the one whose settings count instead; empty: these do
};

// Arguments and errors as those of provider_settings.h.
Result<ContactsSettings> open_contacts_settings(std::string_view stored,
                                                const crypto::SecretBox& secrets,
                                                std::string_view place);
Result<std::string> seal_contacts_settings(const boost::json::object& given,
                                           std::string_view previous,
                                           const crypto::SecretBox& secrets,
                                           std::string_view place);
// What callers may see: `has_api_key` and, with a database, `has_database_password`.
Result<boost::json::object> public_contacts_settings(std::string_view stored);

// The stored settings of a route to the table of this destination; empty: the embedded table.
std::string contacts_route_settings(std::string_view destination_id);

}  // namespace verihook::destinations
