#include "processors/filter/filter_processor.h"

#include <algorithm>

#include "otlp/count.h"

namespace vigia::processors {

using otlp::Level;
using otlp::Place;
using ottl::Context;

namespace {

Level level_of(Context context) {
  switch (context) {
    case Context::resource:
      return Level::resource_group;
    case Context::scope:
      return Level::scope_group;
    case Context::span_event:
      return Level::span_event;
    case Context::data_point:
      return Level::data_point;
    default:
      return Level::item;
  }
}

// What a condition sees of a message at its level.
ottl::Item item_at(const Place& place, Context context, std::string_view message) {
  ottl::Item item;
  item.resource = place.group.resource().message();
  item.resource_group = place.group.message();
  if (context == Context::resource) return item;
  item.scope = place.scope_group.scope().message();
  item.scope_group = place.scope_group.message();
  if (context == Context::scope) return item;
  bool is_part = context == Context::span_event || context == Context::data_point;
  item.record = is_part ? place.item : message;
  if (is_part) item.part = message;
  item.metric_kind = place.metric_kind;
  return item;
}

std::string_view counter_name(otlp::Signal signal) {
  switch (signal) {
    case otlp::Signal::traces:
      return "otelcol_processor_filter_spans_filtered";
    case otlp::Signal::metrics:
      return "otelcol_processor_filter_datapoints_filtered";
    case otlp::Signal::logs:
      break;
  }
  return "otelcol_processor_filter_logs_filtered";
}

}  // namespace

Result<std::unique_ptr<FilterProcessor>> FilterProcessor::create(const pipeline::Context& context, const FilterConfig& config,
                                                                 otlp::Signal signal, pipeline::Consumer& next) {
  Counter& dropped =
      context.metrics.counter(counter_name(signal), "Items dropped by the filter processor.", {{"filter", context.id.to_string()}});
  std::unique_ptr<FilterProcessor> processor(new FilterProcessor(signal, dropped, next));
  RETURN_IF_ERROR(processor->add_rules(config.of(signal), context.log));
  return processor;
}

Status FilterProcessor::add_rules(const FilterRules& rules, const Logger& log) {
  for (const FilterGroup& group : rules.groups) {
    // Contexts are declared from the outside to the inside.
    for (size_t i = 0; i < ottl::context_count; i++) {
      auto context = static_cast<Context>(i);
      std::vector<ottl::Condition> conditions;
      for (const FilterCondition& condition : group.conditions) {
        if (condition.context != context) continue;
        ASSIGN_OR_RETURN(ottl::Condition compiled, ottl::Condition::compile(condition.text, context));
        conditions.push_back(std::move(compiled));
      }
      if (!conditions.empty()) stages_.push_back({context, ottl::AnyOf(std::move(conditions), group.error_mode, log)});
    }
  }
  for (const ottl::MatchConfig& choice : rules.choices) {
    ASSIGN_OR_RETURN(ottl::Selection selection, ottl::Selection::compile(choice, signal_));
    choices_.push_back(std::move(selection));
  }
  return {};
}

Result<Slice> FilterProcessor::filter_by(const Stage& stage, const Slice& request) const {
  Status error;
  std::string_view span;
  int64_t event_index = 0;
  Slice kept = otlp::filter_messages(request, level_of(stage.context), [&](const Place& place, std::string_view message) {
    ottl::Item item = item_at(place, stage.context, message);
    if (stage.context == Context::span_event) {
      event_index = place.item.data() == span.data() ? event_index + 1 : 0;
      span = place.item;
      item.part_index = event_index;
    }
    Result<bool> is_dropped = stage.conditions.matches(item);
    if (is_dropped) return !*is_dropped;
    if (error.is_ok()) error = is_dropped.status();
    return true;
  });
  if (!error.is_ok()) return error;
  return kept;
}

Result<Slice> FilterProcessor::filter(Slice request) const {
  for (const Stage& stage : stages_) {
    ASSIGN_OR_RETURN(request, filter_by(stage, request));
  }
  for (const ottl::Selection& choice : choices_) {
    request = otlp::filter_messages(request, Level::item, [&](const Place& place, std::string_view message) {
      return choice.selects(item_at(place, Context::span, message));
    });
  }
  return request;
}

void FilterProcessor::consume(pipeline::Batch batch, pipeline::Done done) {
  Chain kept;
  size_t dropped = 0;
  for (const Slice& request : batch.payload.slices()) {
    Result<Slice> filtered = filter(request);
    if (!filtered) return done(std::move(filtered).status().as_permanent());
    if (filtered->data() != request.data())
      dropped += otlp::count_items(signal_, request.view()) - otlp::count_items(signal_, filtered->view());
    kept.append(std::move(*filtered));
  }
  if (dropped > 0) dropped_.add(dropped);
  if (kept.empty()) {
    batch.settle();
    return done({});
  }
  batch.payload = std::move(kept);
  batch.item_count -= std::min(batch.item_count, dropped);
  next_.consume(std::move(batch), std::move(done));
}

}  // namespace vigia::processors
