// One function for each command; they return the program's exit code and print what they have to
// say.
#pragma once

#include "cli/options.h"

namespace verihook::cli {

int run(const ServeOptions& options);
int run(const DemoOptions& options);
int run(const DoctorOptions& options);
int run(const VerifyOptions& options);
int run(const BulkOptions& options);
int run(const JobsListOptions& options);
int run(const JobsShowOptions& options);
int run(const JobsActOptions& options);
int run(const ResourceListOptions& options);
int run(const ResourceShowOptions& options);
int run(const ResourceActOptions& options);
int run(const DeadLettersRequeueOptions& options);
int run(const ReplaysCreateOptions& options);
int run(const SourcesOptions& options);
int run(const ContactsVerifyOptions& options);
int run(const KeysCreateOptions& options);
int run(const KeysListOptions& options);
int run(const KeysRevokeOptions& options);
int run(const EraseOptions& options);
int run(const TriggerOptions& options);
int run(const ListenOptions& options);
int run(const SignOptions& options);
int run(const CheckSignatureOptions& options);
int run(const ListsShowOptions& options);
int run(const ListsUpdateOptions& options);
int run(const ConfigOptions& options);

}  // namespace verihook::cli
