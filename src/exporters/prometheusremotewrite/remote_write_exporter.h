#pragma once

// The prometheusremotewrite exporter: what the sending queue gives it becomes requests of remote write when it is sent.
//
// The queue keeps order and gives one batch at a time. Its series are divided among shards by their hash, so that samples of one series
// never overtake each other, within a batch or from one to the next. A batch that could not be sent whole is kept, so that another try
// sends only what is left of it: what was written once would be out of order if it came again.

#include <memory>
#include <string>

#include "exporters/prometheusremotewrite/config.h"
#include "exporters/prometheusremotewrite/write_round.h"
#include "exporters/prometheusremotewrite/write_telemetry.h"
#include "net/http_client.h"
#include "pipeline/component.h"
#include "pipeline/sender.h"

namespace vigia::exporters {

class RemoteWriteExporter final : public pipeline::Exporter {
 public:
  RemoteWriteExporter(const pipeline::Context& context, const RemoteWriteConfig& config);

  Status start() override;
  void stop(int64_t deadline_steady_ms, Function<void()> stopped) override;
  // The exporter `prometheus` may become another kind of exporter when its endpoint changes.
  void hand_over(pipeline::Exporter& successor) override {
    if (auto* same = dynamic_cast<RemoteWriteExporter*>(&successor)) sender_.hand_over(same->sender_);
  }
  Result<pipeline::Reservation> reserve(const pipeline::Load& load) override { return sender_.reserve(load); }
  void consume(pipeline::Batch batch, pipeline::Done done) override { sender_.consume(std::move(batch), std::move(done)); }

 private:
  void send(pipeline::Batch batch, int64_t timeout_ms, Function<void(Status)> answered);
  pipeline::HeaderList metadata_of(const pipeline::Batch& batch) const;
  std::shared_ptr<WriteRound> round_for(const Chain& payload);
  Status outcome_of(const WriteRound& round, Status status);
  void send_one(const prometheus::WriteRequest& request, const pipeline::HeaderList& metadata, int64_t timeout_ms,
                Function<void(WriteRound::Answer)> answered);
  WriteRound::Answer answer_of(const Result<net::ClientResponse>& response, const prometheus::WriteRequest& request);

  const pipeline::Context context_;
  const RemoteWriteConfig config_;
  std::string path_;
  std::shared_ptr<net::HttpClient> client_;
  const pipeline::ClientAuthenticator* authenticator_ = nullptr;
  WriteTelemetry telemetry_;
  // One batch at a time uses these.
  prometheus::SeriesTranslator translator_;
  prometheus::WriteBatch batch_;
  std::shared_ptr<WriteRound> unfinished_;
  pipeline::Sender sender_;
};

}  // namespace vigia::exporters
