#include "prometheus/translate_series.h"

#include <algorithm>
#include <limits>

#include "otlp/metric_writer.h"
#include "prometheus/number_text.h"
#include "prometheus/special_values.h"

namespace vigia::prometheus {

namespace {

using otlp::MetricKind;

constexpr std::string_view bucket_label = "le";
constexpr std::string_view quantile_label = "quantile";
constexpr int32_t cumulative = 2;
constexpr double infinity = std::numeric_limits<double>::infinity();
// OpenMetrics allows no more in all names and values of an exemplar.
constexpr size_t most_exemplar_characters = 128;

int64_t ms_of(uint64_t ns) { return static_cast<int64_t>(ns / 1'000'000); }

bool is_ended(const otlp::DataPointView& point) { return (point.flags() & otlp::no_recorded_value_flag) != 0; }

size_t characters_of(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view hex_text(std::string_view bytes, Scratch& scratch) {
  constexpr std::string_view digits = "0123456789abcdef";
  char* text = scratch.take(bytes.size() * 2);
  char* at = text;
  for (char byte : bytes) {
    *at++ = digits[static_cast<unsigned char>(byte) >> 4];
    *at++ = digits[byte & 15];
  }
  return {text, bytes.size() * 2};
}

bool is_set(std::string_view id) {
  return std::any_of(id.begin(), id.end(), [](char c) { return c != 0; });
}

}  // namespace

SeriesTranslator::SeriesTranslator(const SeriesSettings& settings)
    : settings_(settings), translator_(settings.translate), exemplar_attributes_(LabelNamer(settings.translate.strategy)) {}

void SeriesTranslator::translate(std::string_view request, SeriesVisitor& visitor) {
  visitor_ = &visitor;
  translator_.translate(request, *this);
}

bool SeriesTranslator::on_family(const Family& family, const otlp::MetricView& metric) {
  bool has_temporality = family.kind != MetricKind::gauge && family.kind != MetricKind::summary;
  if (has_temporality && family.temporality != cumulative) {
    visitor_->on_refused(Refusal::temporality, metric.points().count());
    return false;
  }
  visitor_->on_family(family);
  return true;
}

void SeriesTranslator::on_unusable(const otlp::MetricView& metric) {
  if (size_t points = metric.points().count(); points > 0) visitor_->on_refused(Refusal::no_name, points);
}

void SeriesTranslator::on_point(const Family& family, LabelSpan labels, std::string_view message) {
  otlp::DataPointView point(message, family.kind);
  point_labels_ = labels;
  uint64_t time_ns = point.time_unix_ns();
  // It would be a sample of 1970, for which receivers refuse the whole request.
  if (time_ns == 0) return visitor_->on_refused(Refusal::no_time, 1);
  time_ms_ = ms_of(time_ns);
  bool has_start = family.kind != MetricKind::gauge && (family.kind != MetricKind::sum || family.is_monotonic);
  start_ms_ = has_start ? ms_of(point.start_time_unix_ns()) : 0;
  switch (family.kind) {
    case MetricKind::gauge:
    case MetricKind::sum:
      return visit_number(family, otlp::NumberPointView(message, family.kind));
    case MetricKind::histogram:
      return visit_histogram(family, otlp::HistogramPointView(message));
    case MetricKind::exponential_histogram:
      return visit_exponential(family, otlp::ExponentialHistogramPointView(message));
    case MetricKind::summary:
      return visit_summary(family, otlp::SummaryPointView(message));
    case MetricKind::none:
      return;
  }
}

void SeriesTranslator::on_target_info(std::string_view name, LabelSpan labels, uint64_t time_ns) {
  point_labels_ = labels;
  time_ms_ = ms_of(time_ns);
  start_ms_ = 0;
  Family family;
  family.name = name;
  family.type = FamilyType::gauge;
  family.help = "Target metadata";
  visitor_->on_family(family);
  set_labels(name, {}, {});
  visit_sample(1, false);
}

// --- Labels ---

LabelView* SeriesTranslator::set_labels(std::string_view name, std::string_view suffix, std::string_view extra_name) {
  name_.assign(name).append(suffix);
  labels_.clear();
  bool is_named = false;
  bool is_extra_there = extra_name.empty();
  for (const LabelView& label : point_labels_) {
    if (!is_named && label.name > "__name__") {
      labels_.push_back({"__name__", name_});
      is_named = true;
    }
    if (!is_extra_there && label.name >= extra_name) {
      labels_.push_back({extra_name, {}});
      is_extra_there = true;
    }
    if (label.name != extra_name && label.name != "__name__") labels_.push_back(label);
  }
  if (!is_named) labels_.push_back({"__name__", name_});
  if (!is_extra_there) labels_.push_back({extra_name, {}});
  // "__name__" stands before "le" and "quantile", so that both are in their places.
  if (extra_name.empty()) return nullptr;
  return &*std::find_if(labels_.begin(), labels_.end(), [&](const LabelView& label) { return label.name == extra_name; });
}

// --- Points ---

void SeriesTranslator::visit_sample(double value, bool is_ended) {
  visitor_->on_sample(labels_, {is_ended ? stale_value() : value, time_ms_, start_ms_});
}

void SeriesTranslator::visit_number(const Family& family, const otlp::NumberPointView& point) {
  set_labels(family.name, {}, {});
  visit_sample(point.value().as_double(), is_ended(point));
  if (!family.is_monotonic) return;
  sort_exemplars(point.exemplars(), {});
  visit_exemplars(0);
}

void SeriesTranslator::visit_histogram(const Family& family, const otlp::HistogramPointView& point) {
  if (settings_.has_custom_bucket_histograms) {
    histogram_.clear();
    if (!to_custom_buckets(point, counts_, histogram_)) return visitor_->on_refused(Refusal::unusable_histogram, 1);
    set_labels(family.name, {}, {});
    visit_sparse(point, point.exemplars());
    if (!settings_.has_classic_histograms) return;
  }
  bool ended = is_ended(point);
  if (std::optional<double> sum = point.sum()) {
    set_labels(family.name, "_sum", {});
    visit_sample(*sum, ended);
  }
  set_labels(family.name, "_count", {});
  visit_sample(static_cast<double>(point.count()), ended);
  visit_buckets(family, point);
}

void SeriesTranslator::visit_buckets(const Family& family, const otlp::HistogramPointView& point) {
  LabelView* bound = set_labels(family.name, "_bucket", bucket_label);
  counts_.clear();
  point.for_each_bucket_count([&](uint64_t count) { counts_.push_back(count); });
  bounds_.clear();
  point.for_each_bound([&](double value) { bounds_.push_back(value); });
  bounds_.resize(std::min(counts_.size(), bounds_.size()));
  sort_exemplars(point.exemplars(), bounds_);
  uint64_t total = 0;
  for (size_t i = 0; i <= bounds_.size(); i++) {
    bool is_last = i == bounds_.size();
    // The last one is everything, whatever the bounds say.
    if (!is_last && bounds_[i] == infinity) continue;
    total = is_last ? point.count() : total + counts_[i];
    bound_text_.clear();
    append_fixed_number(bound_text_, is_last ? infinity : bounds_[i]);
    bound->value = bound_text_;
    visit_sample(static_cast<double>(total), is_ended(point));
    visit_exemplars(i);
  }
}

void SeriesTranslator::visit_exponential(const Family& family, const otlp::ExponentialHistogramPointView& point) {
  histogram_.clear();
  if (!to_sparse(point, sides_, histogram_)) return visitor_->on_refused(Refusal::unusable_histogram, 1);
  set_labels(family.name, {}, {});
  visit_sparse(point, point.exemplars());
}

void SeriesTranslator::visit_sparse(const otlp::DataPointView& point, const otlp::RepeatedMessages& exemplars) {
  histogram_.time_ms = time_ms_;
  histogram_.start_ms = start_ms_;
  if (is_ended(point)) histogram_.make_stale();
  visitor_->on_histogram(labels_, histogram_);
  sort_exemplars(exemplars, {});
  visit_exemplars(0);
}

void SeriesTranslator::visit_summary(const Family& family, const otlp::SummaryPointView& point) {
  bool ended = is_ended(point);
  set_labels(family.name, "_sum", {});
  visit_sample(point.sum(), ended);
  set_labels(family.name, "_count", {});
  visit_sample(static_cast<double>(point.count()), ended);
  LabelView* quantile = set_labels(family.name, {}, quantile_label);
  for (std::string_view message : point.quantiles()) {
    otlp::QuantileView view(message);
    bound_text_.clear();
    append_fixed_number(bound_text_, view.quantile());
    quantile->value = bound_text_;
    visit_sample(view.value(), ended);
  }
}

// --- Exemplars ---

// An exemplar belongs to the first bucket whose bound is not below it. Within a series they must come in the order of time.
void SeriesTranslator::sort_exemplars(const otlp::RepeatedMessages& exemplars, std::span<const double> bounds) {
  exemplars_.clear();
  next_exemplar_ = 0;
  for (std::string_view message : exemplars) {
    otlp::ExemplarView exemplar(message);
    auto bound = std::lower_bound(bounds.begin(), bounds.end(), exemplar.value().as_double());
    exemplars_.push_back({static_cast<size_t>(bound - bounds.begin()), exemplar.time_unix_ns(), message});
  }
  std::sort(exemplars_.begin(), exemplars_.end(), [](const PendingExemplar& a, const PendingExemplar& b) {
    return a.bucket != b.bucket ? a.bucket < b.bucket : a.time_ns < b.time_ns;
  });
}

void SeriesTranslator::visit_exemplars(size_t bucket) {
  for (; next_exemplar_ < exemplars_.size() && exemplars_[next_exemplar_].bucket <= bucket; next_exemplar_++)
    visit_exemplar(otlp::ExemplarView(exemplars_[next_exemplar_].message));
}

void SeriesTranslator::visit_exemplar(const otlp::ExemplarView& exemplar) {
  exemplar_text_.reset();
  exemplar_ids_.clear();
  auto add_id = [&](std::string_view name, std::string_view id) {
    if (is_set(id)) exemplar_ids_.push_back({name, hex_text(id, exemplar_text_)});
  };
  add_id("span_id", exemplar.span_id());
  add_id("trace_id", exemplar.trace_id());
  for (const otlp::AttributeView& attribute : exemplar.filtered_attributes()) exemplar_attributes_.add(attribute, exemplar_text_);
  exemplar_attributes_.finish(exemplar_text_, exemplar_labels_);
  merge_labels(exemplar_ids_, exemplar_labels_, merged_exemplar_labels_);
  size_t characters = 0;
  for (const LabelView& label : merged_exemplar_labels_) characters += characters_of(label.name) + characters_of(label.value);
  bool has_room = characters <= most_exemplar_characters;
  visitor_->on_exemplar({has_room ? merged_exemplar_labels_ : exemplar_ids_, exemplar.value().as_double(), ms_of(exemplar.time_unix_ns())});
}

}  // namespace vigia::prometheus
