#pragma once

// An event loop: one thread that waits for sockets, timers and tasks. A LoopGroup is one loop for each core.
//
// Data belongs to the loop it was made on. post() is the only call that other threads may make.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/guarded.h"
#include "base/status.h"

namespace vigia::net {

using Task = Function<void()>;

// What a loop tells about a watched descriptor.
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual void on_io(bool readable, bool writable) = 0;
  // It has failed, or is over both ways. Told in every round, whatever is watched for, until the descriptor is forgotten.
  virtual void on_hang_up() { on_io(true, true); }
};

class EventLoop {
 public:
  explicit EventLoop(const Clock& clock);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // Runs until stop(). Tasks that are posted before it starts wait for it.
  void run();
  // Any thread. Tasks already posted still run.
  void stop();

  // Any thread. Runs the task on this loop, soon, in the order of posting.
  void post(Task task);
  bool is_current_thread() const { return std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed); }
  // Runs at once on the loop's own thread, else posts.
  void dispatch(Task task);
  // Whether the loop is asleep, waiting for something to do. Any thread; only a hint.
  bool is_idle() const { return is_idle_.load(std::memory_order_relaxed); }

  // --- What follows may be called on the loop's thread only (or before run()). ---

  const Clock& clock() const { return clock_; }
  // The time when this round of the loop began; cheap.
  int64_t now_ms() const { return now_ms_; }

  using TimerId = uint64_t;  // never 0
  TimerId run_after_ms(int64_t delay_ms, Task task);
  // Does nothing when the timer has fired or id is 0.
  void cancel_timer(TimerId id);

  // Watches a descriptor. The handler must stay alive until forget(); it may forget itself while it is called.
  Status watch(int descriptor, bool readable, bool writable, IoHandler& handler);
  void change_watch(int descriptor, bool readable, bool writable, IoHandler& handler);
  void forget(int descriptor);

 private:
  friend class LoopGroup;
  struct Watch {
    IoHandler* handler = nullptr;
    uint32_t generation = 0;  // events of an earlier owner of the same descriptor number are recognised by it
  };

  void run_tasks();
  void run_due_timers();
  void wait_for_io();
  int wait_timeout_ms() const;
  // Says whether the loop was asleep and has not been given work by another caller of this.
  bool claim_if_idle() { return is_idle_.exchange(false, std::memory_order_relaxed); }

  const Clock& clock_;
  int epoll_descriptor_ = -1;
  int wake_descriptor_ = -1;
  int64_t now_ms_ = 0;
  std::atomic<std::thread::id> thread_id_{};
  std::atomic<bool> is_idle_{false};
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> is_wake_pending_{false};
  Guarded<std::vector<Task>> posted_;
  std::map<TimerId, Task> timers_;  // the id begins with the due time, so this is their order
  uint32_t timer_serial_ = 0;
  std::vector<Watch> watches_;  // by descriptor
};

// The loops of this process and their threads.
class LoopGroup {
 public:
  // `count` 0: one for each core this process may run on.
  LoopGroup(const Clock& clock, size_t count);
  ~LoopGroup();

  void start();
  // Stops all loops and joins their threads. Not to be called on a loop.
  void stop();

  size_t size() const { return loops_.size(); }
  EventLoop& at(size_t index) { return *loops_[index]; }
  // The loops in turn.
  EventLoop& next() { return *loops_[next_.fetch_add(1, std::memory_order_relaxed) % loops_.size()]; }
  // The loop this thread runs, or nullptr.
  EventLoop* current();
  // Runs work that needs no particular core where one is free: here when all are busy or `size_bytes` is too small
  // to be worth the way.
  void run_where_free(size_t size_bytes, Task task);

 private:
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<size_t> next_{0};
};

// A thread for work that may wait for the kernel or a disk (log files, /proc), begun when it is first asked for.
class BackgroundLoop {
 public:
  explicit BackgroundLoop(const Clock& clock) : clock_(clock) {}

  // Any thread. Whoever posts here waits for the last of it before it calls itself stopped: components are not kept alive for this loop.
  EventLoop& loop();
  // Joins the thread, if there is one. Not to be called on it.
  void stop();

 private:
  const Clock& clock_;
  Guarded<std::unique_ptr<LoopGroup>> group_;
};

}  // namespace vigia::net
