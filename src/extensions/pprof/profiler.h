#pragma once

// Takes CPU profiles, one at a time, on a thread of its own that is there only while a profile is taken.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/function.h"
#include "base/status.h"

namespace vigia::extensions {

class Profiler {
 public:
  static constexpr int frequency_hz = 100;

  // The references outlive the profiler.
  Profiler(const Clock& clock, FileSystem& files, MemoryLedger& ledger) : clock_(clock), files_(files), ledger_(ledger) {}
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  ~Profiler() { finish(); }

  // Profiles for `duration_ms` (0: until finish()), then gives the profile's file to `done`, on the profiler's thread.
  // FAILED_PRECONDITION, and no call of `done`, when a profile is being taken in this process.
  Status start(int64_t duration_ms, Function<void(Result<Slice>)> done);

  // Ends the running profile now; its `done` has been called when this returns. Must not be called in `done`.
  void finish();

 private:
  const Clock& clock_;
  FileSystem& files_;
  MemoryLedger& ledger_;

  std::mutex thread_mutex_;  // who starts and who joins
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_running_ = false;
  bool is_ending_ = false;
};

}  // namespace vigia::extensions
