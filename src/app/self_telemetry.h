#pragma once

// The program's own log and self-metrics, as `service::telemetry` wants them: made at the start and changed by a reload.
//
// Used on the control thread; the logger on any.

#include <memory>
#include <string>
#include <vector>

#include "app/api_server.h"
#include "app/switching_sink.h"
#include "base/log.h"
#include "pipeline/service_config.h"
#include "pipeline/telemetry.h"

namespace vigia::app {

class SelfTelemetry {
 public:
  // The references outlive it.
  SelfTelemetry(MetricRegistry& metrics, const Clock& clock, FileSystem& files, MemoryLedger& ledger);

  // The log, and what every self-metric says about this program.
  Status open(const pipeline::TelemetryConfig& telemetry);
  // The self-metrics for scrapers, if they are wanted. Served until stop_serving(), which comes before the loops stop.
  Status serve(const pipeline::TelemetryConfig& telemetry, net::LoopGroup& loops);
  // Takes over a new configuration, after open() and serve(). What cannot be had stays as it was: one error for each such part, which names
  // the key.
  std::vector<Status> change(const pipeline::TelemetryConfig& telemetry);
  void stop_serving();

  // Says nothing before open(). Follows every change.
  const Logger& log() const { return log_; }
  // Lines of the log, for whoever opens it.
  const std::shared_ptr<LogTap>& tap() const { return sink_->tap(); }
  // 0 when nobody is served.
  int metrics_port() const { return server_ ? server_->port() : 0; }

 private:
  Status open_log(const pipeline::TelemetryConfig& telemetry);
  void label_metrics(const pipeline::TelemetryConfig& telemetry);
  Status move_server(const std::string& address);
  Status start_server(const std::string& address);

  MetricRegistry& metrics_;
  const Clock& clock_;
  MemoryLedger& ledger_;
  const std::string instance_id_;
  std::shared_ptr<SwitchingSink> sink_;
  Logger log_;
  pipeline::ProcessTelemetry process_telemetry_;
  SelfMetricsService service_;
  net::LoopGroup* loops_ = nullptr;
  std::string address_;  // as it was configured; "" is nowhere
  std::unique_ptr<RunningServer> server_;
};

}  // namespace vigia::app
