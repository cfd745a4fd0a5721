// The overflow of a durable pipeline's exporters: where it is opened, what it needs of the stage, what it shows.

#include <algorithm>

#include "pipeline/journal_stage_core_internal.h"
#include "pipeline/local_overflow.h"
#include "pipeline/storage_place.h"

namespace vigia::pipeline {

namespace {

constexpr int64_t lock_timeout_ms = 5'000;
constexpr int64_t pause_ms = 1'000;
constexpr uint64_t smallest_file = 1 << 20;

}  // namespace

// --- Opening ---

Status JournalStage::open_overflows() {
  const Context& context = core_->context();
  const JournalStageConfig& config = core_->config();
  for (size_t i = 0; i < config.cursors.size(); i++) {
    const JournalStageConfig::Cursor& cursor = config.cursors[i];
    if (!cursor.overflow) continue;
    ASSIGN_OR_RETURN(const Storage* storage, find_storage(context, ComponentId::parse(cursor.overflow->to)));
    const StorageSettings& settings = storage->storage();
    journal::JournalOptions options = LocalOverflow::journal_options(overflow_directory(settings, config.pipeline, cursor.exporter));
    apply_storage(settings, options);
    // Room comes back a file at a time.
    if (options.max_bytes > 0) options.file_bytes = std::clamp(options.max_bytes / 8, smallest_file, options.file_bytes);
    RETURN_IF_ERROR(context.files.create_directories(options.directory));
    ASSIGN_OR_RETURN(std::shared_ptr<JournalRunner> runner, shelf_.open(options, lock_timeout_ms));
    // In a reload the predecessor has it open, with the settings that were.
    RETURN_IF_ERROR(runner->journal().change_options(options));
    OverflowOwner owner{cursor.exporter, config.pipeline, config.signal};
    core_->use_overflow(i, std::make_shared<LocalOverflow>(std::move(owner), std::move(runner), context.ledger, context.log));
  }
  return {};
}

std::shared_ptr<OverflowPump> JournalStage::Core::make_overflow(Branch& branch, size_t cursor) {
  auto store = overflows_.find(cursor);
  if (store == overflows_.end()) return nullptr;
  const OverflowConfig& config = *config_.cursors[cursor].overflow;
  OverflowOutlet outlet;
  outlet.branches = branch.bit;
  outlet.enter = [weak = weak_from_this()]() -> std::shared_ptr<void> {
    std::shared_ptr<Core> core = weak.lock();
    return core ? core->enter() : nullptr;
  };
  // The pump has entered when it calls these.
  outlet.pass = [this, bit = branch.bit](Batch batch) { pass(std::move(batch), bit); };
  outlet.is_behind = [this, number = branch.cursor, after_ns = config.after_ms * 1'000'000] {
    journal::CursorState state = runner_->journal().cursor_state(number);
    bool is_waiting = state.wanted.records > state.held.records;
    return is_waiting && context_.clock.wall_ns() - state.oldest_ns > after_ns;
  };
  return std::make_shared<OverflowPump>(context_, config, store->second, std::move(outlet));
}

// --- Moving ---

bool JournalStage::Core::is_overdue(const Branch& branch, const journal::RecordPlace& place) {
  return branch.overflow && branch.overflow->is_overdue(place);
}

void JournalStage::Core::move_to_overflow(Branch& branch, Batch batch, int64_t received_ns) {
  std::shared_ptr<void> entry = enter();
  if (!entry) return;  // It stays in the journal.
  branch.overflow->move(std::move(batch), received_ns, [this, entry = std::move(entry), &branch](const Status& status) {
    if (!status.is_ok()) pause(branch, std::max(pause_ms, status.retry_delay_ms()));
  });
}

// --- Metrics ---

const OverflowPump* JournalStage::Core::overflow(uint32_t cursor) const {
  for (const Branch& branch : branches_)
    if (branch.cursor == cursor) return branch.overflow.get();
  return nullptr;
}

void JournalStage::observe_overflow(uint32_t cursor, const Labels& labels) {
  if (!core_->overflow(cursor)) return;
  MetricRegistry& metrics = core_->context().metrics;
  auto of_pump = [core = core_, cursor](auto read) {
    return [core, cursor, read] { return static_cast<double>(read(*core->overflow(cursor))); };
  };
  auto of_amount = [&](auto read) { return of_pump([read](const OverflowPump& pump) { return read(pump.store().amount()); }); };
  observations_.push_back(metrics.observe_gauge("vigia_exporter_overflow_items", "Items in the exporter's overflow.", labels,
                                                of_amount([](const OverflowAmount& amount) { return amount.items; })));
  observations_.push_back(metrics.observe_gauge("vigia_exporter_overflow_bytes", "Bytes of the exporter's overflow, as they are stored.",
                                                labels, of_amount([](const OverflowAmount& amount) { return amount.bytes; })));
  observations_.push_back(metrics.observe_gauge(
      "vigia_exporter_overflow_oldest_age_seconds", "How long ago the oldest data of the exporter's overflow came.", labels,
      of_amount([core = core_.get()](const OverflowAmount& amount) {
        return amount.oldest_ns == 0 ? 0.0 : static_cast<double>(core->context().clock.wall_ns() - amount.oldest_ns) / 1e9;
      })));
  observations_.push_back(metrics.observe_counter("vigia_exporter_overflow_moved_items_total",
                                                  "Items that were moved from the journal to the exporter's overflow.", labels,
                                                  of_pump([](const OverflowPump& pump) { return pump.moved_items(); })));
  observations_.push_back(metrics.observe_counter("vigia_exporter_overflow_replayed_items_total",
                                                  "Items of the overflow that the exporter has dealt with.", labels,
                                                  of_pump([](const OverflowPump& pump) { return pump.replayed_items(); })));
}

}  // namespace vigia::pipeline
