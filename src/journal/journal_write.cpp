// The writing half of the journal: all of it runs on the one thread that calls work().

#include <algorithm>

#include "journal/journal.h"
#include "journal/quota.h"

namespace vigia::journal {

namespace {

constexpr int64_t release_delay_ms = 100;
constexpr int64_t write_retry_ms = 1'000;
// A file that is drained and smaller than this goes on being written to.
constexpr uint64_t small_file_bytes = 1 << 20;
constexpr size_t few_files = 64;
// After so long without anything to write the spare file goes.
constexpr int64_t spare_idle_ms = 2'000;

Status as_retryable(Status status) { return std::move(status).with_context("cannot store the data").retryable_after_ms(write_retry_ms); }

}  // namespace

int64_t Journal::work() {
  Group group = take_group();
  if (!group.is_empty()) {
    std::vector<uint64_t> offsets;
    Status status = write_and_sync(group, offsets);
    answer(std::move(group), std::move(status), offsets);
  }
  int64_t next_ms = rest();
  state_.with([&](State& state) { state.looks_again = next_ms >= 0 && next_ms <= release_delay_ms; });
  return next_ms;
}

void Journal::flush() {
  last_work_ms_ = 0;
  (void)work();
}

// Everything that waits; of releases alone only what has waited for a moment.
Journal::Group Journal::take_group() {
  int64_t now_ms = environment_.clock.steady_ms();
  Group group;
  state_.with([&](State& state) {
    state.is_awake = false;
    state.looks_again = false;
    if (state.pending.empty() && now_ms - last_work_ms_ < release_delay_ms) return;
    group.records = std::exchange(state.pending, {});
    group.releases = std::exchange(state.releases, {});
  });
  if (!group.is_empty()) last_work_ms_ = now_ms;
  return group;
}

// A group whose sync fails is written once more, to a new file: what the old one holds of it can be trusted no more, but nothing else is lost.
Status Journal::write_and_sync(Group& group, std::vector<uint64_t>& offsets) {
  SyncPolicy policy = state_.with([](State& state) { return state.options.sync; });
  Status status;
  for (int tries = 0; tries < 2; tries++) {
    status = write_once(group, offsets);
    if (!status.is_ok() || policy != SyncPolicy::always || group.records.empty()) return status;
    status = sync_now();
    if (status.is_ok()) return status;
    abandon_file();
  }
  return status;
}

Status Journal::write_once(Group& group, std::vector<uint64_t>& offsets) {
  ASSIGN_OR_RETURN(bool is_new, begin_file_if_needed());
  if (is_new) group.releases.clear();  // the checkpoint has them
  if (group.is_empty()) return {};
  std::vector<const FramedRecord*> records;
  records.reserve(group.records.size());
  for (const Pending& pending : group.records) records.push_back(pending.record.get());
  Result<std::vector<uint64_t>> written =
      writer_->write(records, next_record_, group.releases.empty() ? std::string() : encode_releases(group.releases));
  if (!written.is_ok()) {
    failed_writes_.fetch_add(1, std::memory_order_relaxed);
    return std::move(written).status();
  }
  offsets = std::move(*written);
  for (const FramedRecord* record : records) written_ += record->amount();
  return {};
}

Result<bool> Journal::begin_file_if_needed() {
  auto [must_begin, file_bytes, most, files, policy] = state_.with([](State& state) {
    return std::tuple(state.must_begin_file, state.options.file_bytes, most_per_file(state.options), state.books.files().size(),
                      state.options.sync);
  });
  // A file that is begun early has to be worth its checkpoint, which tells of all files.
  bool is_worth_another = files < few_files || written_.bytes >= 8 * checkpoint_bytes_;
  bool is_full = writer_ && (writer_->size_bytes() >= file_bytes || (reaches(most, written_) && is_worth_another));
  if (writer_ && !must_begin && !is_full) return false;
  // What was answered on trust is made safe before its file is left.
  if (writer_ && policy == SyncPolicy::interval && writer_->synced_bytes() < writer_->size_bytes() && !sync_now().is_ok()) abandon_file();
  writer_ = nullptr;
  Status status = begin_file();
  if (status.is_ok()) return true;
  failed_writes_.fetch_add(1, std::memory_order_relaxed);
  return status;
}

// A whole file's worth is dropped at a time, and that has to be little of the queue.
Amount Journal::most_per_file(const JournalOptions& options) {
  Amount most;
  for (const CursorOptions& cursor : options.cursors)
    if (cursor.when_full == WhenFull::drop_oldest) most = stricter(most, part_of(cursor.quota, 16));
  return most;
}

Status Journal::begin_file() {
  uint64_t min_free = state_.with([](State& state) { return state.options.min_free_bytes; });
  Result<uint64_t> free = environment_.files.free_bytes(directory_);
  if (free.is_ok() && *free < min_free)
    return resource_exhausted("the disk of " + directory_ + " is nearly full: " + std::to_string(*free >> 20) + " MiB are left");
  std::string checkpoint = state_.with([](State& state) {
    state.releases.clear();  // They stand in the books.
    state.must_begin_file = false;
    return state.books.encode();
  });
  written_ = {};
  checkpoint_bytes_ = checkpoint.size();
  FileHeader header{{next_file_++, random_.next()}, next_record_, environment_.clock.wall_ns()};
  ASSIGN_OR_RETURN(writer_, make_file(header, checkpoint));
  state_.with([&](State& state) {
    state.books.begin_file({header.identity, next_record_, next_record_, writer_->size_bytes(), header.created_ns});
  });
  return {};
}

Result<std::unique_ptr<LogWriter>> Journal::make_file(const FileHeader& header, std::string_view checkpoint) {
  if (std::exchange(has_spare_, false)) {
    Result<std::unique_ptr<LogWriter>> writer =
        LogWriter::recycle(environment_.files, directory_, std::string(spare_name), header, checkpoint);
    if (writer.is_ok()) return writer;
    keeps_spares_ = false;
  }
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::create(environment_.files, directory_, header, checkpoint);
  if (!writer.is_ok()) {
    keeps_spares_ = false;
    remove_spare();
  }
  return writer;
}

Status Journal::sync_now() {
  Status status = writer_->sync();
  syncs_.fetch_add(1, std::memory_order_relaxed);
  if (status.is_ok()) last_sync_ms_ = environment_.clock.steady_ms();
  return status;
}

void Journal::abandon_file() {
  failed_writes_.fetch_add(1, std::memory_order_relaxed);
  environment_.log.error(
      "the disk failed to make a journal file safe; the file is left, and what was not yet acknowledged goes into a new one",
      {{"file", directory_ + "/" + writer_->header().identity.name()}});
  writer_ = nullptr;
}

void Journal::answer(Group group, Status status, const std::vector<uint64_t>& offsets) {
  std::vector<Result<Appended>> answers;
  answers.reserve(group.records.size());
  Amount amount;
  uint64_t held = 0;
  for (const Pending& pending : group.records) {
    amount += pending.record->amount();
    held += held_bytes(pending.record->record());
  }
  state_.with([&](State& state) {
    state.pending_amount -= amount;
    state.pending_held_bytes -= held;
    if (!status.is_ok()) {
      state.releases.insert(state.releases.begin(), group.releases.begin(), group.releases.end());
      return;
    }
    if (writer_) state.books.set_file_size(writer_->header().identity.number, writer_->size_bytes());
    for (size_t i = 0; i < group.records.size(); i++) {
      const FramedRecord& record = *group.records[i].record;
      RecordPlace place{
          writer_->header().identity.number, next_record_, offsets[i], record.record().items, record.bytes(), record.record().received_ns,
          held_bytes(record.record())};
      next_record_++;
      answers.emplace_back(Appended{place, publish(state, group.records[i], place)});
    }
  });
  if (status.is_ok() != !is_full_told_ && !group.records.empty()) {
    is_full_told_ = !status.is_ok();
    if (is_full_told_)
      environment_.log.error("the journal cannot be written; newcomers are refused until it can", {{"error", status}});
    else
      environment_.log.info("the journal can be written again");
  }
  for (size_t i = 0; i < group.records.size(); i++)
    group.records[i].done(status.is_ok() ? std::move(answers[i]) : Result<Appended>(as_retryable(status)));
}

// Enters the record in the books, and hands it to the cursors that can hold more. For whom it is not, it is released at once.
uint64_t Journal::publish(State& state, const Pending& pending, const RecordPlace& place) {
  state.books.add(pending.record->amount(), place.received_ns);
  uint64_t live_cursors = 0;
  for (uint32_t cursor = 0; cursor < state.holders.size(); cursor++) {
    Holder& holder = state.holders[cursor];
    bool is_for_it = (pending.cursors >> cursor & 1) != 0;
    if (!is_for_it && state.books.release(cursor, place)) note_release(state, cursor, place);
    if (!is_for_it) continue;
    if (!may_hold_live(state, cursor) || !state.books.take(cursor, place)) continue;
    holder.live_bytes += place.held_bytes;
    live_cursors |= uint64_t{1} << cursor;
  }
  return live_cursors;
}

// --- Between groups ---

int64_t Journal::rest() {
  remove_finished();
  auto [has_pending, has_releases, policy, interval_ms] = state_.with([](State& state) {
    return std::tuple(!state.pending.empty(), !state.releases.empty(), state.options.sync, state.options.sync_interval_ms);
  });
  if (has_pending) return 0;
  int64_t now_ms = environment_.clock.steady_ms();
  int64_t next_ms = -1;
  auto wait_until = [&](int64_t time_ms) {
    int64_t wait_ms = std::max<int64_t>(time_ms - now_ms, 0);
    next_ms = next_ms < 0 ? wait_ms : std::min(next_ms, wait_ms);
  };
  if (has_releases) wait_until(last_work_ms_ + release_delay_ms);
  if (writer_ && policy == SyncPolicy::interval && writer_->synced_bytes() < writer_->size_bytes()) {
    if (now_ms - last_sync_ms_ < interval_ms)
      wait_until(last_sync_ms_ + interval_ms);
    else if (!sync_now().is_ok())
      abandon_file();
  }
  if (has_releases) return next_ms;
  if (has_spare_ && now_ms - last_work_ms_ >= spare_idle_ms)
    remove_spare();
  else if (has_spare_)
    wait_until(last_work_ms_ + spare_idle_ms);
  if (now_ms - last_work_ms_ >= release_delay_ms)
    remove_drained_file();
  else
    wait_until(last_work_ms_ + release_delay_ms);
  // Says in the file that all before is safe, so that a later bad spot in it is known to be damage.
  if (writer_ && !writer_->is_marked() && policy == SyncPolicy::always) {
    if (now_ms - last_work_ms_ < release_delay_ms)
      wait_until(last_work_ms_ + release_delay_ms);
    else if (writer_->write({}, next_record_, {}).is_ok())
      state_.with([&](State& state) { state.books.set_file_size(writer_->header().identity.number, writer_->size_bytes()); });
  }
  return next_ms;
}

void Journal::remove_finished() {
  std::vector<FileIdentity> finished = state_.with([](State& state) { return state.books.finished_files(); });
  for (const FileIdentity& file : finished) remove_file(file);
}

void Journal::remove_file(const FileIdentity& file) {
  std::string path = directory_ + "/" + file.name();
  bool is_spare = keeps_spares_ && !has_spare_ && has_room_for_spare() &&
                  environment_.files.rename(path, directory_ + "/" + std::string(spare_name)).is_ok();
  has_spare_ |= is_spare;
  if (!is_spare && !environment_.files.remove(path).is_ok()) return;
  state_.with([&](State& state) { state.books.remove_file(file.number); });
}

// The spare takes the disk's room as long as it is there, and so does the file that it becomes.
bool Journal::has_room_for_spare() const {
  return state_.with([](const State& state) {
    return state.options.max_bytes == 0 || state.books.size_bytes() + 2 * state.options.file_bytes <= state.options.max_bytes;
  });
}

void Journal::remove_spare() {
  if (std::exchange(has_spare_, false)) (void)environment_.files.remove(directory_ + "/" + std::string(spare_name));
}

// The newest file goes, too, when nobody wants anything and it is worth it.
void Journal::remove_drained_file() {
  bool is_short_of_room = state_.with([](State& state) { return std::exchange(state.is_short_of_room, false); });
  if (writer_ && writer_->size_bytes() < small_file_bytes && !is_short_of_room) return;
  std::optional<FileIdentity> drained = state_.with([](State& state) -> std::optional<FileIdentity> {
    const auto& cursors = state.books.cursors();
    bool is_wanted = std::any_of(cursors.begin(), cursors.end(), [](const Books::Cursor& cursor) { return cursor.wanted.records > 0; });
    if (is_wanted || state.books.files().empty()) return std::nullopt;
    return state.books.newest_file().identity;
  });
  if (!drained) return;
  writer_ = nullptr;
  remove_file(*drained);
}

}  // namespace vigia::journal
