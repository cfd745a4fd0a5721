#include "operators/chain.h"

#include <algorithm>
#include <utility>

#include "operators/program_internal.h"
#include "operators/record_groups.h"
#include "operators/record_write.h"
#include "otlp/customer_attribute.h"

namespace vigia::operators {

namespace {

// An operator tells of failures at most this often.
constexpr int64_t log_pause_ms = 10'000;

}  // namespace

class ChainRun::State {
 public:
  State(Chain chain, Surroundings surroundings, ZoneSet zones);
  ~State() { tell_held(true); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void begin_batch(otlp::RequestWriter& writer) {
    groups_.begin(writer);
    records_ = 0;
  }
  size_t end_batch() {
    groups_.end();
    tell_held(false);
    return records_;
  }
  size_t batch_records() const { return records_; }
  size_t batch_bytes() const { return groups_.size_bytes(); }

  void push_line(std::string_view body, const Origin& origin, const Arrival& arrival);
  Entry& new_entry(const Origin& origin, const Arrival& arrival);
  void push(Entry& entry) { run(entry, steps_.empty() ? end_of_chain : 0); }
  Arena& arena() { return arena_; }

  std::optional<int64_t> next_flush_ms() const;
  void flush(int64_t now_steady_ms, bool everything);
  std::optional<uint64_t> oldest_held(std::string_view source) const;
  size_t held_count() const;

 private:
  // A step with what this run has for it.
  struct Stage {
    const Step* step;
    std::unique_ptr<OperationState> state;
    Counter* failed;
    Counter* dropped;
    // Of those that hold entries back.
    Gauge* held_entries = nullptr;
    Gauge* held_bytes = nullptr;
    int64_t next_log_ms = 0;
    uint64_t failures_not_logged = 0;
  };

  void add_held_gauges(Stage& stage, const Labels& labels);
  void tell_held(bool is_over);
  Work work_of(size_t at) { return Work(tools_, steps_[at].state.get(), at, this, &emit_from); }
  static void emit_from(void* run, size_t step, Entry& entry);
  void run(Entry& entry, size_t at);
  Outcome apply(Stage& stage, Entry& entry, Work& work);
  void send_on(Entry& entry, const Outputs& outputs, size_t& at);
  void report(Stage& stage, const Problem& problem);
  void write(Entry& entry);
  void keep_customer(Map& resource);

  const Chain chain_;
  const Surroundings surroundings_;
  const ZoneSet zones_;
  Random random_ = Random::from_system();
  Arena arena_;
  std::vector<std::string_view> regex_groups_;
  Tools tools_;
  RecordGroups groups_;
  size_t records_ = 0;
  std::vector<Stage> steps_;
  Entry entry_;
  std::string resource_;
};

ChainRun::State::State(Chain chain, Surroundings surroundings, ZoneSet zones)
    : chain_(std::move(chain)),
      surroundings_(std::move(surroundings)),
      zones_(std::move(zones)),
      tools_{arena_, surroundings_.clock, random_, zones_, surroundings_.environment, regex_groups_},
      groups_(surroundings_.ledger) {
  if (chain_.is_empty()) return;
  for (const Step& step : chain_.program().steps) {
    Labels labels = {{"receiver", surroundings_.receiver}, {"operator", step.id}, {"type", step.type}};
    steps_.push_back(
        {&step, step.operation->create_state(),
         &surroundings_.metrics.counter("otelcol_operator_failed_entries", "Entries an operator could not process", labels),
         &surroundings_.metrics.counter("otelcol_operator_dropped_entries",
                                        "Entries an operator dropped, on purpose or because it could not process them", labels)});
    if (steps_.back().state) add_held_gauges(steps_.back(), labels);
  }
}

void ChainRun::State::add_held_gauges(Stage& stage, const Labels& labels) {
  MetricRegistry& metrics = surroundings_.metrics;
  stage.held_entries = &metrics.gauge("vigia_operator_held_entries", "Entries an operator holds back to join them with later ones", labels);
  stage.held_bytes = &metrics.gauge("vigia_operator_held_bytes", "Memory that the held entries take", labels);
}

void ChainRun::State::tell_held(bool is_over) {
  for (Stage& stage : steps_) {
    if (!stage.held_entries) continue;
    stage.held_entries->set(is_over ? 0 : static_cast<double>(stage.state->held_count()));
    stage.held_bytes->set(is_over ? 0 : static_cast<double>(stage.state->held_bytes()));
  }
}

void ChainRun::State::push_line(std::string_view body, const Origin& origin, const Arrival& arrival) {
  if (steps_.empty()) {
    append_line_record(groups_.group_of(origin.resource_wire(), {}), body, origin, arrival.observed_ns, arrival.time_ns);
    records_++;
    return;
  }
  Entry& entry = new_entry(origin, arrival);
  entry.body = Value::of_text(body);
  run(entry, 0);
}

Entry& ChainRun::State::new_entry(const Origin& origin, const Arrival& arrival) {
  arena_.reset();
  entry_ = Entry{};
  entry_.origin = &origin;
  entry_.position = arrival.position;
  entry_.observed_ns = arrival.observed_ns;
  entry_.time_ns = arrival.time_ns;
  entry_.has_time = arrival.time_ns != 0;
  return entry_;
}

void ChainRun::State::emit_from(void* run, size_t step, Entry& entry) {
  auto& self = *static_cast<State*>(run);
  size_t at = end_of_chain;
  self.send_on(entry, self.steps_[step].step->outputs, at);
  self.run(entry, at);
}

// No operator comes twice on any way (decode sees to that), so this comes to an end.
void ChainRun::State::run(Entry& entry, size_t at) {
  while (at != end_of_chain) {
    Stage& stage = steps_[at];
    Work work = work_of(at);
    Outcome outcome = apply(stage, entry, work);
    if (outcome == Outcome::failed) {
      report(stage, work.problem);
      outcome = stage.step->sends_on_error() ? Outcome::passed : Outcome::dropped;
      work.outputs = nullptr;
    }
    if (outcome == Outcome::dropped) stage.dropped->add();
    if (outcome != Outcome::passed) return;
    send_on(entry, work.outputs ? *work.outputs : stage.step->outputs, at);
  }
  write(entry);
}

// An entry that the condition does not choose passes as it is.
Outcome ChainRun::State::apply(Stage& stage, Entry& entry, Work& work) {
  if (stage.step->condition) {
    std::optional<bool> is_chosen = stage.step->condition->test(entry, tools_, work.problem);
    if (!is_chosen) return Outcome::failed;
    if (!*is_chosen) return Outcome::passed;
  }
  return stage.step->operation->apply(entry, work);
}

// All but the last output get a copy; `at` is then the last.
void ChainRun::State::send_on(Entry& entry, const Outputs& outputs, size_t& at) {
  for (size_t i = 0; i + 1 < outputs.size(); i++) {
    Entry copy = entry.copy(arena_, false);
    run(copy, outputs[i]);
  }
  at = outputs.empty() ? end_of_chain : outputs.back();
}

void ChainRun::State::report(Stage& stage, const Problem& problem) {
  stage.failed->add();
  stage.failures_not_logged++;
  LogLevel level = stage.step->is_quiet() ? LogLevel::debug : LogLevel::warn;
  if (!surroundings_.log.is_enabled(level)) return;
  int64_t now_ms = surroundings_.clock.steady_ms();
  if (now_ms < stage.next_log_ms) return;
  stage.next_log_ms = now_ms + log_pause_ms;
  constexpr size_t longest_detail = 300;
  std::string cause(problem.what);
  if (!problem.detail.empty()) cause.append(": ").append(problem.detail.substr(0, longest_detail));
  surroundings_.log.write(level, "cannot process an entry",
                          {{"operator", stage.step->id},
                           {"error", cause},
                           {"action", stage.step->sends_on_error() ? "send" : "drop"},
                           {"failed_since_last", stage.failures_not_logged}});
  stage.failures_not_logged = 0;
}

void ChainRun::State::write(Entry& entry) {
  std::string_view resource;
  if (entry.own_resource()) {
    if (!surroundings_.customer.empty()) keep_customer(entry.resource(arena_));
    write_resource(resource_, entry.resource(arena_));
    resource = resource_;
  } else {
    resource = entry.origin->resource_wire();
  }
  append_record(groups_.group_of(resource, entry.scope_name), entry);
  records_++;
}

// What operators found in a line does not say whose it is.
void ChainRun::State::keep_customer(Map& resource) {
  resource.remove(otlp::customer_label);
  resource.set(arena_, otlp::customer_attribute, Value::of_text(surroundings_.customer));
}

std::optional<int64_t> ChainRun::State::next_flush_ms() const {
  std::optional<int64_t> earliest;
  for (const Stage& stage : steps_) {
    std::optional<int64_t> next = stage.state ? stage.state->next_flush_ms() : std::nullopt;
    if (next) earliest = std::min(earliest.value_or(*next), *next);
  }
  return earliest;
}

void ChainRun::State::flush(int64_t now_steady_ms, bool everything) {
  // What one operator lets go another may hold, which may stand before it in the list.
  for (size_t round = 0; round < steps_.size(); round++) {
    for (size_t at = 0; at < steps_.size(); at++) {
      if (!steps_[at].state) continue;
      arena_.reset();
      Work work = work_of(at);
      steps_[at].state->flush(work, now_steady_ms, everything);
    }
    if (!everything || held_count() == 0) return;
  }
}

std::optional<uint64_t> ChainRun::State::oldest_held(std::string_view source) const {
  std::optional<uint64_t> oldest;
  for (const Stage& stage : steps_) {
    std::optional<uint64_t> position = stage.state ? stage.state->oldest_held(source) : std::nullopt;
    if (position) oldest = std::min(oldest.value_or(*position), *position);
  }
  return oldest;
}

size_t ChainRun::State::held_count() const {
  size_t count = 0;
  for (const Stage& stage : steps_) count += stage.state ? stage.state->held_count() : 0;
  return count;
}

Result<std::unique_ptr<ChainRun>> ChainRun::create(Chain chain, Surroundings surroundings) {
  ZoneSet zones;
  if (!chain.is_empty()) {
    ASSIGN_OR_RETURN(zones, ZoneSet::load(surroundings.files, chain.program().zones, surroundings.environment));
  }
  auto state = std::make_unique<State>(std::move(chain), std::move(surroundings), std::move(zones));
  return std::unique_ptr<ChainRun>(new ChainRun(std::move(state)));
}

ChainRun::ChainRun(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChainRun::~ChainRun() = default;

void ChainRun::begin_batch(otlp::RequestWriter& writer) { state_->begin_batch(writer); }
size_t ChainRun::end_batch() { return state_->end_batch(); }
size_t ChainRun::batch_records() const { return state_->batch_records(); }
size_t ChainRun::batch_bytes() const { return state_->batch_bytes(); }
void ChainRun::push(std::string_view body, const Origin& origin, const Arrival& arrival) { state_->push_line(body, origin, arrival); }
Entry& ChainRun::new_entry(const Origin& origin, const Arrival& arrival) { return state_->new_entry(origin, arrival); }
void ChainRun::push(Entry& entry) { state_->push(entry); }
Arena& ChainRun::arena() { return state_->arena(); }
std::optional<int64_t> ChainRun::next_flush_ms() const { return state_->next_flush_ms(); }
void ChainRun::flush(int64_t now_steady_ms) { state_->flush(now_steady_ms, false); }
void ChainRun::flush_all() { state_->flush(0, true); }
std::optional<uint64_t> ChainRun::oldest_held(std::string_view source) const { return state_->oldest_held(source); }
size_t ChainRun::held_count() const { return state_->held_count(); }

}  // namespace vigia::operators
