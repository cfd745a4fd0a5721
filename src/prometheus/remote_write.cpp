#include "prometheus/remote_write.h"

#include "base/hash.h"
#include "otlp/wire.h"
#include "prometheus/remote_write_internal.h"

namespace vigia::prometheus {

namespace {

using otlp::append_bytes_field;
using otlp::append_double_field;
using otlp::append_varint;
using otlp::append_varint_field;
using otlp::bytes_tag;
using otlp::varint_size;

// From so much on what is gathered becomes requests.
constexpr size_t most_gathered_bytes = 32 << 20;

uint64_t zigzag(int64_t number) { return static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63); }

void append_spans(std::string& out, uint32_t number, const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& span : spans) {
    uint64_t offset = zigzag(span.offset);
    append_varint(out, bytes_tag(number));
    append_varint(out, (offset ? 1 + varint_size(offset) : 0) + 1 + varint_size(span.length));
    if (offset) append_varint_field(out, 1, offset);
    append_varint_field(out, 2, span.length);
  }
}

void append_deltas(std::string& out, uint32_t number, const std::vector<int64_t>& deltas) {
  if (deltas.empty()) return;
  size_t size = 0;
  for (int64_t delta : deltas) size += varint_size(zigzag(delta));
  append_varint(out, bytes_tag(number));
  append_varint(out, size);
  for (int64_t delta : deltas) append_varint(out, zigzag(delta));
}

// The Histogram message, which both versions have alike, but for its times.
void append_histogram(std::string& out, const SparseHistogram& histogram) {
  append_varint_field(out, 1, histogram.count);
  append_double_field(out, 3, histogram.sum);
  if (histogram.schema != 0) append_varint_field(out, 4, zigzag(histogram.schema));
  append_double_field(out, 5, histogram.zero_threshold);
  append_varint_field(out, 6, histogram.zero_count);
  append_spans(out, 8, histogram.negative.spans);
  append_deltas(out, 9, histogram.negative.deltas);
  append_spans(out, 11, histogram.positive.spans);
  append_deltas(out, 12, histogram.positive.deltas);
  if (histogram.custom_bounds.empty()) return;
  append_bytes_field(out, 16, {reinterpret_cast<const char*>(histogram.custom_bounds.data()), histogram.custom_bounds.size() * 8});
}

}  // namespace

WriteBatch::WriteBatch(uint64_t seed, uint32_t shards, const WriteOptions& options, MemoryLedger& ledger)
    : seed_(seed), shards_(shards), options_(options), ledger_(ledger), encoder_(std::make_unique<WriteEncoder>(*this)) {
  CHECK(shards > 0);
}
WriteBatch::~WriteBatch() = default;

// --- Gathering ---

WriteBatch::Text WriteBatch::keep(std::string_view bytes) {
  Text kept{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(bytes.size())};
  bytes_ += bytes;
  return kept;
}

WriteBatch::Text WriteBatch::keep_labels(LabelSpan labels) {
  size_t start = bytes_.size();
  for (const LabelView& label : labels) {
    append_varint(bytes_, bytes_tag(1));
    append_varint(bytes_, 2 + varint_size(label.name.size()) + label.name.size() + varint_size(label.value.size()) + label.value.size());
    append_bytes_field(bytes_, 1, label.name);
    append_bytes_field(bytes_, 2, label.value);
  }
  return {static_cast<uint32_t>(start), static_cast<uint32_t>(bytes_.size() - start)};
}

WriteBatch::FamilyEntry WriteBatch::keep_family(FamilyType type, std::string_view name, std::string_view help, std::string_view unit) {
  return {type, keep(name), keep(help), keep(unit)};
}

void WriteBatch::on_family(const Family& family) {
  make_room();
  families_.push_back(keep_family(family.type, family.name, family.help, family.unit));
}

// Between two series: what belongs to one is not torn apart. The metric goes on.
void WriteBatch::make_room() {
  if (bytes_.size() + entries_.size() * sizeof(Entry) < most_gathered_bytes) return;
  FamilyType type = FamilyType::unknown;
  std::string name, help, unit;
  if (!families_.empty()) {
    const FamilyEntry& family = families_.back();
    type = family.type;
    name = text(family.name);
    help = text(family.help);
    unit = text(family.unit);
  }
  make_requests();
  families_.push_back(keep_family(type, name, help, unit));
}

WriteBatch::Series& WriteBatch::series_of(LabelSpan labels) {
  make_room();
  if (series_.size() * 2 >= table_.size()) grow_table();
  Text kept = keep_labels(labels);
  uint64_t hash = hash64(text(kept), seed_);
  size_t mask = table_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    if (table_[at] == none) {
      table_[at] = last_series_ = static_cast<uint32_t>(series_.size());
      Series& series = series_.emplace_back();
      series.hash = hash;
      series.labels = kept;
      series.family = static_cast<uint32_t>(families_.size() - 1);
      return series;
    }
    Series& series = series_[table_[at]];
    if (series.hash != hash || text(series.labels) != text(kept)) continue;
    bytes_.resize(kept.at);
    last_series_ = table_[at];
    return series;
  }
}

void WriteBatch::grow_table() {
  table_.assign(std::max<size_t>(table_.size() * 2, 1024), none);
  size_t mask = table_.size() - 1;
  for (uint32_t i = 0; i < series_.size(); i++) {
    size_t at = series_[i].hash & mask;
    while (table_[at] != none) at = (at + 1) & mask;
    table_[at] = i;
  }
}

void WriteBatch::append(Entries& entries, const Entry& entry) {
  auto index = static_cast<uint32_t>(entries_.size());
  if (entries.last != none) {
    entries.is_in_order = entries.is_in_order && entries_[entries.last].time_ms < entry.time_ms;
    entries_[entries.last].next = index;
  } else {
    entries.first = index;
  }
  entries.last = index;
  entries.count++;
  entries.bytes += entry.bytes.size;
  entries_.push_back(entry);
}

void WriteBatch::on_sample(LabelSpan labels, const SeriesSample& sample) {
  append(series_of(labels).samples, {none, sample.time_ms, sample.start_ms, sample.value, {}});
}

void WriteBatch::on_histogram(LabelSpan labels, const SparseHistogram& histogram) {
  Series& series = series_of(labels);
  size_t start = bytes_.size();
  append_histogram(bytes_, histogram);
  Text message{static_cast<uint32_t>(start), static_cast<uint32_t>(bytes_.size() - start)};
  append(series.histograms, {none, histogram.time_ms, histogram.start_ms, 0, message});
}

void WriteBatch::on_exemplar(const SeriesExemplar& exemplar) {
  Text labels = keep_labels(exemplar.labels);
  append(series_[last_series_].exemplars, {none, exemplar.time_ms, 0, exemplar.value, labels});
}

// --- Giving ---

void WriteBatch::make_requests() {
  counts_.series += series_.size();
  for (uint32_t shard = 0; shard < shards_; shard++) encoder_->encode(shard, requests_);
  bytes_.clear();
  series_.clear();
  entries_.clear();
  families_.clear();
  std::fill(table_.begin(), table_.end(), none);
  last_series_ = none;
}

std::vector<WriteRequest> WriteBatch::take() {
  make_requests();
  return std::exchange(requests_, {});
}

}  // namespace vigia::prometheus
