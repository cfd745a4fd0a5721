#pragma once

// The prometheus receiver: a pool of targets for each job.

#include <memory>
#include <vector>

#include "pipeline/component.h"
#include "receivers/prometheus/config.h"
#include "receivers/prometheus/scrape_pool.h"
#include "receivers/prometheus/services.h"

namespace vigia::receivers {

class PrometheusReceiver final : public pipeline::Receiver {
 public:
  PrometheusReceiver(const pipeline::Context& context, const PrometheusReceiverConfig& config, pipeline::Consumer& output);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  std::shared_ptr<ScrapeServices> services_;
  std::vector<std::shared_ptr<ScrapePool>> pools_;  // used on the services' loop
  std::vector<MetricRegistry::Observation> observations_;
};

}  // namespace vigia::receivers
