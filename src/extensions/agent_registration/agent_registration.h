#pragma once

// The agent_registration extension. All of its work is done on one event loop, in answer to timers and responses: nobody waits for it.

#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/random.h"
#include "extensions/agent_registration/config.h"
#include "net/http_client.h"
#include "pipeline/agent_directory.h"
#include "pipeline/component.h"

namespace vigia::extensions {

class AgentRegistrationExtension final : public pipeline::Extension, public pipeline::Registration {
 public:
  AgentRegistrationExtension(const pipeline::Context& context, AgentRegistrationConfig config);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  pipeline::RegistrationState registration() const override;

 private:
  using Answered = Function<void(const Status&, int http_status)>;

  // On the loop.
  void enroll();
  void on_enrolled(const Status& status);
  void beat();
  void on_beaten(const Status& status, int http_status);
  void send(const std::string& path, const std::string& body, Answered answered);
  net::ClientRequest make_request(const std::string& path, const std::string& body) const;
  Status status_of(const net::ClientResponse& response) const;
  void on_failure(const Status& status);
  int64_t wait_ms(const Status& status);
  void run_after_ms(int64_t delay_ms, void (AgentRegistrationExtension::*step)());

  pipeline::Context context_;
  AgentRegistrationConfig config_;
  const pipeline::ClientAuthenticator* authenticator_ = nullptr;
  std::string base_path_;
  std::string document_;
  std::string agent_id_;
  std::shared_ptr<net::HttpClient> client_;
  net::EventLoop* loop_ = nullptr;
  Random random_ = Random::from_system();
  net::EventLoop::TimerId timer_ = 0;
  int failures_ = 0;
  bool is_failing_ = false;
  bool is_stopping_ = false;
  Guarded<pipeline::RegistrationState> state_;
  Gauge& registered_;
  Counter& heartbeats_;
  Counter& failed_;
};

}  // namespace vigia::extensions
