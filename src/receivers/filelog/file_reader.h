#pragma once

// Reads a file on from where it was left, and pushes its entries. One thread; one buffer for all files.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "pipeline/component.h"
#include "receivers/filelog/config.h"
#include "receivers/filelog/entry_batch.h"
#include "receivers/filelog/known_files.h"

namespace vigia::receivers {

struct ReaderTelemetry {
  ReaderTelemetry(MetricRegistry& metrics, const pipeline::ComponentId& id);
  Counter& bytes;
  Counter& entries;
  Counter& cut_entries;       // Longer than max_log_size.
  Counter& repaired_entries;  // Not the text that `encoding` says.
};

class FileReader {
 public:
  enum class Outcome : uint8_t {
    more,      // The budget is used up.
    at_end,    // TrackedFile::has_rest says whether an entry without an end is left.
    full,      // The batch has to be closed first.
    replaced,  // What stands there now is not what was read.
    failed,    // It cannot be read now. Told in the log.
  };

  // `header_run` is for the header's lines, null without one.
  FileReader(const pipeline::Context& context, const FilelogConfig& config, KnownFiles& known, EntryBatch& batch,
             std::unique_ptr<operators::ChainRun> header_run);

  // REQUIRES: the file is open. `ends_rest`: what has no end yet ends here.
  Outcome read(TrackedFile& file, size_t budget_bytes, bool ends_rest);

 private:
  // A part of a file, in the buffer.
  struct Block {
    std::string_view data;  // From file.read.offset on.
    size_t tail_size = 0;   // What stands before it in the buffer.
    bool is_end = false;    // The file has no more at the moment.
    bool is_valid = false;  // All of it is UTF-8.
  };

  Outcome prepare(TrackedFile& file);
  Outcome prepare_header(TrackedFile& file);
  size_t block_size(size_t wanted) const;
  Result<Block> read_block(TrackedFile& file, size_t size);
  // How much of the block became entries.
  size_t push_entries(TrackedFile& file, const Block& block, bool ends_rest);
  void push(TrackedFile& file, std::string_view raw, uint64_t offset, bool is_valid);
  // The text in UTF-8, maybe in scratch_. Sets `is_bytes` where it stays what it is.
  std::string_view text_of(std::string_view raw, bool is_valid, bool& is_bytes);
  std::string_view trim_entry(std::string_view text) const;
  void advance(TrackedFile& file, const Block& block, size_t consumed);
  void note_rest(TrackedFile& file, const Block& block, size_t consumed);
  Outcome fail(TrackedFile& file, const Status& why);

  const pipeline::Context context_;
  const FilelogConfig& config_;
  const Splitter splitter_;
  KnownFiles& known_;
  EntryBatch& batch_;
  const std::unique_ptr<operators::ChainRun> header_run_;
  ReaderTelemetry telemetry_;
  std::string buffer_;
  std::string scratch_;
  int64_t observed_ns_ = 0;
};

}  // namespace vigia::receivers
