#include <algorithm>

#include "base/hash.h"
#include "base/snappy.h"
#include "otlp/field_view.h"
#include "prometheus/remote_write_internal.h"

namespace vigia::prometheus {

namespace {

using otlp::append_bytes_field;
using otlp::append_double_field;
using otlp::append_varint;
using otlp::append_varint_field;
using otlp::bytes_tag;
using otlp::NestedMessage;
using otlp::varint_size;

// Fields of the two versions' messages.
constexpr uint32_t metadata_number_v1 = 3;
constexpr uint32_t symbols_number_v2 = 4;
// Of a sample with its times.
constexpr size_t most_sample_bytes = 2 + 9 + 11 + 11;

void append_time(Appender& out, uint32_t number, int64_t time_ms) {
  if (time_ms != 0) append_varint_field(out, number, static_cast<uint64_t>(time_ms));
}

}  // namespace

// --- Symbols ---

void SymbolTable::reset() {
  symbols_.assign(1, std::string_view());
  encoded_size_ = 2;
  std::fill(table_.begin(), table_.end(), 0);
}

void SymbolTable::grow() {
  table_.assign(std::max<size_t>(table_.size() * 2, 1024), 0);
  size_t mask = table_.size() - 1;
  for (uint32_t number = 1; number < symbols_.size(); number++) {
    size_t at = hash64(symbols_[number]) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = number;
  }
}

uint32_t SymbolTable::number_of(std::string_view symbol) {
  if (symbol.empty()) return 0;
  if (symbols_.size() * 2 >= table_.size()) grow();
  size_t mask = table_.size() - 1;
  for (size_t at = hash64(symbol) & mask;; at = (at + 1) & mask) {
    if (table_[at] != 0 && symbols_[table_[at]] != symbol) continue;
    if (table_[at] == 0) {
      table_[at] = static_cast<uint32_t>(symbols_.size());
      symbols_.push_back(symbol);
      encoded_size_ += 1 + varint_size(symbol.size()) + symbol.size();
    }
    return table_[at];
  }
}

// --- Requests ---

void WriteEncoder::encode(uint32_t shard, std::vector<WriteRequest>& requests) {
  begin(shard);
  for (const Series& series : batch_.series_) {
    // The table has the lower bits.
    if ((series.hash >> 32) % batch_.shards_ != shard) continue;
    size_t size = out_->size() + (is_v2() ? symbols_.encoded_size() : 0);
    if (!is_empty_ && size + size_of(series) > batch_.options_.max_bytes) {
      finish(requests);
      begin(shard);
    }
    append_series(series);
    is_empty_ = false;
  }
  if (!is_empty_) finish(requests);
  out_.reset();
}

void WriteEncoder::begin(uint32_t shard) {
  out_.emplace(batch_.ledger_, 64 * 1024);
  request_ = {};
  request_.shard = shard;
  is_empty_ = true;
  if (is_v2()) symbols_.reset();
  noted_families_.clear();
  is_family_noted_.assign(batch_.families_.size(), false);
}

void WriteEncoder::finish(std::vector<WriteRequest>& requests) {
  if (!is_v2() && batch_.options_.has_metadata) append_metadata_v1();
  if (is_v2()) {
    // They come first, since a receiver needs them for the rest.
    Appender whole(batch_.ledger_, symbols_.encoded_size() + out_->size());
    for (std::string_view symbol : symbols_.symbols()) append_bytes_field(whole, symbols_number_v2, symbol);
    whole.append(out_->view());
    out_.emplace(std::move(whole));
  }
  request_.body = snappy_compress(out_->view(), batch_.ledger_);
  requests.push_back(std::move(request_));
}

// At the most, nearly.
size_t WriteEncoder::size_of(const Series& series) const {
  return series.labels.size + series.samples.count * most_sample_bytes + series.histograms.count * most_sample_bytes +
         series.histograms.bytes + series.exemplars.count * most_sample_bytes + series.exemplars.bytes + 64;
}

const std::vector<WriteBatch::Entry>& WriteEncoder::sorted(const Entries& entries) {
  sorted_.clear();
  for (uint32_t at = entries.first; at != WriteBatch::none; at = batch_.entries_[at].next) sorted_.push_back(batch_.entries_[at]);
  if (entries.is_in_order) return sorted_;
  std::stable_sort(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) { return a.time_ms < b.time_ms; });
  auto end = std::unique(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) { return a.time_ms == b.time_ms; });
  sorted_.erase(end, sorted_.end());
  return sorted_;
}

void WriteEncoder::append_series(const Series& series) {
  Appender& out = *out_;
  NestedMessage message(out, bytes_tag(is_v2() ? series_number_v2 : series_number_v1), size_of(series));
  if (is_v2())
    append_references(batch_.text(series.labels));
  else
    out.append(batch_.text(series.labels));
  append_samples(series.samples);
  if (is_v2()) append_histograms(series.histograms, 3);
  append_exemplars(series.exemplars, is_v2() ? 4 : 3);
  if (!is_v2()) append_histograms(series.histograms, 4);
  if (is_v2())
    append_metadata_v2(series.family);
  else
    note_family(series.family);
  message.close();
}

