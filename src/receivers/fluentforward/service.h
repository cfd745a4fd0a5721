#pragma once

// What all connections of a fluentforward receiver share, and how they begin.

#include <atomic>
#include <memory>
#include <string>

#include "net/stream_server.h"
#include "pipeline/component.h"
#include "pipeline/telemetry.h"
#include "receivers/fluentforward/config.h"

namespace vigia::receivers {

// otelcol_fluent_* are the Collector's.
struct ForwardTelemetry {
  explicit ForwardTelemetry(const pipeline::Context& context);
  pipeline::ReceiverTelemetry records;
  Counter& opened_connections;
  Counter& closed_connections;
  Counter& events_parsed;  // Messages.
  Counter& parse_failures;
  Counter& records_generated;
  Counter& repaired_strings;
  Counter& retries;  // The pipeline had no room, and is asked again.
  Counter& failed_handshakes;
  Counter& closed_for_memory;
};

class ForwardService final : public net::StreamService, public std::enable_shared_from_this<ForwardService> {
 public:
  ForwardService(const pipeline::Context& context, const FluentForwardConfig& config, pipeline::Consumer& output)
      : context(context), config(config), output(output), telemetry(context) {}

  std::unique_ptr<net::StreamHandler> open(net::StreamConnection& connection) override;

  // `idle` is called, once, when nothing is under way any more. What the pipeline refuses from now on is not offered again.
  void wait_until_idle(Function<void()> idle);
  bool is_stopping() const { return is_stopping_.load(std::memory_order_relaxed); }
  // Somebody has handed data on, and has the answer.
  void begin_work() { under_way_.fetch_add(1); }
  void end_work() {
    if (under_way_.fetch_sub(1) == 1) idle_();
  }

  const pipeline::Context context;
  FluentForwardConfig config;  // Its hostname is filled in at the start.
  pipeline::Consumer& output;
  ForwardTelemetry telemetry;

 private:
  std::atomic<size_t> under_way_{1};  // And one that wait_until_idle() takes away.
  std::atomic<bool> is_stopping_{false};
  Function<void()> idle_;
};

}  // namespace vigia::receivers
