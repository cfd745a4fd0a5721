#include "extensions/agent_registry/agent_writer.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

namespace vigia::extensions {

using tenancy::Agent;
using tenancy::AgentKey;

namespace {

constexpr std::string_view database_name = "control.db";
// Of one transaction: a few milliseconds of work.
constexpr size_t most_changes = 256;
constexpr size_t most_touched = 1'024;
// Agents whose registration waits for the disk. More are told to come again.
constexpr size_t most_waiting = 4'096;
constexpr int64_t forgotten_interval_ms = 3'600'000;
// Between two transactions of heartbeats when one is not enough: others share the loop.
constexpr int64_t breath_ms = 5;

}  // namespace

AgentWriter::AgentWriter(const pipeline::Context& context, Settings settings, tenancy::Agents& agents, const RegistryClock& clock)
    : context_(context),
      settings_(std::move(settings)),
      agents_(agents),
      clock_(clock),
      failures_(context.metrics.counter("vigia_agent_registry_storage_failures_total", "Transactions of the agents' database that failed.",
                                        {{"extension", context.id.to_string()}})) {}

Status AgentWriter::open() {
  if (!settings_.directory.empty()) {
    RETURN_IF_ERROR(context_.files.create_directories(settings_.directory));
    auto lock = context_.files.lock(settings_.directory + "/" + std::string(database_name) + ".lock");
    if (!lock.is_ok()) return std::move(lock).status().with_context("cannot use the agents' database; does another program use it?");
    lock_ = std::move(*lock);
  }
  RETURN_IF_ERROR(open_database());
  ASSIGN_OR_RETURN(std::vector<Agent> loaded, table_->load());
  int64_t now_ms = clock_.now_ms();
  looked_for_forgotten_ms_ = clock_.steady_ms();
  for (Agent& agent : loaded) {
    // A clock that went back would keep them online.
    agent.last_seen_ms = std::min(agent.last_seen_ms, now_ms);
    agents_.put(std::move(agent));
  }
  return {};
}

void AgentWriter::begin() {
  context_.background.loop().post([this] { flush_in(settings_.flush_interval_ms); });
}

Status AgentWriter::open_database() {
  std::string path = settings_.directory.empty() ? ":memory:" : settings_.directory + "/" + std::string(database_name);
  ASSIGN_OR_RETURN(database_, tenancy::Database::open_or_set_aside(path, tenancy::control_plane_migrations(), context_.files,
                                                                   context_.clock, context_.log));
  ASSIGN_OR_RETURN(table_, tenancy::AgentTable::create(*database_));
  return {};
}

// --- Changes ---

void AgentWriter::put(Agent agent, Changed changed) { enqueue({std::move(agent), false, std::move(changed)}); }

void AgentWriter::remove(AgentKey key, Changed changed) {
  Agent agent;
  agent.key = std::move(key);
  enqueue({std::move(agent), true, std::move(changed)});
}

void AgentWriter::enqueue(Change change) {
  bool is_taken = queue_.with([&](Queue& queue) {
    if (queue.is_stopping || queue.waiting.size() >= most_waiting) return false;
    queue.waiting.push_back(std::move(change));
    schedule(queue);
    return true;
  });
  if (!is_taken) change.changed(unavailable("too many registrations wait for the disk; try again").retryable_after_ms(1'000));
}

// Under the queue's lock, so that nothing is posted once the last task has been.
void AgentWriter::schedule(Queue& queue) {
  if (queue.is_stopping || std::exchange(queue.is_scheduled, true)) return;
  context_.background.loop().post([this] { work(); });
}

std::vector<AgentWriter::Change> AgentWriter::take_waiting() {
  return queue_.with([](Queue& queue) {
    std::vector<Change> taken;
    while (!queue.waiting.empty() && taken.size() < most_changes) {
      taken.push_back(std::move(queue.waiting.front()));
      queue.waiting.pop_front();
    }
    return taken;
  });
}

void AgentWriter::work() {
  write(take_waiting());
  queue_.with([&](Queue& queue) {
    queue.is_scheduled = false;
    if (!queue.waiting.empty()) schedule(queue);
  });
}

void AgentWriter::write(std::vector<Change> changes) {
  std::vector<Step> steps = steps_of(std::move(changes));
  if (steps.empty()) return;
  Status stored = store(steps);
  note(stored);
  if (stored.is_ok()) return apply(std::move(steps));
  for (Step& step : steps) step.change.changed(unavailable(stored.message()).retryable_after_ms(settings_.flush_interval_ms));
}

// Answers what cannot be done, and finds out what the rest means.
std::vector<AgentWriter::Step> AgentWriter::steps_of(std::vector<Change> changes) {
  std::vector<Step> steps;
  std::set<AgentKey> added;
  for (Change& change : changes) {
    const AgentKey& key = change.agent.key;
    auto known = agents_.get(key);
    bool was_there = known.has_value() || added.count(key) > 0;
    if (change.is_removal && !was_there) {
      change.changed(not_found(fmt::format("there is no agent \"{}\"", key.agent_id)));
      continue;
    }
    if (!change.is_removal && !was_there && agents_.size() + added.size() >= settings_.max_agents) {
      change.changed(
          resource_exhausted(fmt::format("the registry holds its {} agents: remove some, or raise max_agents", settings_.max_agents)));
      continue;
    }
    if (known && !change.is_removal) change.agent.registered_ms = known->agent->registered_ms;
    if (!was_there && !change.is_removal) added.insert(key);
    Step step{std::move(change), was_there, std::nullopt};
    // Somebody who was only recognised by the data of the same host: this is the same agent, under its own name.
    auto namesake = agents_.on_host(step.change.agent.key.customer, step.change.agent.hostname);
    bool is_replaced = namesake && namesake->agent->is_recognised && !step.change.agent.is_recognised;
    if (!step.change.is_removal && is_replaced && namesake->agent->key != step.change.agent.key) step.replaced = namesake->agent->key;
    steps.push_back(std::move(step));
  }
  return steps;
}

Status AgentWriter::store(const std::vector<Step>& steps) {
  if (!table_) RETURN_IF_ERROR(recover());
  return database_->in_transaction([&]() -> Status {
    for (const Step& step : steps) {
      if (step.replaced) RETURN_IF_ERROR(table_->remove(*step.replaced));
      RETURN_IF_ERROR(step.change.is_removal ? table_->remove(step.change.agent.key) : table_->put(step.change.agent));
    }
    return {};
  });
}

void AgentWriter::apply(std::vector<Step> steps) {
  for (Step& step : steps) {
    if (step.replaced) agents_.remove(*step.replaced);
    if (step.change.is_removal)
      agents_.remove(step.change.agent.key);
    else
      agents_.put(std::move(step.change.agent));
    step.change.changed(!step.was_there);
  }
}

// --- Heartbeats ---

void AgentWriter::flush_in(int64_t delay_ms) {
  timer_ = context_.background.loop().run_after_ms(delay_ms, [this] {
    timer_ = 0;
    flush();
  });
}

void AgentWriter::flush() {
  Status flushed = flush_some();
  note(flushed);
  remove_forgotten();
  bool is_more = flushed.is_ok() && agents_.has_touched();
  flush_in(is_more ? breath_ms : settings_.flush_interval_ms);
}

Status AgentWriter::flush_some() {
  std::vector<tenancy::Agents::LastSeen> touched = agents_.take_touched(most_touched);
  if (touched.empty()) return {};
  Status stored = table_ ? Status() : recover();
  if (stored.is_ok())
    stored = database_->in_transaction([&]() -> Status {
      for (const auto& [key, last_seen_ms] : touched) RETURN_IF_ERROR(table_->set_last_seen(key, last_seen_ms));
      return {};
    });
  if (!stored.is_ok()) agents_.give_back_touched(touched);
  return stored;
}

// Who has been away for so long is not coming back, and somebody else may have the room.
void AgentWriter::remove_forgotten() {
  int64_t now_ms = clock_.now_ms();  // Also where nothing is forgotten: a clock that was set is noticed soon.
  int64_t since_ms = clock_.steady_ms() - looked_for_forgotten_ms_;
  if (settings_.remove_after_ms == 0 || since_ms < std::min(forgotten_interval_ms, settings_.remove_after_ms)) return;
  looked_for_forgotten_ms_ = clock_.steady_ms();
  tenancy::AgentQuery query;
  query.status = tenancy::AgentStatus::offline;
  query.offline_before_ms = now_ms - settings_.remove_after_ms;
  query.limit = most_touched;
  for (const tenancy::SeenAgent& seen : agents_.list(query)) {
    context_.log.info("An agent that was not heard of for long is removed from the registry",
                      {{"customer", seen.agent->key.customer}, {"agent", seen.agent->key.agent_id}});
    remove(seen.agent->key, [](const Result<bool>&) {});
  }
}

// --- Trouble ---

void AgentWriter::note(const Status& status) {
  if (status.is_ok()) {
    if (std::exchange(is_failing_, false)) context_.log.info("The agents' database can be written to again");
    return;
  }
  failures_.add();
  // What was damaged while it was open is found out by opening it anew.
  if (status.code() == StatusCode::data_loss) table_.reset();
  if (!std::exchange(is_failing_, true))
    context_.log.error("The agents' database cannot be written to: heartbeats are kept in memory, registrations are refused",
                       {{"error", status}});
}

Status AgentWriter::recover() {
  table_.reset();
  database_.reset();
  RETURN_IF_ERROR(open_database());
  Status filled = database_->in_transaction([&]() -> Status {
    for (const tenancy::SeenAgent& seen : agents_.list({})) {
      Agent agent = *seen.agent;
      agent.last_seen_ms = seen.last_seen_ms;
      RETURN_IF_ERROR(table_->put(agent));
    }
    return {};
  });
  if (!filled.is_ok()) table_.reset();
  return filled;
}

void AgentWriter::stop(Function<void()> stopped) {
  queue_.with([&](Queue& queue) {
    queue.is_stopping = true;
    context_.background.loop().post([this, stopped = std::move(stopped)]() mutable {
      context_.background.loop().cancel_timer(timer_);
      for (std::vector<Change> changes = take_waiting(); !changes.empty(); changes = take_waiting()) write(std::move(changes));
      while (agents_.has_touched())
        if (!flush_some().is_ok()) break;
      table_.reset();
      database_.reset();
      lock_.reset();
      stopped();
    });
  });
}

}  // namespace vigia::extensions
