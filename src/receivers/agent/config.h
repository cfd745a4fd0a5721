#pragma once

// The agent receiver's section.

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/section.h"

namespace vigia::receivers {

struct AgentReceiverConfig {
  // What every figure is labelled with.
  std::string customer_id;
  std::string node_id;
  bool is_scraped = true;  // False: nobody scrapes /metrics, which a label of every figure says.
  int64_t interval_ms = 15'000;
  // Whose queue and destination is told about.
  std::vector<std::string> exporters;
  uint64_t buffer_size = 0;  // What a full queue is called; 0: as it counts itself.
  std::string root_path;     // Where the node's "/" is mounted, in a container.
  // Lines below it stay here. And no more than so many go out in an interval.
  LogLevel log_level = LogLevel::info;
  uint64_t max_logs = 100;
  uint64_t max_spans = 20;
};

void decode(config::Section& in, AgentReceiverConfig& out);

}  // namespace vigia::receivers
