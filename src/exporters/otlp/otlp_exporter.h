#pragma once

// The otlp exporter: one unary gRPC call for each batch, its bytes straight from the buffers they came in.

#include <memory>

#include "net/http_client.h"
#include "pipeline/component.h"
#include "pipeline/net_config.h"
#include "pipeline/partial_success.h"
#include "pipeline/sender.h"

namespace vigia::exporters {

struct OtlpExporterConfig {
  pipeline::GrpcClientConfig client;
  pipeline::SenderConfig sender;
};

void decode(config::Section& section, OtlpExporterConfig& out);

class OtlpExporter final : public pipeline::Exporter {
 public:
  OtlpExporter(const pipeline::Context& context, const OtlpExporterConfig& config, otlp::Signal signal);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  void hand_over(pipeline::Exporter& successor) override { sender_.hand_over(static_cast<OtlpExporter&>(successor).sender_); }
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return sender_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override { sender_.consume(std::move(batch), std::move(done)); }

 private:
  void send(pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered);

  pipeline::Context context_;
  OtlpExporterConfig config_;
  otlp::Signal signal_;
  std::shared_ptr<net::HttpClient> client_;
  const pipeline::ClientAuthenticator* authenticator_ = nullptr;
  pipeline::PartialSuccessLog partial_successes_;
  pipeline::Sender sender_;
};

}  // namespace vigia::exporters
