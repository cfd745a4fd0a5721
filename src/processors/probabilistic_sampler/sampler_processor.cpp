#include "processors/probabilistic_sampler/sampler_processor.h"

#include <algorithm>

#include "otlp/rewrite.h"

namespace vigia::processors {

using otlp::Place;
using otlp::Verdict;

SamplerProcessor::SamplerProcessor(const pipeline::Context& context, const SamplerConfig& config, otlp::Signal signal,
                                   pipeline::Consumer& next)
    : signal_(signal), sampler_(config), next_(next) {
  if (signal == otlp::Signal::logs) {
    counters_.push_back(counters_named(context.metrics, "otelcol_processor_probabilistic_sampler_count_logs_sampled", config));
    return;
  }
  counters_.push_back(counters_named(context.metrics, "otelcol_processor_probabilistic_sampler_count_traces_sampled", config));
  counters_.push_back(counters_named(context.metrics, "otelcol_processor_probabilistic_sampler_count_spans_processed", config));
}

SamplerProcessor::Counters SamplerProcessor::counters_named(MetricRegistry& metrics, std::string_view name,
                                                            const SamplerConfig& config) const {
  static constexpr std::array<std::string_view, sampler_policy_count - 1> names = {"missing_randomness", "trace_id_hash", "trace_id_w3c",
                                                                                   "sampling_randomness", "sampling_priority"};
  Counters counters{};
  for (size_t policy = 0; policy < sampler_policy_count; policy++) {
    std::string label(policy < names.size() ? names[policy] : std::string_view(config.from_attribute));
    if (label.empty()) continue;
    for (size_t kept = 0; kept < 2; kept++)
      counters[policy][kept] =
          &metrics.counter(name, "Items that were sampled or not.", {{"policy", label}, {"sampled", kept ? "true" : "false"}});
  }
  return counters;
}

Slice SamplerProcessor::sample(const Slice& request, Counts& counts) const {
  bool is_traces = signal_ == otlp::Signal::traces;
  // Every edit follows its decision at once.
  Decision decision;
  auto decide = [&](const Place&, std::string_view item) {
    decision = is_traces ? sampler_.decide_span(item) : sampler_.decide_log(item);
    counts[static_cast<size_t>(decision.policy)][decision.is_kept ? 1 : 0]++;
    return !decision.is_kept ? Verdict::drop : decision.is_edited() ? Verdict::edit : Verdict::keep;
  };
  auto edit = [&](const Place&, std::string_view item, Appender& out) {
    is_traces ? Sampler::edit_span(item, decision, out) : Sampler::edit_log(item, decision, out);
  };
  return otlp::rewrite_some(request, otlp::Level::item, decide, edit);
}

void SamplerProcessor::consume(pipeline::Batch batch, pipeline::Done done) {
  Chain kept;
  Counts counts{};
  for (const Slice& request : batch.payload.slices()) kept.append(sample(request, counts));
  size_t dropped = 0;
  for (size_t policy = 0; policy < sampler_policy_count; policy++) {
    dropped += counts[policy][0];
    for (const Counters& counters : counters_) {
      for (size_t outcome = 0; outcome < 2; outcome++) {
        if (counts[policy][outcome] > 0) counters[policy][outcome]->add(counts[policy][outcome]);
      }
    }
  }
  if (kept.empty()) {
    batch.settle();
    return done({});
  }
  batch.payload = std::move(kept);
  batch.item_count -= std::min(batch.item_count, dropped);
  next_.consume(std::move(batch), std::move(done));
}

}  // namespace vigia::processors
