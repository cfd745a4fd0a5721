#pragma once

// What the exporter counts: under the Collector's names where it has them.

#include <array>

#include "base/log.h"
#include "base/metrics.h"
#include "net/http_client.h"
#include "pipeline/component.h"
#include "prometheus/remote_write.h"

namespace vigia::exporters {

class WriteTelemetry {
 public:
  WriteTelemetry(const pipeline::Context& context, const std::string& endpoint, uint32_t shards);

  void note_translated(const prometheus::WriteCounts& counts);
  void note_sent() { sent_batches_.add(); }
  // What a receiver of version 2 says that it wrote. It must say so.
  void note_written(const net::Headers& headers, const prometheus::WriteRequest& request);

 private:
  void note_written(const net::Headers& headers, std::string_view header, size_t sent, Counter& written, bool& is_short);

  Logger log_;
  Counter& sent_batches_;
  Counter& translated_series_;
  Counter& failed_translations_;
  Counter& written_samples_;
  Counter& written_histograms_;
  Counter& written_exemplars_;
  std::array<Counter*, prometheus::refusal_names.size()> refused_;
  Counter& duplicates_;
  bool is_silence_told_ = false;
};

}  // namespace vigia::exporters
