#include "journal/journal.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/check.h"
#include "base/text.h"
#include "journal/quota.h"
#include "journal/recovery.h"

namespace vigia::journal {

namespace {

constexpr int64_t lock_pause_ms = 50;
constexpr int64_t short_wait_ms = 1'000;
constexpr size_t most_cursors = 64;  // They fit a word.

std::vector<std::string> names_of(const std::vector<CursorOptions>& cursors) {
  std::vector<std::string> names;
  for (const CursorOptions& cursor : cursors) names.push_back(cursor.name);
  return names;
}

bool has_cursor(const JournalOptions& options, const std::string& name) {
  return std::any_of(options.cursors.begin(), options.cursors.end(), [&](const CursorOptions& cursor) { return cursor.name == name; });
}

bool knows_cursor(const Books& books, const std::string& name) {
  return std::any_of(books.cursors().begin(), books.cursors().end(), [&](const Books::Cursor& cursor) { return cursor.name == name; });
}

Status too_many_cursors(const std::string& directory, size_t count) {
  return resource_exhausted(fmt::format(
      "cannot use the journal {}: {} exporters would need a place in it, and {} have one; those that are gone keep theirs while data "
      "waits for them, and until the program is started anew",
      directory, count, most_cursors));
}

void give(uint64_t& budget, uint64_t bytes) { budget -= std::min(budget, bytes); }

}  // namespace

// --- Opening ---

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options, const JournalEnvironment& environment, int64_t lock_timeout_ms) {
  std::string lock_path = options.directory + "/lock";
  Result<std::unique_ptr<FileLock>> lock = environment.files.lock(lock_path);
  if (!lock.is_ok() && lock_timeout_ms > 0)
    environment.log.info(
        "Waiting for another process to let go of a directory",
        {{"directory", options.directory}, {"for", format_duration_ns(lock_timeout_ms * 1'000'000)}, {"error", lock.status()}});
  for (int64_t waited_ms = 0; !lock.is_ok() && waited_ms < lock_timeout_ms; waited_ms += lock_pause_ms) {
    pause_thread_ms(lock_pause_ms);
    lock = environment.files.lock(lock_path);
  }
  if (!lock.is_ok()) return std::move(lock).status();
  std::unique_ptr<Journal> journal(new Journal(std::move(options), environment, std::move(*lock)));
  RETURN_IF_ERROR(journal->recover_files());
  return journal;
}

Journal::Journal(JournalOptions options, const JournalEnvironment& environment, std::unique_ptr<FileLock> lock)
    : directory_(options.directory),
      environment_(environment),
      lock_(std::move(lock)),
      damage_(environment.files, options.directory, environment.log),
      random_(environment.seed ? Random(environment.seed) : Random::from_system()),
      last_sync_ms_(environment.clock.steady_ms()) {
  state_.with([&](State& state) { state.options = std::move(options); });
}

Journal::~Journal() = default;

Status Journal::recover_files() {
  // What a life before this kept to write over; by that name nobody looks for data.
  (void)environment_.files.remove(directory_ + "/" + std::string(spare_name));
  JournalOptions options = state_.with([](State& state) { return state.options; });
  ASSIGN_OR_RETURN(Recovered recovered, recover(environment_.files, directory_, names_of(options.cursors), damage_, environment_.log));
  next_file_ = recovered.next_file;
  next_record_ = recovered.next_record;
  return state_.with([&](State& state) {
    state.books = std::move(recovered.books);
    return use_options(state, std::move(options));
  });
}

