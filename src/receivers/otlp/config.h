#pragma once

// The otlp receiver's section.

#include <optional>
#include <string>

#include "config/section.h"
#include "pipeline/net_config.h"

namespace vigia::receivers {

struct OtlpReceiverConfig {
  std::optional<pipeline::GrpcServerConfig> grpc;
  std::optional<pipeline::HttpServerConfig> http;
  std::string traces_path = "/v1/traces";
  std::string metrics_path = "/v1/metrics";
  std::string logs_path = "/v1/logs";
  // Ours: data whose Resource lacks this attribute is refused by partial success. "" takes all.
  std::string required_resource_attribute;
  // Ours: what becomes of a port that somebody else listens on already.
  bool goes_on_when_busy = false;
};

void decode(config::Section& section, OtlpReceiverConfig& out);

}  // namespace vigia::receivers
