#include "receivers/agent/config.h"

namespace vigia::receivers {

void decode(config::Section& in, AgentReceiverConfig& out) {
  in.field("customer_id", out.customer_id);
  in.require(!out.customer_id.empty(), "customer_id", "is needed: whose node this is");
  in.field("node_id", out.node_id);
  in.require(!out.node_id.empty(), "node_id", "is needed: which node this is");
  in.field("scraped", out.is_scraped);
  in.duration_ms("interval", out.interval_ms);
  in.require(out.interval_ms >= 1'000, "interval", "must be a second at least");
  in.field("exporters", out.exporters);
  in.field("buffer_size", out.buffer_size);
  in.field("root_path", out.root_path);
  in.choice("log_level", out.log_level,
            {{"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}});
  constexpr uint64_t most = 10'000;
  in.field("max_logs", out.max_logs);
  in.require(out.max_logs <= most, "max_logs", "must be 10000 at most");
  in.field("max_spans", out.max_spans);
  in.require(out.max_spans <= most, "max_spans", "must be 10000 at most");
}

}  // namespace vigia::receivers