// Changes everything or nothing. Places in the books last for as long as they live, so that only the first time those can be forgotten who want
// nothing any more.
Status Journal::use_options(State& state, JournalOptions options) const {
  const std::vector<Books::Cursor>& cursors = state.books.cursors();
  bool is_first_time = state.holders.empty();
  auto keeps_place = [&](const Books::Cursor& cursor) {
    return !is_first_time || cursor.wanted.records > 0 || has_cursor(options, cursor.name);
  };
  size_t places = static_cast<size_t>(std::count_if(cursors.begin(), cursors.end(), keeps_place));
  for (const CursorOptions& cursor : options.cursors) places += knows_cursor(state.books, cursor.name) ? 0 : 1;
  if (places > most_cursors) return too_many_cursors(directory_, places);
  std::set<std::string> newly_gone;
  for (uint32_t i = 0; i < cursors.size(); i++) {
    bool is_gone = !has_cursor(options, cursors[i].name);
    if (is_gone && (is_first_time || cursors[i].is_active)) newly_gone.insert(cursors[i].name);
    state.books.set_active(i, !is_gone);
  }
  if (is_first_time) state.books.forget_idle_cursors();
  for (const CursorOptions& cursor : options.cursors) {
    uint32_t index = state.books.find_or_add_cursor(cursor.name);
    state.books.set_active(index, true);
    state.holders.resize(cursors.size());
    state.holders[index].options = cursor;
  }
  state.holders.resize(cursors.size());
  for (const Books::Cursor& cursor : cursors)
    if (newly_gone.contains(cursor.name) && cursor.wanted.records > 0)
      environment_.log.warn(
          "the journal holds data for an exporter that its pipeline does not have any more. To deliver it, give the pipeline that exporter "
          "back; it is dropped first when there is no more room",
          {{"exporter", cursor.name}, {"records", cursor.wanted.records}, {"bytes", cursor.wanted.bytes}, {"directory", directory_}});
  state.options = std::move(options);
  state.must_begin_file = true;
  return {};
}

Status Journal::change_options(JournalOptions options) {
  return state_.with([&](State& state) { return use_options(state, std::move(options)); });
}

uint32_t Journal::cursor(std::string_view name) const {
  return state_.with([&](const State& state) {
    for (uint32_t i = 0; i < state.holders.size(); i++)
      if (state.books.cursor(i).name == name) return i;
    CHECK(false);
    return uint32_t{0};
  });
}

void Journal::set_wake(std::function<void()> wake) {
  wake_.with([&](std::function<void()>& held) { held = std::move(wake); });
}

void Journal::wake() {
  bool is_needed = state_.with([](State& state) { return !std::exchange(state.is_awake, true); });
  if (!is_needed) return;
  wake_.with([](std::function<void()>& call) {
    if (call) call();
  });
}

// --- Appending ---

void Journal::append(Record record, AppendDone done, uint64_t cursors) {
  auto framed = std::make_unique<FramedRecord>(std::move(record));
  bool must_make_room = false;
  Status status = state_.with([&](State& state) {
    Status admitted = admit(state, *framed, cursors);
    if (!admitted.is_ok()) {
      must_make_room = state.is_short_of_room || !state.releases.empty();
      return admitted;
    }
    state.pending_amount += framed->amount();
    state.pending_held_bytes += held_bytes(framed->record());
    state.pending.push_back({std::move(framed), std::move(done), cursors});
    return admitted;
  });
  if (status.is_ok() || must_make_room) wake();
  if (!status.is_ok()) done(std::move(status));
}

Status Journal::admit(State& state, const FramedRecord& record, uint64_t cursors) const {
  int64_t now_ms = environment_.clock.steady_ms();
  Amount amount = record.amount();
  if (state.pending_held_bytes + held_bytes(record.record()) > state.options.most_pending_bytes && state.pending_amount.records > 0)
    return unavailable("too much waits to be written to the disk").retryable_after_ms(short_wait_ms);
  RETURN_IF_ERROR(admit_to_disk(state, amount.bytes, now_ms));
  for (uint32_t cursor = 0; cursor < state.holders.size(); cursor++)
    if (is_asked(state, cursor, cursors)) RETURN_IF_ERROR(admit_to_cursor(state, cursor, amount, now_ms));
  return {};
}

Status Journal::room_for(const Amount& amount, uint64_t cursors) const {
  int64_t now_ms = environment_.clock.steady_ms();
  return state_.with([&](const State& state) -> Status {
    for (uint32_t cursor = 0; cursor < state.holders.size(); cursor++) {
      if (!is_asked(state, cursor, cursors)) continue;
      RETURN_IF_ERROR(fits_cursor(state, cursor, amount));
      bool refuses = state.holders[cursor].options.when_full == WhenFull::reject;
      if (refuses) RETURN_IF_ERROR(room_of_cursor(state, cursor, amount, now_ms));
    }
    return {};
  });
}

