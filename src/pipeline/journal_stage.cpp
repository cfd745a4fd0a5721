#include "pipeline/journal_stage.h"

#include <fmt/core.h>

#include "pipeline/journal_record.h"
#include "pipeline/journal_stage_core_internal.h"
#include "pipeline/storage_place.h"

namespace vigia::pipeline {

namespace {

constexpr int64_t lock_timeout_ms = 5'000;
constexpr uint64_t largest_file = 16 << 20;
constexpr uint64_t smallest_file = 1 << 20;

// Files are deleted whole: smaller ones where little may be kept.
uint64_t file_bytes_for(const JournalStageConfig& config, uint64_t max_bytes) {
  uint64_t smallest_quota = max_bytes > 0 ? max_bytes : UINT64_MAX;
  for (const JournalStageConfig::Cursor& cursor : config.cursors)
    if (cursor.quota.bytes > 0) smallest_quota = std::min(smallest_quota, cursor.quota.bytes);
  return std::clamp(smallest_quota / 8, smallest_file, largest_file);
}

journal::JournalOptions options_for(const JournalStageConfig& config, const StorageSettings& storage) {
  journal::JournalOptions options;
  options.directory = journal_directory(storage, config.pipeline);
  for (const JournalStageConfig::Cursor& cursor : config.cursors)
    options.cursors.push_back({cursor.exporter, cursor.quota, cursor.when_full, cursor.in_order});
  apply_storage(storage, options);
  options.file_bytes = file_bytes_for(config, storage.max_bytes);
  return options;
}

}  // namespace

std::string JournalStageConfig::fingerprint() const {
  std::string text = fmt::format("{} {} {} {}", pipeline, storage.to_string(), branch_count, blocks_on_overflow);
  for (const Cursor& cursor : cursors) {
    text += fmt::format("\n{} {} {}/{}/{} {}", cursor.exporter, cursor.branch, cursor.quota.records, cursor.quota.items, cursor.quota.bytes,
                        static_cast<int>(cursor.when_full));
    if (cursor.in_order) text += " in order";
    if (cursor.overflow)
      text += fmt::format(" {} {} {}", cursor.overflow->to, cursor.overflow->after_ms, cursor.overflow->replay_items_per_second);
  }
  return text;
}

JournalStage::JournalStage(const Context& context, JournalShelf& shelf, JournalStageConfig config, Consumer& next)
    : shelf_(shelf), core_(std::make_shared<Core>(context, std::move(config), next)) {}
JournalStage::~JournalStage() = default;

Status JournalStage::start() {
  const Context& context = core_->context();
  ASSIGN_OR_RETURN(const Storage* storage, find_storage(context.find_extension, core_->config().storage));
  journal::JournalOptions options = options_for(core_->config(), storage->storage());
  RETURN_IF_ERROR(context.files.create_directories(options.directory));
  ASSIGN_OR_RETURN(std::shared_ptr<JournalRunner> runner, shelf_.open(options, lock_timeout_ms));
  RETURN_IF_ERROR(open_overflows());
  RETURN_IF_ERROR(core_->start(std::move(runner), options, storage->storage().directory));
  observe();
  return {};
}

void JournalStage::stop_waiting() { core_->stop_waiting(); }

void JournalStage::stop(int64_t, Function<void()> stopped) {
  observations_.clear();
  core_->stop(std::move(stopped));
}

Result<Reservation> JournalStage::reserve(const Load& load) { return core_->reserve(load); }
void JournalStage::consume(Batch batch, Done done) { core_->consume(std::move(batch), std::move(done)); }

// --- Metrics ---

void JournalStage::observe() {
  using journal::CursorState;
  using journal::JournalState;
  MetricRegistry& metrics = core_->context().metrics;
  const JournalStageConfig& config = core_->config();
  auto gauge = [&](std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read) {
    observations_.push_back(metrics.observe_gauge(name, help, labels, std::move(read)));
  };
  auto counter = [&](std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read) {
    observations_.push_back(metrics.observe_counter(name, help, labels, std::move(read)));
  };
  for (const JournalStageConfig::Cursor& cursor : config.cursors) {
    Labels labels = {
        {"exporter", cursor.exporter}, {"data_type", std::string(otlp::signal_name(config.signal))}, {"pipeline", config.pipeline}};
    uint32_t number = core_->runner().journal().cursor(cursor.exporter);
    auto of_cursor = [core = core_, number](auto read) {
      return [core, number, read] { return static_cast<double>(read(core->runner().journal().cursor_state(number))); };
    };
    // In the unit of queue_size.
    auto in_unit = [](const journal::Amount& quota, const journal::Amount& amount) {
      return quota.bytes > 0 ? amount.bytes : quota.items > 0 ? amount.items : amount.records;
    };
    gauge("otelcol_exporter_queue_size", "What waits in the sending queue or is being sent.", labels,
          of_cursor([in_unit](const CursorState& state) { return in_unit(state.quota, state.wanted); }));
    gauge("otelcol_exporter_queue_capacity", "What the sending queue can hold.", labels,
          of_cursor([in_unit](const CursorState& state) { return in_unit(state.quota, state.quota); }));
    gauge("vigia_exporter_queue_bytes", "Bytes on disk that wait for the exporter.", labels,
          of_cursor([](const CursorState& state) { return state.wanted.bytes; }));
    gauge("vigia_exporter_queue_items", "Items that wait for the exporter.", labels,
          of_cursor([](const CursorState& state) { return state.wanted.items; }));
    gauge("vigia_exporter_queue_oldest_age_seconds", "How long ago the oldest data that waits for the exporter came.", labels,
          of_cursor([core = core_.get()](const CursorState& state) {
            return state.oldest_ns == 0 ? 0.0 : static_cast<double>(core->context().clock.wall_ns() - state.oldest_ns) / 1e9;
          }));
    observe_overflow(number, labels);
    Labels with_reason = labels;
    with_reason.emplace_back("reason", "queue_full");
    counter("vigia_exporter_queue_dropped_items_total", "Items that were dropped to make room for newer ones.", with_reason,
            of_cursor([](const CursorState& state) { return state.dropped.items; }));
  }
  Labels labels = {{"pipeline", config.pipeline}};
  auto of_journal = [core = core_](auto read) {
    return [core, read] { return static_cast<double>(read(core->runner().journal().state())); };
  };
  gauge("vigia_journal_size_bytes", "Bytes of the pipeline's journal files.", labels,
        of_journal([](const JournalState& state) { return state.size_bytes; }));
  gauge("vigia_journal_files", "Files of the pipeline's journal.", labels,
        of_journal([](const JournalState& state) { return state.files; }));
  counter("vigia_journal_syncs_total", "How often the journal was made safe on the disk.", labels,
          of_journal([](const JournalState& state) { return state.syncs; }));
  counter("vigia_journal_failed_writes_total", "Writes and syncs of the journal that failed.", labels,
          of_journal([](const JournalState& state) { return state.failed_writes; }));
  counter("vigia_journal_damaged_bytes_total", "Bytes of the journal that could not be read and were kept aside.", labels,
          of_journal([](const JournalState& state) { return state.damaged_bytes; }));
  counter("vigia_journal_lost_records_total", "Records that were lost to damage.", labels,
          of_journal([](const JournalState& state) { return state.lost_records; }));
  counter("vigia_journal_refused_items_total", "Items that were refused because a queue or the disk was full.", labels,
          [core = core_] { return static_cast<double>(core->refused_items()); });
}

}  // namespace vigia::pipeline
