#pragma once

// Requests of Prometheus' remote write, versions 1.0 and 2.0, from translated series.
//
//   WriteBatch batch(seed, shards, options, ledger);
//   translator.translate(request, batch);          // any number of requests
//   std::vector<WriteRequest> requests = batch.take();
//
// - Each series stands once in a request, with its samples in the order of time, whatever order they came in. Of several at one time the
//   first stays.
// - A series is always in the same shard, and a shard's requests are in order, so that whoever sends these one after the other keeps the order
//   of samples.
// - Buffers are used again: in the steady state nothing is allocated for a sample. What is gathered becomes requests when it has grown to some
//   32 MiB, so that labels that stand in a request once and in every series do not take all memory.
//
// One thread at a time.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "prometheus/translate_series.h"

namespace vigia::prometheus {

enum class WriteVersion : uint8_t { v1, v2 };

struct WriteOptions {
  WriteVersion version = WriteVersion::v1;
  size_t max_bytes = 3'000'000;  // Of a request, before compression; a single series may pass it.
  bool has_metadata = false;     // Of version 1; in version 2 it is always there.
};

// One request, compressed.
struct WriteRequest {
  uint32_t shard = 0;
  Slice body;
  size_t samples = 0;
  size_t histograms = 0;
  size_t exemplars = 0;
};

// What became of the points of a batch.
struct WriteCounts {
  std::array<uint64_t, refusal_names.size()> refused{};
  uint64_t duplicates = 0;  // Samples of a series at a time that it has another one for.
  uint64_t series = 0;
};

class WriteEncoder;

class WriteBatch final : public SeriesVisitor {
 public:
  // `seed` decides on the shards and makes collisions of hashes nobody's choice.
  WriteBatch(uint64_t seed, uint32_t shards, const WriteOptions& options, MemoryLedger& ledger);
  ~WriteBatch() override;

  // Everything so far, each shard's requests in order; the batch is empty afterwards.
  std::vector<WriteRequest> take();
  // Since the last call.
  WriteCounts take_counts() { return std::exchange(counts_, {}); }

  // --- As a visitor ---
  void on_family(const Family& family) override;
  void on_sample(LabelSpan labels, const SeriesSample& sample) override;
  void on_histogram(LabelSpan labels, const SparseHistogram& histogram) override;
  void on_exemplar(const SeriesExemplar& exemplar) override;
  void on_refused(Refusal why, size_t points) override { counts_.refused[static_cast<size_t>(why)] += points; }

 private:
  friend class WriteEncoder;
  static constexpr uint32_t none = UINT32_MAX;
  struct Text {
    uint32_t at = 0;
    uint32_t size = 0;
  };
  // One sample, histogram or exemplar of a series.
  struct Entry {
    uint32_t next = none;
    int64_t time_ms = 0;
    int64_t start_ms = 0;
    double value = 0;
    Text bytes;  // Of a histogram: its message without times. Of an exemplar: its labels.
  };
  struct Entries {
    uint32_t first = none;
    uint32_t last = none;
    uint32_t count = 0;
    bool is_in_order = true;
    uint64_t bytes = 0;  // Of all entries'.
  };
  struct Series {
    uint64_t hash = 0;
    Text labels;  // As Label messages of version 1.
    uint32_t family = 0;
    Entries samples;
    Entries histograms;
    Entries exemplars;
  };
  struct FamilyEntry {
    FamilyType type = FamilyType::unknown;
    Text name;
    Text help;
    Text unit;
  };

  std::string_view text(const Text& part) const { return {bytes_.data() + part.at, part.size}; }
  Text keep(std::string_view bytes);
  Text keep_labels(LabelSpan labels);
  FamilyEntry keep_family(FamilyType type, std::string_view name, std::string_view help, std::string_view unit);
  Series& series_of(LabelSpan labels);
  void grow_table();
  void append(Entries& entries, const Entry& entry);
  void make_requests();
  void make_room();

  const uint64_t seed_;
  const uint32_t shards_;
  const WriteOptions options_;
  MemoryLedger& ledger_;
  std::string bytes_;
  std::vector<Series> series_;
  std::vector<uint32_t> table_;  // Open addressing; indexes of series_, or none.
  std::vector<Entry> entries_;
  std::vector<FamilyEntry> families_;
  uint32_t last_series_ = none;
  std::unique_ptr<WriteEncoder> encoder_;
  std::vector<WriteRequest> requests_;
  WriteCounts counts_;
};

// The halves of a request that its receiver does not take as it is: half of the series each, or half of the samples of a single one, in their
// order. Nothing when it holds a single sample.
std::vector<WriteRequest> split_request(const WriteRequest& request, WriteVersion version, MemoryLedger& ledger);

}  // namespace vigia::prometheus
