#include "receivers/prometheus/series_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/hash.h"
#include "base/utf8.h"
#include "otlp/attribute_write.h"
#include "prometheus/value_text.h"

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
constexpr uint32_t family_patience_scrapes = 10;

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
  return (kind == MetricKind::histogram && name == prometheus::bucket_label) || (kind == MetricKind::summary && name == prometheus::quantile_label);
}

std::string key_of(const MetricEntry& entry) {
  std::string key = entry.name + '\0';
  key += static_cast<char>(entry.kind);
  key += static_cast<char>(entry.type);
  return key + std::to_string(entry.resource) + '/' + std::to_string(entry.scope);
}
std::string key_of(const ResourceEntry& entry) { return entry.job + '\0' + entry.instance; }
std::string key_of(const ScopeEntry& entry) { return entry.name + '\0' + entry.version + '\0' + entry.schema_url + '\0' + entry.attributes; }

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t mixed = (a ^ (b + 0x9E3779B97F4A7C15ULL + (a << 6) + (a >> 2))) * 0xD6E8FEB86659FD93ULL;
  return mixed ^ (mixed >> 32);
}

}  // namespace

size_t SeriesTable::TextHash::operator()(std::string_view text) const { return hash64(text); }

SeriesTable::SeriesTable(std::string_view job, std::string_view instance, uint64_t seed) : seed_(seed) {
  resources_.push_back({std::string(job), std::string(instance), ""});
  scopes_.emplace_back();
}

uint32_t SeriesTable::find(std::string_view identity) {
  uint64_t hash = hash64(identity, seed_);
  if (next_ < series_.size() && series_[next_].hash == hash) return next_++;
  if (slots_.empty()) return none;
  size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    uint32_t index = slots_[slot] - 1;
    if (series_[index].hash != hash) continue;
    next_ = index + 1;
    return index;
  }
  return none;
}

void SeriesTable::insert_slot(uint32_t index) {
  size_t mask = slots_.size() - 1;
  size_t slot = series_[index].hash & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = index + 1;
}

void SeriesTable::rebuild_slots() {
  size_t wanted = std::bit_ceil(std::max<size_t>(16, series_.size() + series_.size() / 2));
  slots_.assign(wanted, 0);
  slots_.shrink_to_fit();
  for (uint32_t i = 0; i < series_.size(); i++)
    if (series_[i].hash != 0) insert_slot(i);
}

uint32_t SeriesTable::add(std::string_view identity, const LabelList* labels, bool is_native) {
  auto index = static_cast<uint32_t>(series_.size());
  Series series;
  series.hash = hash64(identity, seed_);
  series.last_seen = scrape_;
  series.role = SeriesRole::dropped;
  if (labels) {
    Place place = place_of(labels->get(prometheus::name_label), is_native);
    series.role = place.role;
    series.metric = metric_index(place, *labels);
    set_boundary(*labels, series);
    set_attributes(*labels, series);
  }
  if (series_.size() == series_.capacity()) series_.reserve(series_.size() + std::max<size_t>(16, series_.size() / 4));
  series_.push_back(series);
  if (slots_.size() < series_.size() + series_.size() / 4)
    rebuild_slots();
  else
    insert_slot(index);
  next_ = index + 1;
  return index;
}

// The family `base` says that what ends in `suffix` is a part of it.
std::optional<SeriesTable::Place> SeriesTable::place_in(std::string_view base, std::string_view suffix) const {
  auto found = families_.find(base);
  if (found == families_.end()) return std::nullopt;
  MetricType type = found->second.type;
  std::string_view family = found->first;
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
  if (name == "target_info") return {std::string(name), {}, MetricType::info, SeriesRole::target_info};
  if (name == "otel_scope_info") return {std::string(name), {}, MetricType::info, SeriesRole::scope_info};
  auto exact = families_.find(name);
  if (is_native) return {std::string(name), exact == families_.end() ? std::string_view() : exact->first, MetricType::histogram, SeriesRole::native};
  if (exact != families_.end()) {
    MetricType type = exact->second.type;
    SeriesRole role = type == MetricType::summary     ? SeriesRole::quantile
                      : type == MetricType::histogram ? SeriesRole::unusable
                                                      : SeriesRole::value;
    return {std::string(name), exact->first, type, role};
  }
  for (std::string_view suffix : {"_bucket", "_count", "_sum", "_total", "_created", "_info"})
    if (name.size() > suffix.size() && name.ends_with(suffix))
      if (auto place = place_in(name.substr(0, name.size() - suffix.size()), suffix)) return std::move(*place);
  return {std::string(name), {}, MetricType::unknown, SeriesRole::value};
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
  if (!series_.empty() && series_.back().role != SeriesRole::dropped && series_.back().metric == series.metric && series_.back().point == series.point) {
    series.attributes = series_.back().attributes;
    return;
  }
  size_t needed = blob.size() + otlp::varint_size(blob.size());
  if (arena_.capacity() - arena_.size() < needed) arena_.reserve(arena_.size() + std::max<size_t>(needed, arena_.size() / 4 + 256));
  series.attributes = static_cast<uint32_t>(arena_.size());
  otlp::append_varint(arena_, blob.size());
  arena_ += blob;
}

