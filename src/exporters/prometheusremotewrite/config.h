#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/section.h"
#include "pipeline/net_config.h"
#include "pipeline/sender_config.h"
#include "prometheus/remote_write.h"

namespace vigia::exporters {

struct RemoteWriteConfig {
  pipeline::HttpClientConfig client;
  pipeline::SenderConfig sender;
  prometheus::SeriesSettings series;
  prometheus::WriteOptions write;
  uint32_t shards = 5;
  // Headers of the incoming request that go on to the receiver, lower case.
  std::vector<std::string> metadata_keys;
};

void decode(config::Section& section, RemoteWriteConfig& out);

}  // namespace vigia::exporters
