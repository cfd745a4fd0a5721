#include "tenancy/agent_table.h"

#include "base/text.h"

namespace vigia::tenancy {

namespace {

// Lists and maps are texts: an entry a line, name and value with a tab between them. check_agent() lets neither character in.
constexpr std::string_view migrations[] = {R"(
CREATE TABLE agents (
  customer TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  type TEXT NOT NULL,
  version TEXT NOT NULL,
  hostname TEXT NOT NULL,
  node_id TEXT NOT NULL,
  ip_address TEXT NOT NULL,
  metrics_scheme TEXT NOT NULL,
  metrics_path TEXT NOT NULL,
  metrics_port INTEGER NOT NULL,
  capabilities TEXT NOT NULL,
  resource_attributes TEXT NOT NULL,
  labels TEXT NOT NULL,
  is_recognised INTEGER NOT NULL,
  registered_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  PRIMARY KEY (customer, agent_id)
) WITHOUT ROWID;
)"};

std::string lines_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  return text;
}

std::string lines_of(const TextPairs& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) text += name + "\t" + value + "\n";
  return text;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string_view line : split(text, '\n'))
    if (!line.empty()) words.emplace_back(line);
  return words;
}

TextPairs pairs_of(std::string_view text) {
  TextPairs pairs;
  for (std::string_view line : split(text, '\n')) {
    size_t tab = line.find('\t');
    if (tab != std::string_view::npos) pairs.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  return pairs;
}

Agent agent_of(const Statement& row) {
  Agent agent;
  agent.key = {row.text(0), row.text(1)};
  agent.workspace_id = row.text(2);
  agent.type = row.text(3);
  agent.version = row.text(4);
  agent.hostname = row.text(5);
  agent.node_id = row.text(6);
  agent.ip_address = row.text(7);
  agent.metrics_scheme = row.text(8);
  agent.metrics_path = row.text(9);
  agent.metrics_port = static_cast<uint16_t>(row.integer(10));
  agent.capabilities = words_of(row.text(11));
  agent.resource_attributes = pairs_of(row.text(12));
  agent.labels = pairs_of(row.text(13));
  agent.is_recognised = row.integer(14) != 0;
  agent.registered_ms = row.integer(15);
  agent.last_seen_ms = row.integer(16);
  return agent;
}

}  // namespace

Database::Migrations control_plane_migrations() { return migrations; }

Result<AgentTable> AgentTable::create(Database& database) {
  AgentTable table;
  ASSIGN_OR_RETURN(table.load_, database.prepare("SELECT customer, agent_id, workspace_id, type, version, hostname, node_id, ip_address, "
                                                 "metrics_scheme, metrics_path, metrics_port, capabilities, resource_attributes, labels, "
                                                 "is_recognised, registered_ms, last_seen_ms FROM agents ORDER BY customer, agent_id"));
  ASSIGN_OR_RETURN(table.put_, database.prepare("INSERT OR REPLACE INTO agents (customer, agent_id, workspace_id, type, version, hostname, "
                                                "node_id, ip_address, metrics_scheme, metrics_path, metrics_port, capabilities, "
                                                "resource_attributes, labels, is_recognised, registered_ms, last_seen_ms) "
                                                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  ASSIGN_OR_RETURN(table.remove_, database.prepare("DELETE FROM agents WHERE customer = ? AND agent_id = ?"));
  ASSIGN_OR_RETURN(table.set_last_seen_, database.prepare("UPDATE agents SET last_seen_ms = ? WHERE customer = ? AND agent_id = ?"));
  return table;
}

Result<std::vector<Agent>> AgentTable::load() {
  std::vector<Agent> agents;
  for (;;) {
    ASSIGN_OR_RETURN(bool has_row, load_.next());
    if (!has_row) return agents;
    agents.push_back(agent_of(load_));
  }
}

Status AgentTable::put(const Agent& agent) {
  put_.bind(1, agent.key.customer).bind(2, agent.key.agent_id).bind(3, agent.workspace_id).bind(4, agent.type).bind(5, agent.version);
  put_.bind(6, agent.hostname).bind(7, agent.node_id).bind(8, agent.ip_address).bind(9, agent.metrics_scheme).bind(10, agent.metrics_path);
  put_.bind(11, int64_t{agent.metrics_port}).bind(12, lines_of(agent.capabilities)).bind(13, lines_of(agent.resource_attributes));
  put_.bind(14, lines_of(agent.labels)).bind(15, int64_t{agent.is_recognised}).bind(16, agent.registered_ms).bind(17, agent.last_seen_ms);
  return put_.run();
}

Status AgentTable::remove(const AgentKey& key) { return remove_.bind(1, key.customer).bind(2, key.agent_id).run(); }

Status AgentTable::set_last_seen(const AgentKey& key, int64_t last_seen_ms) {
  return set_last_seen_.bind(1, last_seen_ms).bind(2, key.customer).bind(3, key.agent_id).run();
}

}  // namespace vigia::tenancy
