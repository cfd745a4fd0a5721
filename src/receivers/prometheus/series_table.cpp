#include "receivers/prometheus/series_table.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/hash.h"
#include "otlp/wire.h"

namespace vigia::receivers {

namespace {

using prometheus::LabelList;
using prometheus::MetricType;

constexpr uint32_t family_patience_scrapes = 10;

// Only lines of one line are told by their hash alone, so that lines are counted rightly, and the binary identities of protobuf never meet text.
uint16_t expectable_size(std::string_view identity) {
  bool is_plain =
      identity.size() <= UINT16_MAX && identity.find('\n') == std::string_view::npos && identity.find('\0') == std::string_view::npos;
  return is_plain ? static_cast<uint16_t>(identity.size()) : 0;
}

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t mixed = (a ^ (b + 0x9E3779B97F4A7C15ULL + (a << 6) + (a >> 2))) * 0xD6E8FEB86659FD93ULL;
  return mixed ^ (mixed >> 32);
}

}  // namespace

size_t SeriesTable::TextHash::operator()(std::string_view text) const { return hash64(text); }

SeriesTable::SeriesTable(std::string_view job, std::string_view instance, uint64_t seed) : seed_(seed) {
  expected_.seed = seed;
  resources_.push_back({std::string(job), std::string(instance), ""});
  scopes_.emplace_back();
}

uint32_t SeriesTable::find(std::string_view identity) {
  uint64_t hash = hash64(identity, seed_);
  uint32_t index = next_ < series_.size() && series_[next_].hash == hash ? next_ : probe(hash);
  if (index == none) return none;
  expect(index + 1);
  if (changed_families_.empty() || !is_outdated(series_[index])) return index;
  // It stays until the end of the scrape, so that its absence is told, but nothing finds it any more.
  series_[index].hash = 0;
  series_[index].identity_size = 0;
  return none;
}

uint32_t SeriesTable::probe(uint64_t hash) const {
  if (slots_.empty()) return none;
  size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask)
    if (series_[slots_[slot] - 1].hash == hash) return slots_[slot] - 1;
  return none;
}

bool SeriesTable::is_outdated(const Series& series) const {
  if (series.role == SeriesRole::dropped || series.last_seen == scrape_) return false;
  const MetricEntry& metric = metrics_[series.metric];
  return changed_families_.contains(metric.name) || changed_families_.contains(metric.family());
}

void SeriesTable::insert_slot(uint32_t index) {
  size_t mask = slots_.size() - 1;
  size_t slot = series_[index].hash & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = index + 1;
}

void SeriesTable::rebuild_slots() {
  size_t wanted = std::bit_ceil(std::max<size_t>(16, series_.size() + series_.size() / 2));
  std::vector<uint32_t>().swap(slots_);  // the old ones go before the new ones come
  slots_.assign(wanted, 0);
  for (uint32_t i = 0; i < series_.size(); i++)
    if (series_[i].hash != 0) insert_slot(i);
}

uint32_t SeriesTable::add(std::string_view identity, const LabelList* labels, bool is_native) {
  auto index = static_cast<uint32_t>(series_.size());
  Series series;
  series.hash = hash64(identity, seed_);
  see(series);
  series.identity_size = expectable_size(identity);
  series.role = SeriesRole::dropped;
  if (labels) {
    Place place = place_of(labels->get(prometheus::name_label), is_native);
    series.role = place.role;
    series.metric = metric_index(place, *labels);
    set_boundary(*labels, series);
    set_attributes(*labels, series);
  }
  series_.push_back(series);
  if (slots_.size() < series_.size() + series_.size() / 4)
    rebuild_slots();
  else
    insert_slot(index);
  expect(index + 1);
  return index;
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
  if (is_new) return;
  changed_families_.emplace(family);
  expect(next_);
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
  changed_families_.clear();
  if (!has_seen_all()) series_.erase_if([&](const Series& series) { return series.last_seen != scrape_ || series.hash == 0; });
  good_size_ = series_.size();
  std::erase_if(families_, [&](const auto& entry) { return scrape_ - entry.second.last_seen > family_patience_scrapes; });
  if (series_.size() == before) return;
  rebuild_lists();
  rebuild_slots();
  mark_twins();
}

void SeriesTable::forget_all() {
  series_.clear();
  families_.clear();
  changed_families_.clear();
  good_size_ = 0;
  rebuild_lists();
  rebuild_slots();
}

// Without the metrics, resources, scopes and attributes that no series needs any more.
void SeriesTable::rebuild_lists() {
  std::vector<MetricEntry> old_metrics = std::exchange(metrics_, {});
  std::vector<ResourceEntry> old_resources = std::exchange(resources_, {});
  std::vector<ScopeEntry> old_scopes = std::exchange(scopes_, {});
  const BlobStore old_attributes = std::exchange(attributes_, {});
  metric_indexes_.clear();
  resource_indexes_.clear();
  scope_indexes_.clear();
  resources_.push_back(old_resources.front());
  scopes_.push_back(old_scopes.front());
  std::vector<uint32_t> metric_places(old_metrics.size(), none), resource_places(old_resources.size(), none),
      scope_places(old_scopes.size(), none);
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
  for (uint32_t i = 0; i < series_.size(); i++) {
    Series& series = series_[i];
    if (series.role == SeriesRole::dropped) continue;
    if (metric_places[series.metric] == none) {
      MetricEntry& metric = old_metrics[series.metric];
      metric.resource = moved(resource_places, metric.resource, old_resources, resources_);
      metric.scope = moved(scope_places, metric.scope, old_scopes, scopes_);
    }
    series.metric = moved(metric_places, series.metric, old_metrics, metrics_);
    if (series.attributes != last_old) {
      last_old = series.attributes;
      last_new = attributes_.add(old_attributes.at(series.attributes));
    }
    series.attributes = last_new;
  }
  for (uint32_t i = 0; i < metrics_.size(); i++) metric_indexes_[metrics_[i].key(seed_)] = i;
  for (uint32_t i = 1; i < resources_.size(); i++) resource_indexes_[resources_[i].key()] = i;
  for (uint32_t i = 1; i < scopes_.size(); i++) scope_indexes_[scopes_[i].key()] = i;
}

size_t SeriesTable::rough_bytes() const {
  constexpr size_t metric_bytes = 150, family_bytes = 250, place_bytes = 300;
  return series_.size() * (sizeof(Series) + 2 * sizeof(uint32_t)) + attributes_.memory_bytes() + metrics_.size() * metric_bytes +
         families_.size() * family_bytes + (resources_.size() + scopes_.size()) * place_bytes;
}

size_t SeriesTable::memory_bytes() const {
  constexpr size_t map_node_bytes = 64;
  constexpr size_t hash_node_bytes = 40;
  size_t bytes = series_.memory_bytes() + slots_.capacity() * sizeof(uint32_t) + attributes_.memory_bytes();
  bytes +=
      metrics_.capacity() * sizeof(MetricEntry) + resources_.capacity() * sizeof(ResourceEntry) + scopes_.capacity() * sizeof(ScopeEntry);
  bytes +=
      metric_indexes_.size() * hash_node_bytes + (resource_indexes_.size() + scope_indexes_.size() + families_.size()) * map_node_bytes;
  for (const MetricEntry& metric : metrics_) bytes += metric.name.size();
  for (const auto& [name, family] : families_) bytes += name.size() + sizeof(MetricFamily) + family.help.size() + family.unit.size();
  return bytes;
}

}  // namespace vigia::receivers
