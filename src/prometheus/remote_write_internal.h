#pragma once

// The second half of WriteBatch: from what was gathered to requests in wire form.

#include <optional>
#include <vector>

#include "otlp/wire.h"
#include "prometheus/remote_write.h"

namespace vigia::prometheus {

constexpr uint32_t series_number_v1 = 1;
constexpr uint32_t series_number_v2 = 5;

// Strings of a request of version 2, each with its number; number 0 is "". Views: what they refer to stays until reset().
class SymbolTable {
 public:
  void reset();
  uint32_t number_of(std::string_view symbol);
  const std::vector<std::string_view>& symbols() const { return symbols_; }
  // Of the symbols in wire form.
  size_t encoded_size() const { return encoded_size_; }

 private:
  void grow();

  std::vector<std::string_view> symbols_;
  std::vector<uint32_t> table_;  // Open addressing; numbers, or 0 for none.
  size_t encoded_size_ = 0;
};

class WriteEncoder {
 public:
  explicit WriteEncoder(WriteBatch& batch) : batch_(batch) {}

  // Appends the shard's requests.
  void encode(uint32_t shard, std::vector<WriteRequest>& requests);

 private:
  using Entry = WriteBatch::Entry;
  using Entries = WriteBatch::Entries;
  using Series = WriteBatch::Series;

  void begin(uint32_t shard);
  void finish(std::vector<WriteRequest>& requests);
  size_t size_of(const Series& series) const;
  void append_series(const Series& series);
  void append_samples(const Entries& entries);
  void append_histograms(const Entries& entries, uint32_t number);
  void append_exemplars(const Entries& entries, uint32_t number);
  void append_references(std::string_view labels);
  void append_metadata_v1();
  void append_metadata_v2(uint32_t family);
  void note_family(uint32_t family);
  // In the order of time, one for each time.
  const std::vector<Entry>& sorted(const Entries& entries);
  bool is_v2() const { return batch_.options_.version == WriteVersion::v2; }

  WriteBatch& batch_;
  std::optional<Appender> out_;
  WriteRequest request_;
  bool is_empty_ = true;
  SymbolTable symbols_;
  std::vector<Entry> sorted_;
  std::vector<uint32_t> references_;
  std::vector<uint32_t> noted_families_;  // Of this request.
  std::vector<bool> is_family_noted_;
};

}  // namespace vigia::prometheus
