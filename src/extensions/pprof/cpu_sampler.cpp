#include "extensions/pprof/cpu_sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <thread>

#include "base/text.h"
#include "extensions/pprof/memory_map.h"

namespace vigia::extensions {

namespace {

constexpr size_t slot_count = 4096;
constexpr size_t max_memory_maps = 1024;
// No function of ours has a larger frame; a pointer farther away is some other value in the frame register.
constexpr uintptr_t max_frame_bytes = 256 * 1024;

enum class SlotState : uint8_t { empty, writing, full };

struct Slot {
  std::atomic<SlotState> state{SlotState::empty};
  uint32_t frame_count = 0;
  std::array<uint64_t, CpuSampler::max_frames> frames;
};

}  // namespace

struct CpuSampler::Shared {
  std::array<Slot, slot_count> slots;
  std::atomic<uint64_t> next_slot{0};
  std::atomic<int64_t> lost{0};
  // Ranges of writable memory, sorted: stacks lie in them.
  std::atomic<const std::vector<MemoryRange>*> writable{nullptr};
  // All that were ever current: a handler may still be looking at an old one.
  std::vector<std::unique_ptr<std::vector<MemoryRange>>> maps;
};

namespace {

// Mutable and process-wide against the rules, because a signal handler can be given nothing else.
std::atomic<CpuSampler::Shared*> active_sampler{nullptr};
std::atomic<int> running_handlers{0};

struct Registers {
  uintptr_t instruction;
  uintptr_t frame;
  uintptr_t stack;
};

Registers registers_of(const ucontext_t& context) {
#if defined(__x86_64__)
  const auto& values = context.uc_mcontext.gregs;
  return {static_cast<uintptr_t>(values[REG_RIP]), static_cast<uintptr_t>(values[REG_RBP]), static_cast<uintptr_t>(values[REG_RSP])};
#elif defined(__aarch64__)
  const auto& values = context.uc_mcontext;
  return {static_cast<uintptr_t>(values.pc), static_cast<uintptr_t>(values.regs[29]), static_cast<uintptr_t>(values.sp)};
#else
#error "registers of this processor are not known"
#endif
}

// Where the memory that holds `stack_pointer` ends, or 0.
uintptr_t stack_end(const std::vector<MemoryRange>* writable, uintptr_t stack_pointer) {
  if (!writable) return 0;
  const MemoryRange* begin = writable->data();
  const MemoryRange* end = begin + writable->size();
  while (begin != end) {
    const MemoryRange* middle = begin + (end - begin) / 2;
    if (stack_pointer < middle->start)
      end = middle;
    else if (stack_pointer >= middle->end)
      begin = middle + 1;
    else
      return middle->end;
  }
  return 0;
}

// Runs in the signal handler: no locks, no memory, no library. The sanitizers must not look: stack frames of others are read.
__attribute__((no_sanitize("address", "thread"))) uint32_t walk(const Registers& at, uintptr_t limit, uint64_t* frames) {
  uint32_t count = 0;
  frames[count++] = at.instruction;
  uintptr_t frame = at.frame;
  uintptr_t lowest = at.stack;
  while (count < CpuSampler::max_frames) {
    if (frame % sizeof(uintptr_t) != 0 || frame < lowest || frame - lowest > max_frame_bytes) break;
    if (frame + 2 * sizeof(uintptr_t) > limit) break;
    const auto* words = reinterpret_cast<const volatile uintptr_t*>(frame);
    uintptr_t caller = words[0];
    uintptr_t return_address = words[1];
    if (return_address < 4096) break;
    frames[count++] = return_address - 1;  // within the call, not behind it
    lowest = frame + 2 * sizeof(uintptr_t);
    frame = caller;
  }
  return count;
}

void on_profile_signal(int, siginfo_t*, void* raw_context) {
  int saved_errno = errno;
  running_handlers.fetch_add(1);
  if (CpuSampler::Shared* shared = active_sampler.load()) {
    Slot& slot = shared->slots[shared->next_slot.fetch_add(1, std::memory_order_relaxed) % slot_count];
    SlotState expected = SlotState::empty;
    if (slot.state.compare_exchange_strong(expected, SlotState::writing, std::memory_order_acquire)) {
      Registers at = registers_of(*static_cast<const ucontext_t*>(raw_context));
      slot.frame_count = walk(at, stack_end(shared->writable.load(std::memory_order_acquire), at.stack), slot.frames.data());
      slot.state.store(SlotState::full, std::memory_order_release);
    } else {
      shared->lost.fetch_add(1, std::memory_order_relaxed);
    }
  }
  running_handlers.fetch_sub(1);
  errno = saved_errno;
}

std::set<int> threads_of_this_process() {
  std::set<int> threads;
  DIR* directory = opendir("/proc/self/task");
  if (!directory) return threads;
  while (const dirent* entry = readdir(directory))
    if (std::optional<int64_t> id = parse_int(entry->d_name)) threads.insert(static_cast<int>(*id));
  closedir(directory);
  return threads;
}

// The kernel's name for the CPU clock of one thread.
clockid_t thread_cpu_clock(int thread_id) { return static_cast<clockid_t>((~static_cast<uint32_t>(thread_id)) << 3 | 6); }

}  // namespace

CpuSampler::CpuSampler(int frequency_hz)
    : period_ns_(1'000'000'000 / std::clamp(frequency_hz, 1, 1000)), shared_(std::make_unique<Shared>()) {}

Result<std::unique_ptr<CpuSampler>> CpuSampler::start(int frequency_hz) {
  std::unique_ptr<CpuSampler> sampler(new CpuSampler(frequency_hz));
  sampler->note_memory_map();
  CpuSampler::Shared* expected = nullptr;
  if (!active_sampler.compare_exchange_strong(expected, sampler->shared_.get()))
    return Status(StatusCode::failed_precondition, "cannot start a CPU profile: another one is running");
  sampler->is_running_ = true;
  RETURN_IF_ERROR(sampler->install_handler());
  sampler->follow_new_threads();
  return sampler;
}

CpuSampler::~CpuSampler() {
  if (is_running_) (void)stop();
}

Status CpuSampler::install_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_profile_signal;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigfillset(&action.sa_mask);
  if (sigaction(SIGPROF, &action, nullptr) != 0) return system_error("cannot handle the profiling signal", errno);
  return {};
}

void CpuSampler::collect() {
  take_samples();
  follow_new_threads();
}

StackCounts CpuSampler::stop() {
  CHECK(is_running_);
  is_running_ = false;
  end_timers();
  // A signal on its way is dropped, and a handler that has not looked yet finds no sampler.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPROF, &ignore, nullptr);
  active_sampler.store(nullptr);
  while (running_handlers.load() != 0) std::this_thread::yield();
  take_samples();
  return std::move(counts_);
}

void CpuSampler::follow_new_threads() {
  std::set<int> threads = threads_of_this_process();
  for (auto it = timers_.begin(); it != timers_.end();) {
    if (threads.count(it->first)) {
      ++it;
      continue;
    }
    timer_delete(static_cast<timer_t>(it->second));
    it = timers_.erase(it);
  }
  bool has_new = false;
  for (int thread : threads)
    if (!timers_.count(thread)) has_new |= follow_thread(thread);
  if (has_new) note_memory_map();
}

bool CpuSampler::follow_thread(int thread_id) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = thread_id;
  timer_t timer;
  // The thread may have ended already; then there is nothing to follow.
  if (timer_create(thread_cpu_clock(thread_id), &event, &timer) != 0) return false;
  itimerspec period{};
  period.it_interval = {period_ns_ / 1'000'000'000, period_ns_ % 1'000'000'000};
  period.it_value = period.it_interval;
  timer_settime(timer, 0, &period, nullptr);
  timers_[thread_id] = timer;
  return true;
}

void CpuSampler::note_memory_map() {
  if (shared_->maps.size() >= max_memory_maps) return;
  shared_->maps.push_back(std::make_unique<std::vector<MemoryRange>>(writable_ranges(read_memory_map())));
  shared_->writable.store(shared_->maps.back().get(), std::memory_order_release);
}

void CpuSampler::end_timers() {
  for (auto& [thread, timer] : timers_) timer_delete(static_cast<timer_t>(timer));
  timers_.clear();
}

void CpuSampler::take_samples() {
  for (Slot& slot : shared_->slots) {
    if (slot.state.load(std::memory_order_acquire) != SlotState::full) continue;
    Stack stack(slot.frames.begin(), slot.frames.begin() + slot.frame_count);
    slot.state.store(SlotState::empty, std::memory_order_release);
    auto found = counts_.samples.find(stack);
    if (found != counts_.samples.end())
      found->second++;
    else if (counts_.samples.size() < max_stacks)
      counts_.samples.emplace(std::move(stack), 1);
    else
      counts_.lost++;
  }
  counts_.lost += shared_->lost.exchange(0, std::memory_order_relaxed);
}

}  // namespace vigia::extensions
