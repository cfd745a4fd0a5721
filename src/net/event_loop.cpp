#include "net/event_loop.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"

namespace vigia::net {

namespace {

constexpr int timer_serial_bits = 24;

uint32_t events_of(bool readable, bool writable) { return (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U); }

size_t usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max<size_t>(1, static_cast<size_t>(CPU_COUNT(&cores)));
}

}  // namespace

EventLoop::EventLoop(const Clock& clock) : clock_(clock), now_ms_(clock.steady_ms()) {
  epoll_descriptor_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_descriptor_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  CHECK(epoll_descriptor_ >= 0 && wake_descriptor_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(wake_descriptor_);
  CHECK(::epoll_ctl(epoll_descriptor_, EPOLL_CTL_ADD, wake_descriptor_, &event) == 0);
}

EventLoop::~EventLoop() {
  ::close(wake_descriptor_);
  ::close(epoll_descriptor_);
}

void EventLoop::run() {
  thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!is_stopped_.load(std::memory_order_acquire)) {
    now_ms_ = clock_.steady_ms();
    run_tasks();
    run_due_timers();
    wait_for_io();
  }
  run_tasks();
}

void EventLoop::stop() {
  is_stopped_.store(true, std::memory_order_release);
  post([] {});
}

void EventLoop::post(Task task) {
  posted_.with([&](std::vector<Task>& tasks) { tasks.push_back(std::move(task)); });
  if (is_wake_pending_.exchange(true) || is_current_thread()) return;
  uint64_t one = 1;
  ssize_t written = ::write(wake_descriptor_, &one, sizeof one);
  (void)written;  // it fails only when the loop is awake already
}

void EventLoop::dispatch(Task task) {
  if (is_current_thread())
    task();
  else
    post(std::move(task));
}

void EventLoop::run_tasks() {
  is_wake_pending_.store(false);
  std::vector<Task> tasks;
  posted_.with([&](std::vector<Task>& posted) { tasks.swap(posted); });
  for (Task& task : tasks) task();
}

EventLoop::TimerId EventLoop::run_after_ms(int64_t delay_ms, Task task) {
  auto due_ms = static_cast<uint64_t>(clock_.steady_ms() + std::max<int64_t>(delay_ms, 0));
  TimerId id = 0;
  do {
    timer_serial_ = (timer_serial_ + 1) & ((1U << timer_serial_bits) - 1);
    id = due_ms << timer_serial_bits | timer_serial_;
  } while (id == 0 || timers_.count(id) != 0);
  timers_.emplace(id, std::move(task));
  return id;
}

void EventLoop::cancel_timer(TimerId id) { timers_.erase(id); }

void EventLoop::run_due_timers() {
  while (!timers_.empty() && static_cast<int64_t>(timers_.begin()->first >> timer_serial_bits) <= now_ms_) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

int EventLoop::wait_timeout_ms() const {
  if (is_wake_pending_.load() || is_stopped_.load(std::memory_order_relaxed)) return 0;
  if (timers_.empty()) return -1;
  int64_t due_ms = static_cast<int64_t>(timers_.begin()->first >> timer_serial_bits);
  return static_cast<int>(std::clamp<int64_t>(due_ms - clock_.steady_ms(), 0, 60'000));
}

void EventLoop::wait_for_io() {
  std::array<epoll_event, 64> events;
  int timeout_ms = wait_timeout_ms();
  if (timeout_ms != 0) is_idle_.store(true, std::memory_order_relaxed);
  int count = ::epoll_wait(epoll_descriptor_, events.data(), static_cast<int>(events.size()), timeout_ms);
  is_idle_.store(false, std::memory_order_relaxed);
  now_ms_ = clock_.steady_ms();
  for (int i = 0; i < count; i++) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    auto descriptor = static_cast<size_t>(event.data.u64 & 0xFFFFFFFF);
    if (descriptor == static_cast<size_t>(wake_descriptor_)) {
      uint64_t ignored;
      ssize_t read = ::read(wake_descriptor_, &ignored, sizeof ignored);
      (void)read;
      continue;
    }
    const Watch& watch = watches_[descriptor];
    if (!watch.handler || watch.generation != event.data.u64 >> 32) continue;  // forgotten earlier in this round
    if (event.events & (EPOLLHUP | EPOLLERR))
      watch.handler->on_hang_up();
    else
      watch.handler->on_io((event.events & EPOLLIN) != 0, (event.events & EPOLLOUT) != 0);
  }
}

Status EventLoop::watch(int descriptor, bool readable, bool writable, IoHandler& handler) {
  auto index = static_cast<size_t>(descriptor);
  if (watches_.size() <= index) watches_.resize(index + 64);
  watches_[index].handler = &handler;
  watches_[index].generation++;
  epoll_event event{};
  event.events = events_of(readable, writable);
  event.data.u64 = static_cast<uint64_t>(watches_[index].generation) << 32 | index;
  if (::epoll_ctl(epoll_descriptor_, EPOLL_CTL_ADD, descriptor, &event) == 0) return {};
  watches_[index].handler = nullptr;
  return system_error("cannot watch a socket", errno);
}

void EventLoop::change_watch(int descriptor, bool readable, bool writable, IoHandler& handler) {
  auto index = static_cast<size_t>(descriptor);
  CHECK(index < watches_.size() && watches_[index].handler == &handler);
  epoll_event event{};
  event.events = events_of(readable, writable);
  event.data.u64 = static_cast<uint64_t>(watches_[index].generation) << 32 | index;
  CHECK(::epoll_ctl(epoll_descriptor_, EPOLL_CTL_MOD, descriptor, &event) == 0);
}

void EventLoop::forget(int descriptor) {
  auto index = static_cast<size_t>(descriptor);
  if (index >= watches_.size() || !watches_[index].handler) return;
  watches_[index].handler = nullptr;
  ::epoll_ctl(epoll_descriptor_, EPOLL_CTL_DEL, descriptor, nullptr);
}

LoopGroup::LoopGroup(const Clock& clock, size_t count) {
  if (count == 0) count = usable_cores();
  for (size_t i = 0; i < count; i++) loops_.push_back(std::make_unique<EventLoop>(clock));
}

LoopGroup::~LoopGroup() { stop(); }

void LoopGroup::start() {
  CHECK(threads_.empty());
  for (size_t i = 0; i < loops_.size(); i++) {
    threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
    std::string name = "loop-" + std::to_string(i);
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

void LoopGroup::stop() {
  for (auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

EventLoop* LoopGroup::current() {
  for (auto& loop : loops_)
    if (loop->is_current_thread()) return loop.get();
  return nullptr;
}

void LoopGroup::run_where_free(size_t size_bytes, Task task) {
  constexpr size_t worth_moving_bytes = 32 * 1024;
  if (size_bytes >= worth_moving_bytes && loops_.size() > 1)
    for (auto& loop : loops_)
      if (loop->claim_if_idle()) {
        loop->post(std::move(task));
        return;
      }
  task();
}

EventLoop& BackgroundLoop::loop() {
  return group_.with([&](std::unique_ptr<LoopGroup>& group) -> EventLoop& {
    if (!group) {
      group = std::make_unique<LoopGroup>(clock_, 1);
      group->start();
    }
    return group->at(0);
  });
}

void BackgroundLoop::stop() {
  group_.with([](std::unique_ptr<LoopGroup>& group) {
    if (group) group->stop();
  });
}

}  // namespace vigia::net
