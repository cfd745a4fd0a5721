#pragma once

// The receiver at work, on the background loop: looks when something has changed, reads while the pipeline takes it, keeps the positions.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "net/file_watcher.h"
#include "pipeline/component.h"
#include "receivers/filelog/config.h"
#include "receivers/filelog/delivery.h"
#include "receivers/filelog/entry_batch.h"
#include "receivers/filelog/file_reader.h"
#include "receivers/filelog/file_set.h"

namespace vigia::receivers {

class TailLoop : public std::enable_shared_from_this<TailLoop> {
 public:
  // What survives a restart: nothing, or the last positions and how to keep new ones.
  struct Memory {
    std::string positions;
    std::function<Status(const std::string&)> keep;
    bool keeps_at_end = false;  // Only the last ones are wanted.
  };

  TailLoop(const pipeline::Context& context, const FilelogConfig& config, pipeline::Consumer& output,
           std::unique_ptr<operators::ChainRun> run, std::unique_ptr<operators::ChainRun> header_run, Memory memory);

  // What was kept is damaged: DATA_LOSS, and everything is read from the beginning.
  Status restore();

  // Both on the loop.
  void begin();
  // Calls `stopped` once nothing is under way, or at the deadline.
  void stop(int64_t deadline_steady_ms, Function<void()> stopped);

 private:
  void wake();
  void work();
  bool read_on(int64_t until_ms);
  bool send_batch();
  void look();
  void watch_directories(const std::set<std::string>& directories);
  void names_changed();
  void contents_changed();
  void take_contents();
  void wait_for_changes();
  void plan_next(bool is_blocked);
  void save_if_due();
  void save();
  void finish_if_settled();
  void finish();
  int64_t now_ms() const { return context_.clock.steady_ms(); }

  const pipeline::Context context_;
  const FilelogConfig config_;
  net::EventLoop& loop_;
  Memory memory_;
  KnownFiles known_;
  EntryBatch batch_;
  FileReader reader_;
  FileSet files_;
  const std::shared_ptr<Delivery> delivery_;
  Counter& failed_saves_;

  std::unique_ptr<net::FileWatcher> names_;
  std::unique_ptr<net::FileWatcher> contents_;
  std::map<std::string, net::FileWatcher::Id> watched_;
  bool is_polling_ = false;  // Something cannot be watched.
  bool has_told_polling_ = false;

  bool is_woken_ = false;
  bool is_stopped_ = false;
  net::EventLoop::TimerId timer_ = 0;
  net::EventLoop::TimerId contents_timer_ = 0;
  net::EventLoop::TimerId deadline_timer_ = 0;
  int64_t next_look_ms_ = 0;
  int64_t last_look_ms_ = 0;
  int64_t last_contents_ms_ = 0;
  int64_t last_save_ms_ = 0;
  int64_t save_pause_ms_ = 0;
  bool is_dirty_ = false;
  Function<void()> stopped_;
};

}  // namespace vigia::receivers
