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
      duplicates_(dropped_of(context, "duplicate")),
      refused_samples_(context.metrics.counter("vigia_exporter_remote_write_refused_samples_total",
                                               "Samples and histograms that the receiver refused for good.",
                                               {{"exporter", context.id.to_string()}})) {
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

void WriteTelemetry::note_refused(size_t samples, const Status& why) {
  refused_samples_.add(samples);
  log_.warn("The receiver refuses samples for good.", {{"samples", samples}, {"error", why}});
}

std::optional<uint64_t> WriteTelemetry::count_written(const net::Headers& headers, std::string_view header, Counter& written) {
  std::optional<int64_t> count = parse_int(headers.get(header));
  if (!count || *count < 0) return std::nullopt;
  written.add(static_cast<uint64_t>(*count));
  return static_cast<uint64_t>(*count);
}

std::optional<size_t> WriteTelemetry::note_written(const net::Headers& headers, const prometheus::WriteRequest& request, bool is_good) {
  constexpr std::string_view header = "x-prometheus-remote-write-samples-written";
  std::optional<uint64_t> samples = count_written(headers, header, written_samples_);
  std::optional<uint64_t> histograms = count_written(headers, "x-prometheus-remote-write-histograms-written", written_histograms_);
  std::optional<uint64_t> exemplars = count_written(headers, "x-prometheus-remote-write-exemplars-written", written_exemplars_);
  if (is_good && !headers.has(header) && !std::exchange(is_silence_told_, true))
    log_.warn("The receiver does not say what it wrote. It may not know remote write 2.0 and drop everything.",
              {{"missing_header", header}});
  bool is_short = samples.value_or(request.samples) < request.samples || histograms.value_or(request.histograms) < request.histograms ||
                  exemplars.value_or(request.exemplars) < request.exemplars;
  if (is_good && is_short)
    log_.warn("The receiver wrote less than it was sent.", {{"samples", request.samples}, {"histograms", request.histograms}});
  if (!samples) return std::nullopt;
  return static_cast<size_t>(*samples + histograms.value_or(0));
}

}  // namespace vigia::exporters
