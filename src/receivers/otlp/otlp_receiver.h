#pragma once

// The otlp receiver: OTLP over gRPC and HTTP.

#include <memory>
#include <vector>

#include "net/http_server.h"
#include "pipeline/component.h"
#include "receivers/otlp/config.h"
#include "receivers/otlp/export_service.h"

namespace vigia::receivers {

class OtlpReceiver final : public pipeline::Receiver {
 public:
  OtlpReceiver(const pipeline::Context& context, const OtlpReceiverConfig& config, const pipeline::Outputs& outputs);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;

 private:
  Status listen(Result<net::ServerSettings> settings, const std::optional<pipeline::ComponentId>& authenticator, std::string_view protocol);

  pipeline::Context context_;
  OtlpReceiverConfig config_;
  std::shared_ptr<ExportService> service_;
  std::vector<std::unique_ptr<ExportPort>> ports_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
  std::atomic<size_t> servers_left_{0};
  Function<void()> stopped_;
};

}  // namespace vigia::receivers
