// The members of a source in a request or in the configuration file, read into the value that is
// stored. Pure; any thread.
#pragma once

#include "api/fields.h"
#include "crypto/secret_box.h"
#include "model/source.h"

namespace verihook::api {

// What creation and change have in common; what is absent stays as it is. The source's tenant and
// id must be set: its secrets are sealed for that place. kInvalidArgument names what is wrong.
Result<void> read_source_changes(const crypto::SecretBox& secrets, Fields& fields,
                                 model::Source& source);
// The same of a new one, which must say its name and how it checks.
Result<void> read_new_source(const crypto::SecretBox& secrets, Fields& fields,
                             model::Source& source);

}  // namespace verihook::api
