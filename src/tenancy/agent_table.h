#pragma once

// The agents in the database. One thread at a time, as Database says.

#include <memory>
#include <vector>

#include "tenancy/agent.h"
#include "tenancy/database.h"

namespace vigia::tenancy {

// The schema's steps, for Database::open().
Database::Migrations control_plane_migrations();

class AgentTable {
 public:
  // The database outlives the table.
  static Result<AgentTable> create(Database& database);

  // Sorted by customer and id.
  Result<std::vector<Agent>> load();
  // Inserts, or replaces what the key has.
  Status put(const Agent& agent);
  Status remove(const AgentKey& key);
  Status set_last_seen(const AgentKey& key, int64_t last_seen_ms);

 private:
  Statement load_;
  Statement put_;
  Statement remove_;
  Statement set_last_seen_;
};

}  // namespace vigia::tenancy