// A text behind its length.
static std::string_view blob_at(const std::string& arena, uint32_t offset) {
  const char* at = arena.data() + offset;
  size_t size = 0;
  for (int shift = 0;; shift += 7) {
    auto byte = static_cast<unsigned char>(*at++);
    size |= static_cast<size_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return {at, size};
  }
}

std::string_view SeriesTable::attributes_of(const Series& series) const { return blob_at(arena_, series.attributes); }

uint32_t SeriesTable::metric_index(const Place& place, const LabelList& labels) {
  MetricEntry entry{place.name, std::string(place.family), place.type, kind_of(place.type, place.role)};
  entry.is_monotonic = place.type == MetricType::counter;
  entry.resource = resource_index(labels);
  entry.scope = scope_index(labels);
  auto [found, is_new] = metric_indexes_.try_emplace(key_of(entry), static_cast<uint32_t>(metrics_.size()));
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
  auto [found, is_new] = resource_indexes_.try_emplace(key_of(entry), static_cast<uint32_t>(resources_.size()));
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
  auto [found, is_new] = scope_indexes_.try_emplace(key_of(entry), static_cast<uint32_t>(scopes_.size()));
  if (is_new) scopes_.push_back(std::move(entry));
  return found->second;
}

MetricFamily& SeriesTable::seen_family(std::string_view name) {
  auto found = families_.find(name);
  if (found == families_.end()) found = families_.emplace(std::string(name), MetricFamily()).first;
  found->second.last_seen = scrape_;
  return found->second;
}

void SeriesTable::set_help(std::string_view family, std::string_view help) {
  MetricFamily& known = seen_family(family);
  if (known.help != help) known.help = help;
}

void SeriesTable::set_unit(std::string_view family, std::string_view unit) {
  MetricFamily& known = seen_family(family);
  if (known.unit != unit) known.unit = unit;
}

void SeriesTable::set_type(std::string_view family, MetricType type) {
  bool is_new = families_.find(family) == families_.end();
  MetricFamily& known = seen_family(family);
  if (known.type == type) return;
  known.type = type;
  if (!is_new) forget_series_of(family);
}

// They stay until the end of the scrape, so that their absence is told, but nothing finds them any more.
void SeriesTable::forget_series_of(std::string_view family) {
  bool has_any = false;
  for (Series& series : series_) {
    if (series.role == SeriesRole::dropped || series.hash == 0) continue;
    const MetricEntry& metric = metrics_[series.metric];
    if (metric.family != family && metric.name != family) continue;
    series.hash = 0;
    has_any = true;
  }
  if (has_any) rebuild_slots();
}

const MetricFamily* SeriesTable::family(std::string_view name) const {
  auto found = families_.find(name);
  return found == families_.end() ? nullptr : &found->second;
}

std::vector<uint32_t> SeriesTable::metric_order() const {
  std::vector<uint32_t> order(metrics_.size());
  std::iota(order.begin(), order.end(), 0);
  auto place = [&](uint32_t index) { return std::pair(metrics_[index].resource, metrics_[index].scope); };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  return order;
}

void SeriesTable::mark_twins() {
  std::vector<uint32_t> firsts(std::bit_ceil(std::max<size_t>(16, series_.size() * 2)), 0);
  size_t mask = firsts.size() - 1;
  for (uint32_t i = 0; i < series_.size(); i++) {
    Series& series = series_[i];
    if (series.role != SeriesRole::value || series.hash == 0) continue;
    series.is_twin = false;
    size_t slot = mix(series.point, series.metric) & mask;
    while (firsts[slot] != 0) {
      const Series& other = series_[firsts[slot] - 1];
      if (other.point == series.point && other.metric == series.metric) break;
      slot = (slot + 1) & mask;
    }
    if (firsts[slot] != 0)
      series.is_twin = true;
    else
      firsts[slot] = i + 1;
  }
}

