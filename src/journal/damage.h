#pragma once

// Keeps aside what cannot be read any more, for whoever wants to look at it, and counts it.

#include <atomic>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "journal/frame_reader.h"

namespace vigia::journal {

// Any thread.
class DamageKeeper {
 public:
  DamageKeeper(FileSystem& files, std::string directory, Logger log)
      : files_(files), directory_(std::move(directory)), log_(std::move(log)) {}

  // Copies these bytes to "<file>.<offset>.damaged", unless that is there, or there are too many.
  void keep(FrameReader& reader, uint64_t offset, uint64_t bytes, std::string_view why);
  void count_lost_records(uint64_t records) { lost_records_.fetch_add(records, std::memory_order_relaxed); }

  // Since the start of the program.
  uint64_t damaged_bytes() const { return damaged_bytes_.load(std::memory_order_relaxed); }
  uint64_t lost_records() const { return lost_records_.load(std::memory_order_relaxed); }

 private:
  bool has_room_for_more();

  FileSystem& files_;
  const std::string directory_;
  const Logger log_;
  std::atomic<uint64_t> damaged_bytes_{0};
  std::atomic<uint64_t> lost_records_{0};
};

}  // namespace vigia::journal
