#pragma once

// Entries of a source that wait to become one: what `recombine` and `container` keep.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "operators/field.h"
#include "operators/operation_internal.h"

namespace vigia::operators {

struct RecombineSettings {
  Field combine_field = Field::all_of(Field::Root::body);
  std::string combine_with = "\n";
  // Whether a match is the first entry of a batch, or the last one.
  bool matches_first = false;
  bool keeps_newest = false;
  // 0: no limit.
  uint64_t max_batch_size = 1000;
  uint64_t max_unmatched_batch_size = 100;
  uint64_t max_log_bytes = 0;
  uint64_t max_sources = 1000;
  int64_t force_flush_ms = 5000;
};

class Recombiner final : public OperationState {
 public:
  // Held by all sources together; beyond it all of them are let go.
  static constexpr size_t max_held_bytes = 64 << 20;

  explicit Recombiner(const RecombineSettings& settings) : settings_(settings) {}

  // `passed` when the entry is complete by itself, else it is held, and what has become complete is emitted. An entry without a text in
  // the field fails.
  Outcome add(Entry& entry, std::string_view source, bool is_match, Work& work);

  void flush(Work& work, int64_t now_steady_ms, bool everything) override;
  std::optional<int64_t> next_flush_ms() const override;
  std::optional<uint64_t> oldest_held(std::string_view source) const override;
  size_t held_count() const override { return held_count_; }
  size_t held_bytes() const override { return held_bytes_; }

 private:
  struct Batch {
    std::unique_ptr<Arena> arena;
    Entry base;
    std::string text;
    size_t entries = 0;
    bool has_match = false;
    int64_t begin_ms = 0;
    uint64_t position = 0;
    std::string origin_source;

    size_t bytes() const { return text.size() + arena->size_bytes(); }
  };
  using Batches = std::map<std::string, Batch, std::less<>>;

  Batches::iterator begin_batch(Entry& entry, std::string_view source, Work& work);
  void keep(Batch& batch, const Entry& entry, Arena& arena);
  bool is_full(const Batch& batch) const;
  Batches::iterator emit(Batches::iterator batch, Work& work);

  const RecombineSettings& settings_;
  Batches batches_;
  size_t held_count_ = 0;
  size_t held_bytes_ = 0;
};

}  // namespace vigia::operators
