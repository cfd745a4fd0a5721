#include "processors/probabilistic_sampler/sampler.h"

#include <algorithm>

#include "base/text.h"
#include "otlp/attribute_edit.h"
#include "otlp/log_view.h"
#include "otlp/span_view.h"
#include "ottl/number_text.h"
#include "ottl/value.h"

namespace vigia::processors {

namespace {

constexpr std::string_view threshold_attribute = "sampling.threshold";
constexpr std::string_view randomness_attribute = "sampling.randomness";

bool is_empty_id(std::string_view id) { return id.find_first_not_of('\0') == std::string_view::npos; }

// The attribute sampling.priority of a span: 0 is "never", more is "always".
std::optional<Threshold> span_priority(std::string_view span) {
  std::optional<otlp::ValueView> found = otlp::SpanView(span).attributes().find("sampling.priority");
  if (!found) return std::nullopt;
  ottl::Value value = ottl::Value::of_any(found->message());
  std::optional<double> priority;
  if (value.is_number()) priority = value.as_double();
  if (value.type == ottl::Value::Type::text) priority = ottl::parse_float(value.content);
  if (!priority || !(*priority >= 0)) return std::nullopt;
  return *priority == 0 ? keep_none : keep_all;
}

std::string text_value(std::string_view text) {
  std::string any_value;
  otlp::append_bytes_field(any_value, 1, text);
  return any_value;
}

}  // namespace

Sampler::Sampler(const SamplerConfig& config) : config_(config) {
  float percentage = std::min(config.sampling_percentage, 100.0F);
  ratio_ = std::max(static_cast<double>(percentage) / 100, least_probability);
  keeps_none_ = percentage == 0;
  if (keeps_none_) return;
  std::optional<Threshold> threshold =
      config.mode == SamplerMode::hash_seed ? bucket_threshold(percentage) : threshold_of(ratio_, config.sampling_precision);
  keeps_none_ = !threshold;
  threshold_ = threshold.value_or(keep_none);
}

void Sampler::find_randomness(Facts& facts, std::string_view trace_id) const {
  if (keeps_none_) {
    // Only a priority can still keep the item, and it does so whatever the randomness.
    facts.randomness = greatest_randomness;
    facts.policy = SamplerPolicy::sampling_priority;
    return;
  }
  if (config_.mode == SamplerMode::hash_seed) {
    if (is_empty_id(trace_id)) return;
    facts.randomness = hashed_randomness(trace_id, config_.hash_seed);
    facts.policy = SamplerPolicy::trace_id_hash;
  } else if (facts.explicit_randomness) {
    facts.randomness = facts.explicit_randomness;
    facts.policy = SamplerPolicy::sampling_randomness;
  } else if (facts.is_readable && trace_id.size() == 16 && !is_empty_id(trace_id)) {
    facts.randomness = randomness_of_trace_id(trace_id);
    facts.policy = SamplerPolicy::trace_id_w3c;
  }
}

// Whether the item can be decided about, and what is to become of its fields.
void Sampler::check(Facts& facts) const {
  facts.is_writable = facts.is_readable;
  bool is_hashing = config_.mode == SamplerMode::hash_seed && !keeps_none_;
  if (is_hashing && facts.is_readable) {
    // Somebody samples consistently already: those fields are not ours to touch.
    bool is_foreign = facts.explicit_randomness || facts.threshold;
    facts.is_writable = !is_foreign;
    facts.is_consistent = !is_foreign;
    facts.sets_randomness = !is_foreign;
  }
  if (!facts.randomness) facts.is_consistent = false;
  if (facts.is_writable && facts.randomness && facts.threshold && *facts.threshold > *facts.randomness) {
    facts.is_consistent = false;
    facts.clears_threshold = true;
    facts.threshold.reset();
  }
}

Threshold Sampler::threshold_for(const Facts& facts) const {
  if (!facts.is_readable || !facts.is_consistent) return config_.fail_closed ? keep_none : keep_all;
  if (keeps_none_) return keep_none;
  if (config_.mode == SamplerMode::proportional)
    return threshold_of((facts.threshold ? probability_of(*facts.threshold) : 1.0) * ratio_, config_.sampling_precision)
        .value_or(keep_none);
  if (config_.mode == SamplerMode::equalizing && facts.threshold) return std::max(threshold_, *facts.threshold);
  return threshold_;
}

Decision Sampler::decide_span(std::string_view message) const {
  otlp::SpanView span(message);
  std::string_view old_state = span.trace_state();
  std::optional<TraceState> state = TraceState::parse(old_state);
  Facts facts;
  facts.is_readable = state.has_value();
  if (state) facts.explicit_randomness = state->randomness;
  if (state) facts.threshold = state->threshold;
  find_randomness(facts, span.trace_id());
  check(facts);

  Decision decision;
  decision.policy = facts.policy;
  Threshold threshold = threshold_for(facts);
  if (std::optional<Threshold> priority = span_priority(message)) {
    threshold = *priority;
    decision.policy = SamplerPolicy::sampling_priority;
  }
  Randomness randomness = facts.randomness.value_or(greatest_randomness);
  decision.is_kept = threshold <= randomness;
  if (!decision.is_kept || !facts.is_writable) return decision;

  if (facts.sets_randomness) state->randomness = randomness;
  state->threshold = facts.threshold;
  // A share can only become smaller on the way.
  if (!state->threshold || *state->threshold <= threshold) state->threshold = threshold;
  std::string new_state = state->to_string();
  if (new_state != old_state) decision.trace_state = std::move(new_state);
  return decision;
}

void Sampler::find_log_randomness(Facts& facts, std::string_view message) const {
  otlp::LogRecordView record(message);
  bool is_hashing = config_.mode == SamplerMode::hash_seed && !keeps_none_;
  if (!is_hashing || config_.uses_trace_id) find_randomness(facts, record.trace_id());
  if (!is_hashing || facts.randomness || config_.from_attribute.empty()) return;
  std::optional<otlp::ValueView> found = record.attributes().find(config_.from_attribute);
  if (!found) return;
  ottl::Value value = ottl::Value::of_any(found->message());
  std::string bytes(value.type == ottl::Value::Type::bytes ? value.content : std::string_view());
  if (bytes.empty()) ottl::append_display_text(bytes, value);
  if (bytes.empty()) return;
  facts.randomness = hashed_randomness(bytes, config_.hash_seed);
  facts.policy = SamplerPolicy::attribute;
}

// A log record's own percentage.
std::optional<Threshold> Sampler::log_priority(std::string_view record) const {
  if (config_.sampling_priority.empty()) return std::nullopt;
  std::optional<otlp::ValueView> found = otlp::LogRecordView(record).attributes().find(config_.sampling_priority);
  if (!found) return std::nullopt;
  ottl::Value value = ottl::Value::of_any(found->message());
  if (!value.is_number() || value.as_double() == 0) return std::nullopt;
  return threshold_of(value.as_double() / 100, config_.sampling_precision);
}

Decision Sampler::decide_log(std::string_view message) const {
  otlp::Attributes attributes = otlp::LogRecordView(message).attributes();
  std::optional<otlp::ValueView> old_threshold = attributes.find(threshold_attribute);
  std::optional<otlp::ValueView> old_randomness = attributes.find(randomness_attribute);
  Facts facts;
  if (old_threshold && !old_threshold->string().empty()) {
    facts.threshold = parse_threshold(old_threshold->string());
    facts.is_readable = facts.is_readable && facts.threshold.has_value();
  }
  if (old_randomness && !old_randomness->string().empty()) {
    facts.explicit_randomness = parse_randomness(old_randomness->string());
    facts.is_readable = facts.is_readable && facts.explicit_randomness.has_value();
  }
  find_log_randomness(facts, message);
  check(facts);

  Decision decision;
  decision.policy = facts.policy;
  Threshold threshold = threshold_for(facts);
  if (std::optional<Threshold> priority = log_priority(message)) {
    threshold = *priority;
    decision.policy = SamplerPolicy::sampling_priority;
  }
  Randomness randomness = facts.randomness.value_or(greatest_randomness);
  decision.is_kept = threshold <= randomness;
  if (!decision.is_kept || !facts.is_writable) return decision;

  if (facts.sets_randomness && facts.randomness) decision.randomness = format_randomness(randomness);
  if (!facts.threshold || *facts.threshold <= threshold) {
    std::string digits = format_threshold(threshold);
    if (!old_threshold || old_threshold->string() != digits) decision.threshold = std::move(digits);
  }
  decision.removes_threshold = facts.clears_threshold && !decision.threshold;
  return decision;
}

void Sampler::edit_span(std::string_view span, const Decision& decision, Appender& out) {
  constexpr uint32_t trace_state_number = 3;
  const char* run = span.data();
  bool is_written = false;
  otlp::Cursor cursor(span);
  otlp::Field field;
  auto write = [&] {
    if (!is_written && !decision.trace_state->empty()) otlp::append_bytes_field(out, trace_state_number, *decision.trace_state);
    is_written = true;
  };
  while (cursor.next(field)) {
    if (field.tag != otlp::bytes_tag(trace_state_number)) continue;
    out.append({run, static_cast<size_t>(field.whole.data() - run)});
    run = field.whole.data() + field.whole.size();
    write();
  }
  out.append({run, static_cast<size_t>(span.data() + span.size() - run)});
  write();
}

void Sampler::edit_log(std::string_view record, const Decision& decision, Appender& out) {
  otlp::ConstantEdits edits;
  bool has_room = true;
  if (decision.randomness) has_room = edits.upsert(randomness_attribute, text_value(*decision.randomness)) && has_room;
  if (decision.threshold) has_room = edits.upsert(threshold_attribute, text_value(*decision.threshold)) && has_room;
  if (decision.removes_threshold) has_room = edits.erase(threshold_attribute) && has_room;
  CHECK(has_room);
  edits.apply(record, otlp::LogRecordView::attributes_number, out);
}

}  // namespace vigia::processors
