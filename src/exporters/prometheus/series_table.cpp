#include "exporters/prometheus/series_table.h"

#include <algorithm>
#include <atomic>

#include "base/hash.h"
#include "base/random.h"
#include "exporters/prometheus/encoded_labels.h"
#include "otlp/metric_writer.h"

namespace vigia::exporters {

namespace {

using prometheus::FamilyType;
using prometheus::LabelSpan;
using prometheus::LabelView;

constexpr int32_t unspecified = 0;
constexpr int32_t delta = 1;
constexpr size_t most_label_bytes = 64 * 1024;
// Of a sweep under one lock.
constexpr size_t most_entries_at_once = 500;
constexpr std::array<std::string_view, 6> drop_names = {"type_conflict", "series_limit", "not_cumulative",
                                                        "too_old",       "no_name",      "labels_too_long"};

}  // namespace

class SeriesTable::Intake final : public prometheus::PointVisitor {
 public:
  Intake(SeriesTable& table, State& state, int64_t now_ms) : table_(table), state_(state), now_ms_(now_ms) {}

  bool on_family(const prometheus::Family& family, const otlp::MetricView& metric) override {
    bool has_temporality = family.kind != otlp::MetricKind::gauge && family.kind != otlp::MetricKind::summary;
    bool is_plain_delta = family.kind == otlp::MetricKind::sum && family.temporality == delta && !family.is_monotonic;
    if (is_plain_delta || (has_temporality && family.temporality == unspecified)) {
      drop(Drop::not_cumulative, metric.points().count());
      return false;
    }
    family_ = find_family(family, metric.points().count());
    return family_ != nullptr;
  }

  void on_point(const prometheus::Family& family, LabelSpan labels, std::string_view message) override {
    encode_labels(labels, key_);
    if (key_.size() > most_label_bytes) return drop(Drop::labels_too_long);
    otlp::DataPointView point(message, family.kind);
    if ((point.flags() & otlp::no_recorded_value_flag) != 0) return forget();
    Entry* entry = table_.entry_of(state_, *family_, key_);
    if (!entry) return drop(Drop::series_limit);
    if (entry->is_gone || !table_.is_shown(*entry, now_ms_)) entry->series = {};
    if (entry->series.update(family, message) == Outcome::too_old) return drop(Drop::too_old);
    touch(*entry);
  }

  // The newest thing that a job and instance say about themselves.
  void on_target_info(std::string_view name, LabelSpan labels, uint64_t time_ns) override {
    prometheus::Family family;
    family.name = name;
    family.type = FamilyType::gauge;
    family.help = "Target metadata";
    family_ = find_family(family, 1);
    if (!family_) return;
    std::vector<LabelView> identity;
    std::copy_if(labels.begin(), labels.end(), std::back_inserter(identity),
                 [](const LabelView& label) { return label.name == "job" || label.name == "instance"; });
    encode_labels(identity, key_);
    std::string shown;
    encode_labels(labels, shown);
    if (shown.size() > most_label_bytes) return drop(Drop::labels_too_long);
    Entry* entry = table_.entry_of(state_, *family_, key_);
    if (!entry) return drop(Drop::series_limit);
    if (entry->series.time_ns() <= time_ns) {
      entry->shown = std::move(shown);
      entry->series.set_value(1, time_ns);
    }
    touch(*entry);
  }

  void on_unusable(const otlp::MetricView& metric) override {
    if (size_t points = metric.points().count(); points > 0) drop(Drop::no_name, points);
  }

 private:
  // Null when the metric is known as another type, or is one too many; then its points are counted.
  SeriesTable::Family* find_family(const prometheus::Family& family, size_t points) {
    auto found = state_.families.find(family.name);
    if (found == state_.families.end()) {
      if (state_.families.size() >= table_.limits_.max_series) {
        drop(Drop::series_limit, points);
        return nullptr;
      }
      found = state_.families.emplace(std::string(family.name), SeriesTable::Family()).first;
      found->second.name = family.name;
      found->second.help = family.help;
      found->second.type = family.type;
    }
    SeriesTable::Family& known = found->second;
    if (known.type == family.type) return &known;
    if (!std::exchange(known.is_conflict_told, true))
      table_.log_.warn("A metric has two types. Its points of the second one are dropped.", {{"metric", known.name}});
    drop(Drop::type_conflict, points);
    return nullptr;
  }

