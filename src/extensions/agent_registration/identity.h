#pragma once

// Who this program is to a registry: an id that stays the same, and what can be found out about the machine.

#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "extensions/agent_registration/config.h"
#include "tenancy/agent.h"

namespace vigia::extensions {

// The agent as it will be registered; what the configuration says goes before what is found. May read a few small files, and writes the
// id it made up into the configuration's directory, if there is one: a failure is told in the log and costs only that.
tenancy::Agent agent_of_this_machine(const AgentRegistrationConfig& config, const std::string& program_version, FileSystem& files,
                                     Random& random, const Logger& log);

// The document of the registration.
std::string registration_document(const tenancy::Agent& agent, bool names_customer);

}  // namespace vigia::extensions
