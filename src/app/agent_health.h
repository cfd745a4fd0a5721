#pragma once

// What the agent's /health says: whether it runs, reaches the collector, has room in its buffer, and what it uses. Any thread.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "pipeline/delivery_summary.h"

namespace vigia::app {

// What one page shows, apart from the clock's time.
struct AgentCondition {
  bool is_running = false;
  std::string version;
  int64_t uptime_s = 0;
  std::string endpoint;
  pipeline::DeliverySummary delivery;
  double cpu_percent = 0;  // Of one processor, over the last seconds.
  double memory_mb = 0;
  double memory_percent = 0;  // Of what the process may use.
};

// "healthy": all is well. "degraded": it runs, and something about its destination or its buffer is not as it should be.
// "unhealthy": it does not run.
std::string_view overall_state(const AgentCondition& condition);
std::string agent_health_json(const AgentCondition& condition, int64_t now_wall_ns);

class AgentHealth {
 public:
  struct Parts {
    std::string endpoint;  // As it is shown.
    pipeline::DeliverySubject subject;
    const MetricRegistry& metrics;
    const Clock& clock;
    FileSystem& files;
    std::shared_ptr<pipeline::DeliveryBoard> deliveries;
    std::string version;
  };
  explicit AgentHealth(Parts parts);

  AgentCondition look(bool is_running) const;
  std::string json(bool is_running) const { return agent_health_json(look(is_running), parts_.clock.wall_ns()); }
  // A collector that is away does not keep the agent from taking data; a buffer that is full does.
  bool takes_data() const;

 private:
  struct CpuReading {
    int64_t at_ns = 0;
    double seconds = 0;
    double percent = 0;
  };
  double cpu_percent() const;

  const Parts parts_;
  const int64_t started_steady_ns_;
  mutable Guarded<CpuReading> cpu_;
};

}  // namespace vigia::app
