#pragma once

// Samples of where this process spends its CPU time: every thread has a timer on its own CPU clock, whose signal writes down the
// call stack it interrupted.
//
// Nothing of this exists while no sampler runs. One sampler may run at a time in a process, because a signal handler is
// reachable through process-wide state only. A sampler is used from one thread; the signals come on all.
//
// Stacks are followed by frame pointers (the build keeps them). Code without them ends a stack early; it is never
// misread, because a frame must lie within a mapping that was a thread's memory when the sampler looked.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace vigia::extensions {

// Addresses within the calling instructions, the innermost first.
using Stack = std::vector<uint64_t>;

struct StackCounts {
  std::map<Stack, int64_t> samples;
  // Samples that found no room, or were of one stack too many.
  int64_t lost = 0;
};

class CpuSampler {
 public:
  static constexpr size_t max_frames = 64;
  static constexpr size_t max_stacks = 50'000;

  // FAILED_PRECONDITION when a sampler is running already.
  static Result<std::unique_ptr<CpuSampler>> start(int frequency_hz);
  CpuSampler(const CpuSampler&) = delete;
  CpuSampler& operator=(const CpuSampler&) = delete;
  // Stops without an answer.
  ~CpuSampler();

  // Takes in what was sampled since the last call and follows threads that have begun since. To be called about twice a
  // second, so that the room for samples suffices.
  void collect();
  StackCounts stop();

  struct Shared;  // what the signal handler sees

 private:
  explicit CpuSampler(int frequency_hz);

  Status install_handler();
  void follow_new_threads();
  bool follow_thread(int thread_id);
  void note_memory_map();
  void end_timers();
  void take_samples();

  int64_t period_ns_;
  bool is_running_ = false;
  std::unique_ptr<Shared> shared_;
  std::map<int, void*> timers_;  // by thread
  StackCounts counts_;
};

}  // namespace vigia::extensions
