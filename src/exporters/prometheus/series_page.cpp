// The way out of the table: its series as a page.

#include <algorithm>

#include "exporters/prometheus/encoded_labels.h"
#include "exporters/prometheus/series_table.h"

namespace vigia::exporters {

using prometheus::FamilyType;
using prometheus::LabelSpan;
using prometheus::LabelView;

namespace {

// Under one lock.
constexpr size_t most_entries_at_once = 500;

}  // namespace

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