  void touch(Entry& entry) {
    entry.is_gone = false;
    entry.updated_ms = now_ms_;
    family_->updated_ms = now_ms_;
  }

  void forget() {
    auto found = state_.index.find(table_.key_of(*family_, key_));
    if (found != state_.index.end()) (*found)->is_gone = true;
  }

  void drop(Drop why, size_t points = 1) { table_.dropped_[static_cast<size_t>(why)]->add(points); }

  SeriesTable& table_;
  State& state_;
  const int64_t now_ms_;
  SeriesTable::Family* family_ = nullptr;
  std::string key_;
};

SeriesTable::SeriesTable(const pipeline::Context& context, const prometheus::TranslateSettings& settings, const Limits& limits)
    : log_(context.log), limits_(limits), seed_(Random::from_system().next()), settings_(settings) {
  for (size_t i = 0; i < dropped_.size(); i++)
    dropped_[i] =
        &context.metrics.counter("vigia_exporter_prometheus_dropped_points_total", "Data points that are not shown on the page, by reason.",
                                 {{"exporter", context.id.to_string()}, {"reason", std::string(drop_names[i])}});
}

void SeriesTable::take(std::string_view request, int64_t now_ms) {
  std::unique_ptr<prometheus::Translator> translator = translators_.with([](auto& free) -> std::unique_ptr<prometheus::Translator> {
    if (free.empty()) return nullptr;
    auto one = std::move(free.back());
    free.pop_back();
    return one;
  });
  if (!translator) translator = std::make_unique<prometheus::Translator>(settings_);
  state_.with([&](State& state) {
    Intake intake(*this, state, now_ms);
    translator->translate(request, intake);
  });
  translators_.with([&](auto& free) { free.push_back(std::move(translator)); });
}

SeriesTable::Key SeriesTable::key_of(const Family& family, std::string_view labels) const {
  return {hash64(labels, seed_) ^ reinterpret_cast<uintptr_t>(&family), &family, labels};
}

SeriesTable::Entry* SeriesTable::entry_of(State& state, Family& family, std::string_view labels) {
  Key key = key_of(family, labels);
  auto found = state.index.find(key);
  if (found != state.index.end()) return *found;
  if (state.index.size() >= limits_.max_series) return nullptr;
  auto entry = std::make_unique<Entry>();
  entry->hash = key.hash;
  entry->family = &family;
  entry->labels = labels;
  entry->is_gone = true;  // Until it has a value.
  state.index.insert(entry.get());
  return family.entries.emplace_back(std::move(entry)).get();
}

// Says whether it came to its end.
bool SeriesTable::sweep_family(State& state, Family& family, int64_t now_ms) const {
  auto& entries = family.entries;
  for (size_t looks = 0; looks < most_entries_at_once; looks++) {
    if (state.sweep_place >= entries.size()) return true;
    std::unique_ptr<Entry>& entry = entries[state.sweep_place];
    if (is_shown(*entry, now_ms)) {
      state.sweep_place++;
      continue;
    }
    state.index.erase(entry.get());
    std::swap(entry, entries.back());
    entries.pop_back();
  }
  return false;
}

bool SeriesTable::sweep_some(int64_t now_ms) {
  return state_.with([&](State& state) {
    if (state.readers > 0) return false;
    auto family = state.families.lower_bound(state.sweep_name);
    if (family != state.families.end() && family->first != state.sweep_name) state.sweep_place = 0;
    if (family == state.families.end()) {
      state.sweep_name.clear();
      return false;
    }
    state.sweep_name = family->first;
    if (!sweep_family(state, family->second, now_ms)) return true;
    state.sweep_name.push_back('\0');  // What comes after it.
    state.sweep_place = 0;
    if (family->second.entries.empty()) state.families.erase(family);
    return true;
  });
}

size_t SeriesTable::series_count() const {
  return state_.with([](const State& state) { return state.index.size(); });
}

}  // namespace vigia::exporters