void WriteEncoder::append_samples(const Entries& entries) {
  if (entries.count == 0) return;
  const std::vector<Entry>& samples = sorted(entries);
  batch_.counts_.duplicates += entries.count - samples.size();
  request_.samples += samples.size();
  for (const Entry& entry : samples) {
    NestedMessage sample(*out_, bytes_tag(2), most_sample_bytes);
    append_double_field(*out_, 1, entry.value);
    append_time(*out_, 2, entry.time_ms);
    if (is_v2()) append_time(*out_, 3, entry.start_ms);
    sample.close();
  }
}

void WriteEncoder::append_histograms(const Entries& entries, uint32_t number) {
  if (entries.count == 0) return;
  const std::vector<Entry>& histograms = sorted(entries);
  batch_.counts_.duplicates += entries.count - histograms.size();
  request_.histograms += histograms.size();
  for (const Entry& entry : histograms) {
    NestedMessage histogram(*out_, bytes_tag(number), entry.bytes.size + most_sample_bytes);
    out_->append(batch_.text(entry.bytes));
    append_time(*out_, 15, entry.time_ms);
    if (is_v2()) append_time(*out_, 17, entry.start_ms);
    histogram.close();
  }
}

void WriteEncoder::append_exemplars(const Entries& entries, uint32_t number) {
  if (entries.count == 0) return;
  // Several at one time are several.
  sorted_.clear();
  for (uint32_t at = entries.first; at != WriteBatch::none; at = batch_.entries_[at].next) sorted_.push_back(batch_.entries_[at]);
  std::stable_sort(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) { return a.time_ms < b.time_ms; });
  request_.exemplars += sorted_.size();
  for (const Entry& entry : sorted_) {
    NestedMessage exemplar(*out_, bytes_tag(number), entry.bytes.size + most_sample_bytes);
    if (is_v2())
      append_references(batch_.text(entry.bytes));
    else
      out_->append(batch_.text(entry.bytes));
    append_double_field(*out_, 2, entry.value);
    append_time(*out_, 3, entry.time_ms);
    exemplar.close();
  }
}

// Label messages of version 1 as numbers of symbols.
void WriteEncoder::append_references(std::string_view labels) {
  references_.clear();
  size_t size = 0;
  for (std::string_view label : otlp::RepeatedMessages(labels, 1)) {
    for (uint32_t field : {1, 2}) {
      references_.push_back(symbols_.number_of(otlp::message_field(label, field)));
      size += varint_size(references_.back());
    }
  }
  if (references_.empty()) return;
  append_varint(*out_, bytes_tag(1));
  append_varint(*out_, size);
  for (uint32_t reference : references_) append_varint(*out_, reference);
}

// --- Metadata ---

void WriteEncoder::append_metadata_v2(uint32_t family) {
  const WriteBatch::FamilyEntry& entry = batch_.families_[family];
  NestedMessage metadata(*out_, bytes_tag(5), 16);
  if (entry.type != FamilyType::unknown) append_varint_field(*out_, 1, static_cast<uint64_t>(entry.type));
  if (uint32_t help = symbols_.number_of(batch_.text(entry.help))) append_varint_field(*out_, 3, help);
  if (uint32_t unit = symbols_.number_of(batch_.text(entry.unit))) append_varint_field(*out_, 4, unit);
  metadata.close();
}

void WriteEncoder::note_family(uint32_t family) {
  if (!batch_.options_.has_metadata || is_family_noted_[family]) return;
  is_family_noted_[family] = true;
  noted_families_.push_back(family);
}

// One entry for each name: metrics of many resources have the same.
void WriteEncoder::append_metadata_v1() {
  auto name_of = [&](uint32_t family) { return batch_.text(batch_.families_[family].name); };
  std::stable_sort(noted_families_.begin(), noted_families_.end(), [&](uint32_t a, uint32_t b) { return name_of(a) < name_of(b); });
  auto end = std::unique(noted_families_.begin(), noted_families_.end(), [&](uint32_t a, uint32_t b) { return name_of(a) == name_of(b); });
  noted_families_.erase(end, noted_families_.end());
  for (uint32_t family : noted_families_) {
    const WriteBatch::FamilyEntry& entry = batch_.families_[family];
    NestedMessage metadata(*out_, bytes_tag(metadata_number_v1), entry.name.size + entry.help.size + 16);
    if (entry.type != FamilyType::unknown) append_varint_field(*out_, 1, static_cast<uint64_t>(entry.type));
    append_bytes_field(*out_, 2, batch_.text(entry.name));
    if (entry.help.size > 0) append_bytes_field(*out_, 4, batch_.text(entry.help));
    if (entry.unit.size > 0) append_bytes_field(*out_, 5, batch_.text(entry.unit));
    metadata.close();
  }
}

}  // namespace vigia::prometheus
