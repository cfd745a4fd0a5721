// The part of series_table.h that decides what a series is: of which metric, resource and scope, and with which attributes.

#include <cmath>

#include "base/hash.h"
#include "base/utf8.h"
#include "otlp/attribute_write.h"
#include "prometheus/value_text.h"
#include "receivers/prometheus/series_table.h"

namespace vigia::receivers {

namespace {

using otlp::MetricKind;
using prometheus::Label;
using prometheus::LabelList;
using prometheus::MetricType;

constexpr std::string_view scope_prefix = "otel_scope_";
constexpr std::string_view scope_name_label = "otel_scope_name";
constexpr std::string_view scope_version_label = "otel_scope_version";
constexpr std::string_view scope_schema_label = "otel_scope_schema_url";

MetricKind kind_of(MetricType type, SeriesRole role) {
  if (role == SeriesRole::native) return MetricKind::exponential_histogram;
  switch (type) {
    case MetricType::counter:
    case MetricType::info:
    case MetricType::stateset:
      return MetricKind::sum;
    case MetricType::histogram:
      return MetricKind::histogram;
    case MetricType::summary:
      return MetricKind::summary;
    default:
      return MetricKind::gauge;
  }
}

void append_label(std::string& out, uint32_t number, std::string_view name, std::string_view value) {
  if (is_valid_utf8(name) && is_valid_utf8(value))
    otlp::append_attribute(out, number, name, value);
  else
    otlp::append_attribute(out, number, repair_utf8(name), repair_utf8(value));
}

bool is_identity_label(std::string_view name) {
  return name == prometheus::name_label || name == prometheus::job_label || name == prometheus::instance_label;
}

// Labels that say where a point belongs rather than what it is.
bool is_placing_label(std::string_view name, MetricKind kind) {
  if (is_identity_label(name) || name == "__scheme__" || name == "__metrics_path__" || name.starts_with(scope_prefix)) return true;
  return (kind == MetricKind::histogram && name == prometheus::bucket_label) ||
         (kind == MetricKind::summary && name == prometheus::quantile_label);
}

}  // namespace

uint64_t MetricEntry::key(uint64_t seed) const {
  const uint32_t rest[] = {static_cast<uint32_t>(kind), static_cast<uint32_t>(type), family_size, resource, scope};
  return hash64({name, {reinterpret_cast<const char*>(rest), sizeof rest}}, seed);
}

// The family `base` says that what ends in `suffix` is a part of it.
std::optional<SeriesTable::Place> SeriesTable::place_in(std::string_view base, std::string_view suffix) const {
  auto found = families_.find(base);
  if (found == families_.end()) return std::nullopt;
  MetricType type = found->second.type;
  size_t family = base.size();
  bool is_created = suffix == "_created";
  if (type == MetricType::counter && (is_created || suffix == "_total"))
    return Place{std::string(base) + "_total", family, type, is_created ? SeriesRole::created : SeriesRole::value};
  if (type == MetricType::info && suffix == "_info") return Place{std::string(base), family, type, SeriesRole::value};
  bool is_histogram = type == MetricType::histogram;
  if (!is_histogram && type != MetricType::summary) return std::nullopt;
  if (is_histogram && suffix == "_bucket") return Place{std::string(base), family, type, SeriesRole::bucket};
  if (suffix == "_sum") return Place{std::string(base), family, type, SeriesRole::sum};
  if (suffix == "_count") return Place{std::string(base), family, type, SeriesRole::count};
  if (is_created) return Place{std::string(base), family, type, SeriesRole::created};
  return std::nullopt;
}

SeriesTable::Place SeriesTable::place_of(std::string_view name, bool is_native) const {
  if (name == "target_info") return {std::string(name), 0, MetricType::info, SeriesRole::target_info};
  if (name == "otel_scope_info") return {std::string(name), 0, MetricType::info, SeriesRole::scope_info};
  auto exact = families_.find(name);
  if (is_native) return {std::string(name), exact == families_.end() ? 0 : name.size(), MetricType::histogram, SeriesRole::native};
  if (exact != families_.end()) {
    MetricType type = exact->second.type;
    SeriesRole role = type == MetricType::summary     ? SeriesRole::quantile
                      : type == MetricType::histogram ? SeriesRole::unusable
                                                      : SeriesRole::value;
    return {std::string(name), name.size(), type, role};
  }
  for (std::string_view suffix : {"_bucket", "_count", "_sum", "_total", "_created", "_info"})
    if (name.size() > suffix.size() && name.ends_with(suffix))
      if (auto place = place_in(name.substr(0, name.size() - suffix.size()), suffix)) return std::move(*place);
  return {std::string(name), 0, MetricType::unknown, SeriesRole::value};
}

void SeriesTable::set_boundary(const LabelList& labels, Series& series) const {
  if (series.role != SeriesRole::bucket && series.role != SeriesRole::quantile) return;
  std::string_view text = labels.get(series.role == SeriesRole::bucket ? prometheus::bucket_label : prometheus::quantile_label);
  std::optional<double> boundary = prometheus::parse_value(text);
  if (boundary && !std::isnan(*boundary))
    series.boundary = *boundary;
  else
    series.role = SeriesRole::unusable;
}

void SeriesTable::set_attributes(const LabelList& labels, Series& series) {
  MetricKind kind = metrics_[series.metric].kind;
  std::string blob;
  for (const Label& label : labels) {
    if (series.role == SeriesRole::target_info) {
      if (!is_identity_label(label.name)) append_label(blob, 1, label.name, label.value);
    } else if (series.role == SeriesRole::scope_info) {
      if (!is_identity_label(label.name) && !label.name.starts_with(scope_prefix)) append_label(blob, 3, label.name, label.value);
    } else if (!is_placing_label(label.name, kind)) {
      append_label(blob, otlp::point_attributes_number(kind), label.name, label.value);
    }
  }
  series.point = hash64(blob, seed_);
  if (!series_.empty() && series_.back().role != SeriesRole::dropped && series_.back().role != SeriesRole::unusable &&
      series_.back().metric == series.metric && series_.back().point == series.point) {
    series.attributes = series_.back().attributes;
    return;
  }
  if (attributes_.is_full())
    series.role = SeriesRole::unusable;
  else
    series.attributes = attributes_.add(blob);
}

uint32_t SeriesTable::metric_index(const Place& place, const LabelList& labels) {
  MetricEntry entry{place.name, static_cast<uint32_t>(place.family_size), place.type, kind_of(place.type, place.role)};
  entry.is_monotonic = place.type == MetricType::counter;
  entry.resource = resource_index(labels);
  entry.scope = scope_index(labels);
  auto [found, is_new] = metric_indexes_.try_emplace(entry.key(seed_), static_cast<uint32_t>(metrics_.size()));
  if (is_new) metrics_.push_back(std::move(entry));
  return found->second;
}

uint32_t SeriesTable::resource_index(const LabelList& labels) {
  std::string_view job = labels.get(prometheus::job_label);
  std::string_view instance = labels.get(prometheus::instance_label);
  if (job.empty()) job = resources_[0].job;
  if (instance.empty()) instance = resources_[0].instance;
  if (job == resources_[0].job && instance == resources_[0].instance) return 0;
  ResourceEntry entry{std::string(job), std::string(instance), ""};
  auto [found, is_new] = resource_indexes_.try_emplace(entry.key(), static_cast<uint32_t>(resources_.size()));
  if (is_new) resources_.push_back(std::move(entry));
  return found->second;
}

uint32_t SeriesTable::scope_index(const LabelList& labels) {
  ScopeEntry entry;
  for (const Label& label : labels) {
    if (!label.name.starts_with(scope_prefix)) continue;
    if (label.name == scope_name_label)
      entry.name = label.value;
    else if (label.name == scope_version_label)
      entry.version = label.value;
    else if (label.name == scope_schema_label)
      entry.schema_url = label.value;
    else
      append_label(entry.attributes, 3, std::string_view(label.name).substr(scope_prefix.size()), label.value);
  }
  if (entry.is_default()) return 0;
  auto [found, is_new] = scope_indexes_.try_emplace(entry.key(), static_cast<uint32_t>(scopes_.size()));
  if (is_new) scopes_.push_back(std::move(entry));
  return found->second;
}

}  // namespace vigia::receivers
