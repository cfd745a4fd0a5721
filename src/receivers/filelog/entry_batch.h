#pragma once

// The request that is being written: entries of any files, and up to where each file is in it. One thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/chain.h"
#include "otlp/request_writer.h"
#include "receivers/filelog/known_files.h"

namespace vigia::receivers {

// Once the pipeline has taken the request, the file is safe up to there.
struct Mark {
  FileId file = 0;
  Position position;
};

struct Parcel {
  Slice request;  // Empty when operators have dropped all of it, or hold it back.
  size_t item_count = 0;
  std::vector<Mark> marks;
};

// Attributes that change with every entry. The keys are literals.
using NumberAttributes = std::span<const std::pair<std::string_view, int64_t>>;

class EntryBatch {
 public:
  static constexpr size_t most_records = 1'000;
  static constexpr size_t most_bytes = 1 << 20;
  static constexpr size_t least_bytes = 4 << 10;

  EntryBatch(std::unique_ptr<operators::ChainRun> run, MemoryLedger& ledger) : run_(std::move(run)), ledger_(ledger) {}

  // REQUIRES: UTF-8, unless it is bytes. The origin lives as long as the run may hold something of it.
  void push(std::string_view body, bool is_bytes, const operators::Origin& origin, const operators::Arrival& arrival,
            NumberAttributes numbers = {});
  // Everything of the file up to here has been pushed.
  void mark(const TrackedFile& file, const Position& position);

  bool is_full() const { return is_open_ && (run_->batch_records() >= most_records || run_->batch_bytes() >= most_bytes); }
  bool is_empty() const { return marks_.empty() && (!is_open_ || run_->batch_records() == 0); }
  // Entries that an operator holds back do not count as delivered with it.
  Parcel close(KnownFiles& files);

  // Of what operators hold.
  std::optional<int64_t> next_flush_ms() const { return run_->next_flush_ms(); }
  void flush(int64_t now_ms);
  void flush_all();
  bool holds(const TrackedFile& file) const;
  bool holds_any() const { return run_->held_count() > 0; }

 private:
  void open();
  Position held_position(TrackedFile& file, const Position& end) const;

  const std::unique_ptr<operators::ChainRun> run_;
  MemoryLedger& ledger_;
  std::optional<otlp::RequestWriter> writer_;
  size_t usual_bytes_ = least_bytes;  // Of a request, by the last one.
  bool is_open_ = false;
  std::map<FileId, Position> marks_;
  std::map<FileId, Position> held_;  // Files of which something is held: how far they were pushed.
};

}  // namespace vigia::receivers
