#include "tenancy/agents.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace vigia::tenancy {

namespace {

std::string host_key(std::string_view customer, std::string_view host) { return fmt::format("{}\n{}", customer, host); }

// The names under which an agent's host may be looked for.
std::vector<std::string> host_keys(const Agent& agent) {
  std::vector<std::string> keys;
  if (!agent.hostname.empty()) keys.push_back(host_key(agent.key.customer, agent.hostname));
  if (!agent.node_id.empty() && agent.node_id != agent.hostname) keys.push_back(host_key(agent.key.customer, agent.node_id));
  return keys;
}

template <typename Index>
void erase_from(Index& index, const std::string& text, const AgentKey& key) {
  auto [first, last] = index.equal_range(text);
  for (; first != last; ++first)
    if (first->second->first == key) {
      index.erase(first);
      return;
    }
}

bool matches(const AgentQuery& query, const Agent& agent, int64_t last_seen_ms) {
  if (!query.customers.contains(agent.key.customer)) return false;
  if (query.workspace_id && *query.workspace_id != agent.workspace_id) return false;
  bool is_offline = last_seen_ms < query.offline_before_ms;
  return !query.status || (*query.status == AgentStatus::offline) == is_offline;
}

}  // namespace

void Agents::State::add_to_indexes(Entries::value_type& entry) {
  by_id.emplace(entry.first.agent_id, &entry);
  for (std::string& host : host_keys(*entry.second.seen.agent)) by_host.emplace(std::move(host), &entry);
}

void Agents::State::remove_from_indexes(const Entries::value_type& entry) {
  erase_from(by_id, entry.first.agent_id, entry.first);
  for (const std::string& host : host_keys(*entry.second.seen.agent)) erase_from(by_host, host, entry.first);
}

Result<Agents::Entry*> Agents::State::find(const CustomerSet& customers, std::string_view agent_id) {
  Entry* found = nullptr;
  auto [first, last] = by_id.equal_range(std::string(agent_id));
  for (; first != last; ++first) {
    auto& [key, entry] = *first->second;
    if (!customers.contains(key.customer)) continue;
    if (found)
      return Status(StatusCode::failed_precondition,
                    fmt::format("several customers have an agent \"{}\": say whose with X-Tenant-Id", agent_id));
    found = &entry;
  }
  if (!found) return not_found(fmt::format("there is no agent \"{}\"", agent_id));
  return found;
}

void Agents::State::touch(const AgentKey& key, Entry& entry, int64_t now_ms) {
  entry.seen.last_seen_ms = now_ms;
  if (std::exchange(entry.is_touched, true)) return;
  touched.push_back(key);
}

void Agents::put(Agent agent) {
  int64_t last_seen_ms = agent.last_seen_ms;
  auto record = std::make_shared<const Agent>(std::move(agent));
  state_.with([&](State& state) {
    auto [entry, is_new] = state.entries.try_emplace(record->key);
    if (!is_new) state.remove_from_indexes(*entry);
    entry->second.seen = {record, std::max(last_seen_ms, entry->second.seen.last_seen_ms)};
    state.add_to_indexes(*entry);
  });
}

bool Agents::remove(const AgentKey& key) {
  return state_.with([&](State& state) {
    auto entry = state.entries.find(key);
    if (entry == state.entries.end()) return false;
    state.remove_from_indexes(*entry);
    state.entries.erase(entry);
    return true;
  });
}

size_t Agents::size() const {
  return state_.with([](const State& state) { return state.entries.size(); });
}

std::optional<SeenAgent> Agents::get(const AgentKey& key) const {
  return state_.with([&](const State& state) -> std::optional<SeenAgent> {
    auto entry = state.entries.find(key);
    if (entry == state.entries.end()) return std::nullopt;
    return entry->second.seen;
  });
}

Result<SeenAgent> Agents::find(const CustomerSet& customers, std::string_view agent_id) const {
  return state_.with([&](State& state) -> Result<SeenAgent> {
    ASSIGN_OR_RETURN(Entry * entry, state.find(customers, agent_id));
    return entry->seen;
  });
}

std::optional<SeenAgent> Agents::on_host(const std::string& customer, std::string_view hostname) const {
  return state_.with([&](const State& state) -> std::optional<SeenAgent> {
    auto [first, last] = state.by_host.equal_range(host_key(customer, hostname));
    std::optional<SeenAgent> found;
    // Who registered goes before who was only recognised.
    for (; first != last; ++first) {
      const SeenAgent& seen = first->second->second.seen;
      if (!found || found->agent->is_recognised) found = seen;
    }
    return found;
  });
}

std::vector<SeenAgent> Agents::list(const AgentQuery& query) const {
  return state_.with([&](const State& state) {
    std::vector<SeenAgent> list;
    auto at = state.entries.begin();
    if (query.customers.only) at = state.entries.lower_bound({*query.customers.only, ""});
    if (query.after && (at == state.entries.end() || *query.after >= at->first)) at = state.entries.upper_bound(*query.after);
    for (; at != state.entries.end() && list.size() < query.limit; ++at) {
      if (query.customers.only && at->first.customer != *query.customers.only) break;
      const SeenAgent& seen = at->second.seen;
      if (matches(query, *seen.agent, seen.last_seen_ms)) list.push_back(seen);
    }
    return list;
  });
}

Agents::Count Agents::count(int64_t offline_before_ms) const {
  return state_.with([&](const State& state) {
    Count count;
    for (const auto& [key, entry] : state.entries) (entry.seen.last_seen_ms < offline_before_ms ? count.offline : count.online)++;
    return count;
  });
}

Status Agents::touch(const CustomerSet& customers, std::string_view agent_id, int64_t now_ms) {
  return state_.with([&](State& state) -> Status {
    ASSIGN_OR_RETURN(Entry * entry, state.find(customers, agent_id));
    state.touch(entry->seen.agent->key, *entry, now_ms);
    return {};
  });
}

void Agents::touch(const AgentKey& key, int64_t now_ms) {
  state_.with([&](State& state) {
    auto entry = state.entries.find(key);
    if (entry != state.entries.end()) state.touch(key, entry->second, now_ms);
  });
}

void Agents::move_last_seen(int64_t by_ms) {
  state_.with([&](State& state) {
    for (auto& [key, entry] : state.entries) state.touch(key, entry, entry.seen.last_seen_ms + by_ms);
  });
}

std::vector<Agents::LastSeen> Agents::take_touched(size_t most) {
  return state_.with([&](State& state) {
    std::vector<LastSeen> taken;
    while (!state.touched.empty() && taken.size() < most) {
      auto entry = state.entries.find(state.touched.back());
      if (entry != state.entries.end()) {
        entry->second.is_touched = false;
        taken.push_back({entry->first, entry->second.seen.last_seen_ms});
      }
      state.touched.pop_back();
    }
    return taken;
  });
}

bool Agents::has_touched() const {
  return state_.with([](const State& state) { return !state.touched.empty(); });
}

void Agents::give_back_touched(const std::vector<LastSeen>& touched) {
  state_.with([&](State& state) {
    for (const LastSeen& one : touched) {
      auto entry = state.entries.find(one.key);
      if (entry != state.entries.end()) state.touch(one.key, entry->second, entry->second.seen.last_seen_ms);
    }
  });
}

}  // namespace vigia::tenancy
