#include "extensions/pprof/profiler.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "extensions/pprof/cpu_sampler.h"
#include "extensions/pprof/profile_format.h"

namespace vigia::extensions {

namespace {

constexpr int64_t collect_interval_ms = 500;

}  // namespace

Status Profiler::start(int64_t duration_ms, Function<void(Result<Slice>)> done) {
  std::lock_guard starting(thread_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (is_running_) return {StatusCode::failed_precondition, "cannot start a CPU profile: another one is running"};
  }
  if (thread_.joinable()) thread_.join();  // of the profile before, which has given its answer
  ASSIGN_OR_RETURN(std::unique_ptr<CpuSampler> sampler, CpuSampler::start(frequency_hz));
  is_running_ = true;
  is_ending_ = false;
  thread_ = std::thread([this, duration_ms, sampler = std::move(sampler), done = std::move(done)]() mutable {
    CpuProfile profile;
    profile.start_wall_ns = clock_.wall_ns();
    profile.period_ns = 1'000'000'000 / frequency_hz;
    int64_t start_ns = clock_.steady_ns();
    for (bool is_over = false; !is_over;) {
      int64_t elapsed_ms = (clock_.steady_ns() - start_ns) / 1'000'000;
      int64_t wait_ms = duration_ms == 0 ? collect_interval_ms : std::clamp<int64_t>(duration_ms - elapsed_ms, 0, collect_interval_ms);
      std::unique_lock lock(mutex_);
      bool is_ending = wake_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return is_ending_; });
      lock.unlock();
      sampler->collect();
      is_over = is_ending || (duration_ms > 0 && elapsed_ms + wait_ms >= duration_ms);
    }
    profile.stacks = sampler->stop();
    profile.duration_ns = clock_.steady_ns() - start_ns;
    done(profile_file(profile, files_, ledger_));
    std::lock_guard lock(mutex_);
    is_running_ = false;
  });
  return {};
}

void Profiler::finish() {
  std::lock_guard finishing(thread_mutex_);
  {
    std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace vigia::extensions
