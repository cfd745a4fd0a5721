#pragma once

// The register of agents in memory: who is there, and when each was last heard of. It answers every question; the table behind it
// (agent_table.h) is read once and written by whoever owns both.
//
// Any thread. Agents that are handed out are immutable; what changes is put anew.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/guarded.h"
#include "base/status.h"
#include "tenancy/agent.h"

namespace vigia::tenancy {

// The customers somebody may see: all, or one.
struct CustomerSet {
  std::optional<std::string> only;

  bool contains(std::string_view customer) const { return !only || *only == customer; }
};

// An agent with the time of its last sign of life, which is newer than the record.
struct SeenAgent {
  std::shared_ptr<const Agent> agent;
  int64_t last_seen_ms = 0;
};

enum class AgentStatus : uint8_t { online, offline };

// Which agents, and from where on: sorted by customer and id, behind the key `after`.
struct AgentQuery {
  CustomerSet customers;
  std::optional<std::string> workspace_id;
  std::optional<AgentStatus> status;
  int64_t offline_before_ms = 0;  // last seen earlier means offline
  std::optional<AgentKey> after;
  size_t limit = SIZE_MAX;
};

class Agents {
 public:
  struct Count {
    size_t online = 0;
    size_t offline = 0;
  };
  struct LastSeen {
    AgentKey key;
    int64_t last_seen_ms = 0;
  };

  void put(Agent agent);
  // Says whether it was there.
  bool remove(const AgentKey& key);
  size_t size() const;

  std::optional<SeenAgent> get(const AgentKey& key) const;
  // NOT_FOUND when no customer of the set has it, FAILED_PRECONDITION when several have.
  Result<SeenAgent> find(const CustomerSet& customers, std::string_view agent_id) const;
  // The agent of this customer on a host, by its name or as a node.
  std::optional<SeenAgent> on_host(const std::string& customer, std::string_view hostname) const;
  std::vector<SeenAgent> list(const AgentQuery& query) const;
  Count count(int64_t offline_before_ms) const;

  // A sign of life; the errors of find().
  Status touch(const CustomerSet& customers, std::string_view agent_id, int64_t now_ms);
  // The same, unless it has gone meanwhile.
  void touch(const AgentKey& key, int64_t now_ms);
  // The clock was set to a time that lies so much ahead (or, negative, back): all signs of life are dated by it from now on.
  void move_last_seen(int64_t by_ms);
  // Who was touched since, up to `most`; they are not told again.
  std::vector<LastSeen> take_touched(size_t most);
  bool has_touched() const;
  // They could not be written: tell them again.
  void give_back_touched(const std::vector<LastSeen>& touched);

 private:
  struct Entry {
    SeenAgent seen;
    bool is_touched = false;
  };
  using Entries = std::map<AgentKey, Entry>;
  // Entries by something that several may share. Those of a map stay where they are.
  using Index = std::unordered_multimap<std::string, Entries::value_type*>;
  struct State {
    Entries entries;
    Index by_id;
    Index by_host;
    std::vector<AgentKey> touched;

    void add_to_indexes(Entries::value_type& entry);
    void remove_from_indexes(const Entries::value_type& entry);
    Result<Entry*> find(const CustomerSet& customers, std::string_view agent_id);
    void touch(const AgentKey& key, Entry& entry, int64_t now_ms);
  };

  Guarded<State> mutable state_;
};

}  // namespace vigia::tenancy
