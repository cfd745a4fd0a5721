#pragma once

// Whether a batch was sent by an agent, and by which: judged by the headers of its request and by what its first resource and item say.

#include <optional>

#include "otlp/signal.h"
#include "pipeline/agent_directory.h"
#include "pipeline/batch.h"

namespace vigia::processors {

// The host of "10.0.0.1:4711", "[::1]:4711"; "" of anything else.
std::string peer_ip(std::string_view peer_address);

// The headers X-Tenant-Id and X-Workspace-Id as they were kept; a credential's customer goes before the former.
struct SenderNames {
  std::string_view customer;
  std::string_view workspace_id;
  bool is_named() const { return !customer.empty() || !workspace_id.empty(); }
};
SenderNames sender_names(const pipeline::Client& client);

// Nothing when it does not look like an agent's: that needs one of those headers and one of the attributes agent.id, agent.type,
// agent.version or telemetryflow.*.
std::optional<pipeline::RecognisedAgent> recognise(const pipeline::Batch& batch);

}  // namespace vigia::processors
