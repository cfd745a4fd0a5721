#pragma once

// How components tell and ask about agents without knowing each other: the directory that keeps them (agent_registry), who recognises
// them by what they send (agent_recognition), and the agent's own view of its registration (agent_registration).

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vigia::pipeline {

// An agent that nobody registered, by the telemetry it sends. Texts are as they came; what is "" is not known.
struct RecognisedAgent {
  std::string customer;  // by the credential or the headers
  std::string workspace_id;
  std::string agent_id;  // when it says one
  std::string type;
  std::string version;
  std::string hostname;
  std::string node_id;
  std::string peer_ip;
  std::vector<std::pair<std::string, std::string>> resource_attributes;
};

// Keeps the agents; implemented by extensions.
class AgentDirectory {
 public:
  virtual ~AgentDirectory() = default;
  // A sign of life of somebody who does not register itself. Any thread; does not wait.
  virtual void on_recognised(RecognisedAgent agent) = 0;
};

// How far this program's own registration is, for health pages; implemented by extensions.
struct RegistrationState {
  bool is_registered = false;
  std::string agent_id;
  int64_t registered_wall_ns = 0;  // 0: not yet
  int64_t last_heartbeat_wall_ns = 0;
  uint64_t failed_attempts = 0;  // since the last one that succeeded
  std::string error;             // of the last one, when it failed
};
class Registration {
 public:
  virtual ~Registration() = default;
  // Any thread.
  virtual RegistrationState registration() const = 0;
};

}  // namespace vigia::pipeline