bool Journal::is_asked(const State& state, uint32_t cursor, uint64_t cursors) {
  return state.books.cursor(cursor).is_active && cursors >> cursor & 1;
}

Status Journal::admit_to_cursor(State& state, uint32_t cursor, const Amount& amount, int64_t now_ms) {
  RETURN_IF_ERROR(fits_cursor(state, cursor, amount));
  if (state.holders[cursor].options.when_full == WhenFull::drop_oldest)
    while (!room_of_cursor(state, cursor, amount, now_ms).is_ok() && drop_oldest(state, cursor)) continue;
  return room_of_cursor(state, cursor, amount, now_ms);
}

Status Journal::fits_cursor(const State& state, uint32_t cursor, const Amount& amount) {
  const CursorOptions& options = state.holders[cursor].options;
  if (!is_over(options.quota, amount)) return {};
  return invalid_argument(fmt::format("a request of {} items and {} bytes is larger than the whole sending queue of {}", amount.items,
                                      amount.bytes, options.name));
}

Status Journal::room_of_cursor(const State& state, uint32_t cursor, const Amount& amount, int64_t now_ms) {
  const Holder& holder = state.holders[cursor];
  Amount wanted = state.books.cursor(cursor).wanted;
  wanted += state.pending_amount;
  wanted += amount;
  if (!is_over(holder.options.quota, wanted)) return {};
  return unavailable(fmt::format("sending queue is full: {} has not caught up", holder.options.name))
      .retryable_after_ms(holder.drain.wait_ms(amount.bytes, now_ms));
}

// A file's worth of it; nothing when nothing waits.
std::optional<Amount> Journal::drop_oldest(State& state, uint32_t cursor) {
  std::optional<Books::Dropped> dropped = state.books.drop_oldest(cursor);
  if (!dropped) return std::nullopt;
  state.holders[cursor].dropped += dropped->amount;
  state.releases.insert(state.releases.end(), dropped->ranges.begin(), dropped->ranges.end());
  return dropped->amount;
}

// A file goes when nobody wants it any more, and work() sees to that: so what is dropped here makes room for those who come later, and until
// it has gone nothing more is dropped.
Status Journal::admit_to_disk(State& state, uint64_t bytes, int64_t now_ms) const {
  uint64_t limit = state.options.max_bytes;
  if (limit == 0 || state.books.size_bytes() + state.pending_amount.bytes + bytes <= limit) return {};
  state.is_short_of_room = true;
  int64_t wait_ms = short_wait_ms;
  auto refusal = [&] { return unavailable("the storage has reached its size limit").retryable_after_ms(wait_ms); };
  if (!state.books.finished_files().empty()) return refusal();
  drop_orphans(state, bytes);
  for (uint32_t cursor = 0; cursor < state.holders.size(); cursor++) {
    const Holder& holder = state.holders[cursor];
    if (!state.books.cursor(cursor).is_active) continue;
    if (holder.options.when_full == WhenFull::drop_oldest) drop_oldest(state, cursor);
    wait_ms = std::max(wait_ms, holder.drain.wait_ms(bytes, now_ms));
  }
  if (!state.books.finished_files().empty()) wait_ms = short_wait_ms;
  return refusal();
}

void Journal::drop_orphans(State& state, uint64_t bytes) const {
  for (uint32_t cursor = 0; cursor < state.holders.size(); cursor++) {
    if (state.books.cursor(cursor).is_active) continue;
    for (uint64_t dropped_bytes = 0; dropped_bytes < bytes;) {
      std::optional<Amount> dropped = drop_oldest(state, cursor);
      if (!dropped) break;
      dropped_bytes += dropped->bytes;
      environment_.log.warn("dropped data of an exporter that is gone, to make room",
                            {{"exporter", state.books.cursor(cursor).name}, {"items", dropped->items}});
    }
  }
}

// --- Holding ---

