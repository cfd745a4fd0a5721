#include "exporters/prometheus/series_table.h"

#include <algorithm>
#include <atomic>

#include "base/hash.h"
#include "base/random.h"
#include "otlp/metric_writer.h"

namespace vigia::exporters {

namespace {

using prometheus::FamilyType;
using prometheus::LabelSpan;
using prometheus::LabelView;

constexpr int32_t unspecified = 0;
constexpr int32_t delta = 1;
constexpr size_t most_label_bytes = 64 * 1024;
// Of a page under one lock.
constexpr size_t most_entries_at_once = 500;
constexpr std::array<std::string_view, 6> drop_names = {"type_conflict", "series_limit", "not_cumulative",
                                                        "too_old",       "no_name",      "labels_too_long"};

void append_text(std::string& out, std::string_view text) {
  auto size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += text;
}

std::string_view take_text(std::string_view& from) {
  uint32_t size = 0;
  std::memcpy(&size, from.data(), sizeof size);
  std::string_view text = from.substr(sizeof size, size);
  from.remove_prefix(sizeof size + size);
  return text;
}

void encode_labels(LabelSpan labels, std::string& out) {
  out.clear();
  for (const LabelView& label : labels) {
    append_text(out, label.name);
    append_text(out, label.value);
  }
}

void decode_labels(std::string_view encoded, std::vector<LabelView>& out) {
  out.clear();
  while (!encoded.empty()) {
    std::string_view name = take_text(encoded);
    out.push_back({name, take_text(encoded)});
  }
}

}  // namespace

// --- In ---

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

// --- Forgetting ---

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

// --- Out ---

// The page is written a piece at a time. While somebody reads nothing is removed, so that places in the lists stay.
class SeriesTable::Page {
 public:
  Page(SeriesTable& table, prometheus::ExpositionWriter& writer, bool has_timestamps, int64_t now_ms)
      : table_(table), writer_(writer), has_timestamps_(has_timestamps), now_ms_(now_ms) {}

  // Says whether there is more.
  bool write_some(State& state) {
    auto family = state.families.lower_bound(name_);
    for (size_t left = most_entries_at_once; left > 0;) {
      if (family == state.families.end()) return false;
      if (family->first != name_) enter(family->first);
      const auto& entries = family->second.entries;
      for (; next_ < entries.size() && left > 0; next_++, left--)
        if (table_.is_shown(*entries[next_], now_ms_)) show(family->second, *entries[next_]);
      if (next_ < entries.size()) return true;
      leave();
      ++family;
      if (family != state.families.end()) enter(family->first);
    }
    return family != state.families.end();
  }

 private:
  void enter(const std::string& name) {
    name_ = name;
    next_ = 0;
    is_begun_ = false;
  }
  void leave() {
    if (std::exchange(is_begun_, false)) writer_.end_family();
  }

  void show(const SeriesTable::Family& family, const Entry& entry) {
    if (!is_begun_) writer_.begin_family({family.name, family.help, family.type});
    is_begun_ = true;
    const ExposedSeries& series = entry.series;
    prometheus::ExposedPoint point;
    decode_labels(entry.shown.empty() ? entry.labels : entry.shown, labels_);
    // `le` and `quantile` are the histogram's and the summary's own.
    std::string_view own = family.type == FamilyType::histogram ? "le" : family.type == FamilyType::summary ? "quantile" : "";
    if (!own.empty()) std::erase_if(labels_, [&](const LabelView& label) { return label.name == own; });
    point.labels = labels_;
    point.value = series.value();
    point.start_ns = series.start_ns();
    if (has_timestamps_) point.time_ms = static_cast<int64_t>(series.time_ns() / 1'000'000);
    exemplars_.clear();
    if (const SeriesDetail* detail = series.detail()) {
      if (!add_detail(*detail, point)) return;
      add_exemplars(*detail, point.bounds);
    }
    point.exemplars = exemplars_;
    writer_.point(point);
  }

  bool add_detail(const SeriesDetail& detail, prometheus::ExposedPoint& point) {
    point.count = detail.count;
    point.sum = detail.sum;
    point.quantiles = detail.quantiles;
    point.bounds = detail.bounds;
    cumulative_.clear();
    uint64_t total = 0;
    for (uint64_t count : detail.counts) cumulative_.push_back(total += count);
    point.cumulative_counts = cumulative_;
    if (!detail.exponential) return true;
    native_.clear();
    const ExponentialBuckets& buckets = *detail.exponential;
    prometheus::ExponentialCounts counts{buckets.scale,
                                         detail.count,
                                         detail.sum,
                                         buckets.zero_count,
                                         buckets.zero_threshold,
                                         {buckets.positive.offset, buckets.positive.counts},
                                         {buckets.negative.offset, buckets.negative.counts}};
    if (!prometheus::to_sparse(counts, native_)) return false;
    point.native = &native_;
    return true;
  }

  // Those of a bucket are the last one of it; those of an exponential histogram are all.
  void add_exemplars(const SeriesDetail& detail, std::span<const double> bounds) {
    if (detail.exemplars.empty()) return;
    labels_of_exemplars_.clear();
    labels_of_exemplars_.reserve(detail.exemplars.size() * 2);
    bool is_native = detail.exponential.has_value();
    if (!is_native) exemplars_.resize(bounds.size() + 1);
    for (const KeptExemplar& kept : detail.exemplars) {
      size_t first = labels_of_exemplars_.size();
      if (!kept.span_id.empty()) labels_of_exemplars_.push_back({"span_id", kept.span_id});
      if (!kept.trace_id.empty()) labels_of_exemplars_.push_back({"trace_id", kept.trace_id});
      LabelSpan labels = LabelSpan(labels_of_exemplars_).subspan(first);
      prometheus::ExposedExemplar exemplar{labels, kept.value, kept.time_ns};
      if (is_native)
        exemplars_.push_back(exemplar);
      else
        exemplars_[static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), kept.value) - bounds.begin())] = exemplar;
    }
  }

  SeriesTable& table_;
  prometheus::ExpositionWriter& writer_;
  const bool has_timestamps_;
  const int64_t now_ms_;
  std::string name_;  // The family that is being written, or the next.
  size_t next_ = 0;   // In it.
  bool is_begun_ = false;
  std::vector<LabelView> labels_;
  std::vector<uint64_t> cumulative_;
  prometheus::SparseHistogram native_;
  std::vector<LabelView> labels_of_exemplars_;
  std::vector<std::optional<prometheus::ExposedExemplar>> exemplars_;
};

void SeriesTable::write(prometheus::ExpositionWriter& writer, bool has_timestamps, int64_t now_ms) {
  state_.with([](State& state) { state.readers++; });
  Page page(*this, writer, has_timestamps, now_ms);
  while (state_.with([&](State& state) { return page.write_some(state); })) continue;
  writer.end();
  state_.with([](State& state) { state.readers--; });
}

}  // namespace vigia::exporters