void SeriesTable::forget_unseen() {
  size_t before = series_.size();
  std::erase_if(series_, [&](const Series& series) { return series.last_seen != scrape_ || series.hash == 0; });
  good_size_ = series_.size();
  std::erase_if(families_, [&](const auto& entry) { return scrape_ - entry.second.last_seen > family_patience_scrapes; });
  if (series_.capacity() > series_.size() + series_.size() / 8) series_.shrink_to_fit();
  if (arena_.capacity() > arena_.size() + arena_.size() / 8) arena_.shrink_to_fit();
  if (series_.size() == before) return;
  rebuild_lists();
  rebuild_slots();
  mark_twins();
}

void SeriesTable::forget_all() {
  series_.clear();
  families_.clear();
  good_size_ = 0;
  series_.shrink_to_fit();
  rebuild_lists();
  rebuild_slots();
}

// Without the metrics, resources, scopes and attributes that no series needs any more.
void SeriesTable::rebuild_lists() {
  std::vector<MetricEntry> old_metrics = std::exchange(metrics_, {});
  std::vector<ResourceEntry> old_resources = std::exchange(resources_, {});
  std::vector<ScopeEntry> old_scopes = std::exchange(scopes_, {});
  std::string old_arena = std::exchange(arena_, {});
  metric_indexes_.clear();
  resource_indexes_.clear();
  scope_indexes_.clear();
  resources_.push_back(old_resources.front());
  scopes_.push_back(old_scopes.front());
  std::vector<uint32_t> metric_places(old_metrics.size(), none), resource_places(old_resources.size(), none), scope_places(old_scopes.size(), none);
  resource_places[0] = scope_places[0] = 0;
  auto moved = [](std::vector<uint32_t>& places, uint32_t old_index, auto& from, auto& to) {
    if (places[old_index] == none) {
      places[old_index] = static_cast<uint32_t>(to.size());
      to.push_back(std::move(from[old_index]));
    }
    return places[old_index];
  };
  uint32_t last_old = none;
  uint32_t last_new = 0;
  for (Series& series : series_) {
    if (series.role == SeriesRole::dropped) continue;
    if (metric_places[series.metric] == none) {
      MetricEntry& metric = old_metrics[series.metric];
      metric.resource = moved(resource_places, metric.resource, old_resources, resources_);
      metric.scope = moved(scope_places, metric.scope, old_scopes, scopes_);
    }
    series.metric = moved(metric_places, series.metric, old_metrics, metrics_);
    if (series.attributes != last_old) {
      last_old = series.attributes;
      last_new = static_cast<uint32_t>(arena_.size());
      std::string_view blob = blob_at(old_arena, series.attributes);
      otlp::append_varint(arena_, blob.size());
      arena_ += blob;
    }
    series.attributes = last_new;
  }
  arena_.shrink_to_fit();
  for (uint32_t i = 0; i < metrics_.size(); i++) metric_indexes_[key_of(metrics_[i])] = i;
  for (uint32_t i = 1; i < resources_.size(); i++) resource_indexes_[key_of(resources_[i])] = i;
  for (uint32_t i = 1; i < scopes_.size(); i++) scope_indexes_[key_of(scopes_[i])] = i;
}

size_t SeriesTable::memory_bytes() const {
  constexpr size_t map_node_bytes = 64;
  size_t bytes = series_.capacity() * sizeof(Series) + slots_.capacity() * sizeof(uint32_t) + arena_.capacity();
  bytes += metrics_.capacity() * sizeof(MetricEntry) + resources_.capacity() * sizeof(ResourceEntry) + scopes_.capacity() * sizeof(ScopeEntry);
  bytes += (metric_indexes_.size() + resource_indexes_.size() + scope_indexes_.size() + families_.size()) * map_node_bytes;
  for (const MetricEntry& metric : metrics_) bytes += metric.name.size() * 2 + metric.family.size();
  for (const auto& [name, family] : families_) bytes += name.size() + sizeof(MetricFamily) + family.help.size() + family.unit.size();
  return bytes;
}

}  // namespace vigia::receivers
