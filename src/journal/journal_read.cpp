// The reading half of the journal: the backlog of cursors, oldest first.

#include "journal/journal.h"

namespace vigia::journal {

namespace {

// A place that the disk cannot read is tried so often before it counts as lost.
constexpr int most_read_failures = 5;

}  // namespace

Result<std::vector<ReadRecord>> Journal::read(uint32_t cursor, uint64_t max_bytes) {
  if (readings_.size() <= cursor) readings_.resize(cursor + 1);
  Reading& reading = readings_[cursor];
  std::vector<ReadRecord> found;
  uint64_t bytes = 0;
  while (bytes < max_bytes) {
    std::optional<NextRead> next = next_to_read(cursor);
    if (!next) break;
    Status status = open_reading(reading, *next);
    // Too many open files, say: that tells nothing about the record.
    bool is_unreadable = status.is_ok() || status.code() == StatusCode::not_found;
    if (status.is_ok()) status = read_file(cursor, reading, *next, max_bytes, found, bytes);
    if (status.is_ok()) {
      reading.failures = 0;
      continue;
    }
    reading.reader = nullptr;
    if (is_unreadable && ++reading.failures >= most_read_failures) {
      environment_.log.error("the disk cannot read a record of the journal; it is passed over", {{"error", status}});
      lose(next->file.number, next->number, 1);
      reading.failures = 0;
      continue;
    }
    if (found.empty()) return status;
    break;
  }
  return found;
}

std::optional<Journal::NextRead> Journal::next_to_read(uint32_t cursor) const {
  return state_.with([&](const State& state) -> std::optional<NextRead> {
    if (!may_hold_backlog(state, cursor)) return std::nullopt;
    std::optional<Books::Position> next = state.books.next_waiting(cursor, {});
    if (!next) return std::nullopt;
    const FileEntry& file = *state.books.find_file(next->file);
    return NextRead{file.identity, next->number, file.first_record, file.end_record, file.size_bytes};
  });
}

// Goes on where it was; from the beginning of the file when something was given back.
Status Journal::open_reading(Reading& reading, const NextRead& next) const {
  bool goes_on = reading.reader && reading.reader->identity() == next.file && reading.next_number <= next.number;
  if (goes_on) {
    reading.reader->set_end(next.size_bytes);
    return {};
  }
  reading.reader = nullptr;
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, environment_.files.open_file(directory_ + "/" + next.file.name(), FileMode::read));
  reading.reader = std::make_unique<FrameReader>(std::move(file), next.file, file_header_bytes, next.size_bytes);
  reading.next_number = next.first_record;
  return {};
}

// Records stand in their order: a number that is passed over is not there.
Status Journal::read_file(uint32_t cursor, Reading& reading, const NextRead& next, uint64_t max_bytes, std::vector<ReadRecord>& found,
                          uint64_t& bytes) {
  auto lose_up_to = [&](uint64_t number) {
    if (number <= reading.next_number) return;
    lose(next.file.number, reading.next_number, number - reading.next_number);
    reading.next_number = number;
  };
  while (bytes < max_bytes) {
    ASSIGN_OR_RETURN(FrameReader::Step step, reading.reader->next());
    if (step.kind == FrameReader::Step::Kind::end) {
      lose_up_to(next.end_record);
      return {};
    }
    if (step.kind == FrameReader::Step::Kind::damage) damage_.keep(*reading.reader, step.offset, step.bytes, "no frame begins here");
    if (step.kind != FrameReader::Step::Kind::frame || step.header.kind != FrameKind::record) continue;
    uint64_t number = step.header.number;
    if (number < reading.next_number || number >= next.end_record) continue;
    lose_up_to(number);
    ASSIGN_OR_RETURN(bool has_room, take_record(cursor, step, *reading.reader, found, bytes));
    reading.next_number = number + 1;
    if (!has_room) return {};
  }
  return {};
}

// Says whether the cursor may hold more.
Result<bool> Journal::take_record(uint32_t cursor, const FrameReader::Step& step, FrameReader& reader, std::vector<ReadRecord>& found,
                                  uint64_t& bytes) {
  uint64_t file = reader.identity().number;
  bool is_waiting = state_.with([&](const State& state) { return state.books.is_waiting(cursor, file, step.header.number); });
  if (!is_waiting) return true;
  Result<Slice> payload = reader.payload(step, environment_.ledger);
  if (!payload.is_ok() && payload.status().code() != StatusCode::data_loss) return std::move(payload).status();
  ReadRecord read;
  Result<size_t> head = payload.is_ok() ? decode_head(payload->view(), read.record) : Result<size_t>(payload.status());
  if (!head.is_ok()) {
    damage_.keep(reader, step.offset, step.bytes, head.status().message());
    lose(file, step.header.number, 1);
    return true;
  }
  read.place = {file, step.header.number, step.offset, read.record.items, step.bytes, read.record.received_ns, held_bytes(read.record)};
  read.record.body = payload->sub(payload->view().substr(*head));
  bool is_taken = false;
  bool has_room = state_.with([&](State& state) {
    Holder& holder = state.holders[cursor];
    is_taken = state.books.take(cursor, read.place);
    if (is_taken) holder.backlog_bytes += read.place.held_bytes;
    return may_hold_backlog(state, cursor);
  });
  if (is_taken) {
    bytes += read.place.held_bytes;
    found.push_back(std::move(read));
  }
  return has_room;
}

void Journal::lose(uint64_t file, uint64_t first, uint64_t count) {
  uint64_t lost = state_.with([&](State& state) { return state.books.lose(file, first, count); });
  if (lost > 0) damage_.count_lost_records(lost);
}

}  // namespace vigia::journal