// Adds one record to the end of the list, or to the range that it continues.
void Journal::note_release(State& state, uint32_t cursor, const RecordPlace& place) {
  constexpr size_t most_looked_at = 8;
  std::vector<Released>& releases = state.releases;
  for (size_t i = releases.size(); i-- > 0 && i + most_looked_at >= releases.size();) {
    Released& range = releases[i];
    bool continues = range.cursor == cursor && range.file == place.file && range.first + range.count == place.number;
    if (!continues) continue;
    range.count++;
    range.items += place.items;
    range.bytes += place.bytes;
    return;
  }
  releases.push_back({cursor, place.file, place.number, 1, place.items, place.bytes});
}

bool Journal::release(uint32_t cursor, const RecordPlace& place, Origin origin) {
  int64_t now_ms = environment_.clock.steady_ms();
  bool is_first_release = false;
  bool may_read = state_.with([&](State& state) {
    Holder& holder = state.holders[cursor];
    give(origin == Origin::live ? holder.live_bytes : holder.backlog_bytes, place.held_bytes);
    if (state.books.release(cursor, place)) {
      holder.drain.note(place.bytes, now_ms);
      is_first_release = state.releases.empty() && !state.looks_again;
      note_release(state, cursor, place);
    }
    return is_readable(state, cursor);
  });
  if (is_first_release) wake();
  return may_read;
}

bool Journal::give_back(uint32_t cursor, const RecordPlace& place, Origin origin) {
  return state_.with([&](State& state) {
    Holder& holder = state.holders[cursor];
    give(origin == Origin::live ? holder.live_bytes : holder.backlog_bytes, place.held_bytes);
    state.books.give_back(cursor, place);
    return is_readable(state, cursor);
  });
}

bool Journal::has_waiting(uint32_t cursor) const {
  return state_.with([&](const State& state) {
    const Books::Cursor& books = state.books.cursor(cursor);
    return books.wanted.records > books.held.records;
  });
}

bool Journal::is_readable(uint32_t cursor) const {
  return state_.with([&](const State& state) { return is_readable(state, cursor); });
}

bool Journal::is_readable(const State& state, uint32_t cursor) {
  const Books::Cursor& books = state.books.cursor(cursor);
  return books.wanted.records > books.held.records && may_hold_backlog(state, cursor);
}

// In order: what is entered in the books this moment is the only one that waits.
bool Journal::may_hold_live(const State& state, uint32_t cursor) {
  const Holder& holder = state.holders[cursor];
  const Books::Cursor& books = state.books.cursor(cursor);
  bool is_next = holder.backlog_bytes == 0 && books.wanted.records <= books.held.records + 1;
  if (holder.options.in_order && !is_next) return false;
  return state.holders[cursor].live_bytes < state.options.live_bytes && may_hold_more(state, cursor);
}

bool Journal::may_hold_backlog(const State& state, uint32_t cursor) {
  if (state.holders[cursor].options.in_order && state.holders[cursor].live_bytes > 0) return false;
  return state.holders[cursor].backlog_bytes < state.options.backlog_bytes && may_hold_more(state, cursor);
}

// What is held cannot be dropped.
bool Journal::may_hold_more(const State& state, uint32_t cursor) {
  const CursorOptions& options = state.holders[cursor].options;
  return options.when_full == WhenFull::reject || !reaches(part_of(options.quota, 2), state.books.cursor(cursor).held);
}

CursorState Journal::cursor_state(uint32_t cursor) const {
  return state_.with([&](const State& state) -> CursorState {
    const Holder& holder = state.holders[cursor];
    const Books::Cursor& books = state.books.cursor(cursor);
    return {books.wanted, books.held, holder.options.quota, holder.dropped, state.books.oldest_ns(cursor)};
  });
}

JournalState Journal::state() const {
  JournalState result = state_.with([](const State& state) {
    JournalState sums;
    sums.size_bytes = state.books.size_bytes();
    sums.files = state.books.files().size();
    return sums;
  });
  result.syncs = syncs_.load(std::memory_order_relaxed);
  result.failed_writes = failed_writes_.load(std::memory_order_relaxed);
  result.damaged_bytes = damage_.damaged_bytes();
  result.lost_records = damage_.lost_records();
  return result;
}

}  // namespace vigia::journal
