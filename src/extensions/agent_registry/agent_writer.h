#pragma once

// The disk behind the register of agents: registrations and removals are on it before they are answered, heartbeats follow in batches.
//
// All of it happens on the background loop, many changes to a transaction. When the database turns out to be damaged it is set aside and
// a new one is filled from the register.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "extensions/agent_registry/registry_clock.h"
#include "pipeline/component.h"
#include "tenancy/agent_table.h"
#include "tenancy/agents.h"

namespace vigia::extensions {

class AgentWriter {
 public:
  struct Settings {
    std::string directory;  // "": in memory only
    size_t max_agents = 20'000;
    int64_t flush_interval_ms = 5'000;
    int64_t remove_after_ms = 0;
  };
  // What became of a change: whether the agent was new, or was there. RESOURCE_EXHAUSTED: there are too many agents. UNAVAILABLE: too
  // much waits for the disk, or the disk failed.
  using Changed = Function<void(Result<bool>)>;

  // The references outlive the writer.
  AgentWriter(const pipeline::Context& context, Settings settings, tenancy::Agents& agents, const RegistryClock& clock);

  // Opens the database and reads the register from it. On the control thread, before anything else.
  Status open();
  // Writes heartbeats from now on.
  void begin();
  // Any thread. `changed` is called once, at once or on the background loop.
  void put(tenancy::Agent agent, Changed changed);
  void remove(tenancy::AgentKey key, Changed changed);
  // Writes what is left, and closes. Nothing is left on the background loop when `stopped` is called. REQUIRES: begin() was called.
  void stop(Function<void()> stopped);

 private:
  struct Change {
    tenancy::Agent agent;  // of a removal, the key
    bool is_removal = false;
    Changed changed;
  };
  struct Queue {
    std::deque<Change> waiting;
    bool is_scheduled = false;
    bool is_stopping = false;
  };
  // A change within its transaction.
  struct Step {
    Change change;
    bool was_there = false;
    std::optional<tenancy::AgentKey> replaced;
  };

  Status open_database();
  void enqueue(Change change);
  void schedule(Queue& queue);

  // What follows runs on the background loop.
  void work();
  std::vector<Change> take_waiting();
  void write(std::vector<Change> changes);
  std::vector<Step> steps_of(std::vector<Change> changes);
  Status store(const std::vector<Step>& steps);
  void apply(std::vector<Step> steps);
  void flush_in(int64_t delay_ms);
  void flush();
  Status flush_some();
  void remove_forgotten();
  void note(const Status& status);
  Status recover();

  const pipeline::Context& context_;
  const Settings settings_;
  tenancy::Agents& agents_;
  const RegistryClock& clock_;
  Counter& failures_;
  Guarded<Queue> queue_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<tenancy::Database> database_;
  std::optional<tenancy::AgentTable> table_;  // none while the database cannot be opened
  net::EventLoop::TimerId timer_ = 0;
  int64_t looked_for_forgotten_ms_ = 0;  // by the steady clock
  bool is_failing_ = false;
};

}  // namespace vigia::extensions
