#pragma once

// Reads the node's and the agent's own figures. Belongs to one thread; may wait for the kernel.

#include "host/node_meters.h"
#include "pipeline/component.h"
#include "pipeline/delivery_summary.h"
#include "receivers/agent/config.h"
#include "receivers/agent/figures.h"

namespace vigia::receivers {

class NodeReader {
 public:
  NodeReader(const pipeline::Context& context, const AgentReceiverConfig& config);

  // One round: what can be read is set; what cannot is left out and logged once, until it can be read again.
  void read(Figures& figures);

 private:
  void read_cpu(Figures& figures);
  void read_memory(Figures& figures);
  void read_disks(Figures& figures);
  void read_network(Figures& figures);
  void read_agent(Figures& figures);
  // Says what is wrong when that is news.
  void note(const char* what, const Status& status);
  template <typename T>
  void note(const char* what, const Result<T>& result);

  const pipeline::Context context_;
  const pipeline::DeliverySubject subject_;
  host::CpuMeter cpu_;
  host::MemoryMeter memory_;
  host::DiskMeter disks_;
  host::NetworkMeter network_;
  std::map<std::string, std::string> failures_;
};

}  // namespace vigia::receivers
