#pragma once

#include <cstdint>

#include "config/section.h"
#include "pipeline/net_config.h"
#include "prometheus/translate.h"

namespace vigia::exporters {

struct PrometheusConfig {
  pipeline::HttpServerConfig server;
  prometheus::TranslateSettings translate;
  bool sends_timestamps = false;
  bool has_open_metrics = false;
  int64_t expiration_ms = 300'000;
  uint64_t max_series = 1'000'000;
};

void decode(config::Section& section, PrometheusConfig& out);

}  // namespace vigia::exporters
