#include "exporters/prometheusremotewrite/write_telemetry.h"

#include <numeric>

#include "base/text.h"

namespace vigia::exporters {

namespace {

Labels labels_of(const pipeline::Context& context, const std::string& endpoint) {
  return {{"exporter", context.id.to_string()}, {"endpoint", endpoint}};
}

Counter& counter_of(const pipeline::Context& context, const std::string& endpoint, std::string_view what, std::string_view help) {
  return context.metrics.counter("otelcol_exporter_prometheusremotewrite_" + std::string(what), help, labels_of(context, endpoint));
}

Counter& dropped_of(const pipeline::Context& context, std::string_view reason) {
  return context.metrics.counter("vigia_exporter_remote_write_dropped_points_total",
                                 "Data points that remote write has no place for, by reason.",
                                 {{"exporter", context.id.to_string()}, {"reason", std::string(reason)}});
}

}  // namespace

WriteTelemetry::WriteTelemetry(const pipeline::Context& context, const std::string& endpoint, uint32_t shards)
    : log_(context.log),
      sent_batches_(counter_of(context, endpoint, "sent_batches", "Requests sent, tries included.")),
      translated_series_(counter_of(context, endpoint, "translated_time_series", "Series that data points became.")),
      failed_translations_(counter_of(context, endpoint, "failed_translations", "Batches with data points that were left out.")),
      written_samples_(counter_of(context, endpoint, "written_samples", "Samples that the receiver says it wrote.")),
      written_histograms_(counter_of(context, endpoint, "written_histograms", "Native histograms that the receiver says it wrote.")),
      written_exemplars_(counter_of(context, endpoint, "written_exemplars", "Exemplars that the receiver says it wrote.")),
      duplicates_(dropped_of(context, "duplicate")) {
  for (size_t i = 0; i < refused_.size(); i++) refused_[i] = &dropped_of(context, prometheus::refusal_names[i]);
  context.metrics
      .gauge("otelcol_exporter_prometheusremotewrite_consumers", "Requests that are sent side by side.", labels_of(context, endpoint))
      .set(shards);
}

void WriteTelemetry::note_translated(const prometheus::WriteCounts& counts) {
  translated_series_.add(counts.series);
  duplicates_.add(counts.duplicates);
  uint64_t total = std::accumulate(counts.refused.begin(), counts.refused.end(), counts.duplicates);
  for (size_t i = 0; i < refused_.size(); i++) refused_[i]->add(counts.refused[i]);
  if (total == 0) return;
  failed_translations_.add();
  log_.warn("Some data points have no place in remote write and are left out.",
            {{"dropped_points", total},
             {"not_cumulative", counts.refused[static_cast<size_t>(prometheus::Refusal::temporality)]},
             {"duplicates", counts.duplicates}});
}

void WriteTelemetry::note_written(const net::Headers& headers, std::string_view header, size_t sent, Counter& written, bool& is_short) {
  std::optional<int64_t> count = parse_int(headers.get(header));
  if (!count || *count < 0) return;
  written.add(static_cast<uint64_t>(*count));
  is_short = is_short || static_cast<uint64_t>(*count) < sent;
}

void WriteTelemetry::note_written(const net::Headers& headers, const prometheus::WriteRequest& request) {
  constexpr std::string_view samples = "x-prometheus-remote-write-samples-written";
  if (!headers.has(samples) && !std::exchange(is_silence_told_, true))
    log_.warn("The receiver does not say what it wrote. It may not know remote write 2.0 and drop everything.",
              {{"missing_header", samples}});
  bool is_short = false;
  note_written(headers, samples, request.samples, written_samples_, is_short);
  note_written(headers, "x-prometheus-remote-write-histograms-written", request.histograms, written_histograms_, is_short);
  note_written(headers, "x-prometheus-remote-write-exemplars-written", request.exemplars, written_exemplars_, is_short);
  if (is_short) log_.warn("The receiver wrote less than it was sent.", {{"samples", request.samples}, {"histograms", request.histograms}});
}

}  // namespace vigia::exporters
