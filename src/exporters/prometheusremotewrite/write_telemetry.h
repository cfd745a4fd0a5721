#pragma once

// What the exporter counts: under the Collector's names where it has them.

#include <array>
#include <optional>

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
  // Samples that no receiver will take.
  void note_refused(size_t samples, const Status& why);
  // What a receiver of version 2 says that it wrote, which it must: how many samples and histograms that is, or nothing when it does not say.
  std::optional<size_t> note_written(const net::Headers& headers, const prometheus::WriteRequest& request, bool is_good);

 private:
  // Of one kind.
  static std::optional<uint64_t> count_written(const net::Headers& headers, std::string_view header, Counter& written);

  Logger log_;
  Counter& sent_batches_;
  Counter& translated_series_;
  Counter& failed_translations_;
  Counter& written_samples_;
  Counter& written_histograms_;
  Counter& written_exemplars_;
  std::array<Counter*, prometheus::refusal_names.size()> refused_;
  Counter& duplicates_;
  Counter& refused_samples_;
  bool is_silence_told_ = false;
};

}  // namespace vigia::exporters
