#include "journal/books.h"

#include <algorithm>

#include "base/check.h"

namespace vigia::journal {

namespace {

constexpr size_t most_time_marks = 256;  // of one file
constexpr int64_t time_mark_distance_ns = 1'000'000'000;

// Amounts of lost records are not known, so a difference may come out too large.
void subtract(Amount& from, const Amount& less) {
  from.records -= std::min(from.records, less.records);
  from.items -= std::min(from.items, less.items);
  from.bytes -= std::min(from.bytes, less.bytes);
}

}  // namespace

// --- Cursors ---

uint32_t Books::find_or_add_cursor(std::string_view name) {
  for (uint32_t i = 0; i < cursors_.size(); i++)
    if (cursors_[i].name == name) return i;
  cursors_.emplace_back().name = name;
  return static_cast<uint32_t>(cursors_.size() - 1);
}

void Books::forget_idle_cursors() {
  std::erase_if(cursors_, [](const Cursor& cursor) { return !cursor.is_active && cursor.wanted.records == 0; });
}

// --- Files ---

void Books::begin_file(const FileEntry& file) {
  std::optional<uint64_t> previous;
  if (!files_.empty()) previous = newest_file().identity.number;
  remove_file(file.identity.number);
  files_[file.identity.number] = file;
  size_bytes_ += file.size_bytes;
  for (uint32_t i = 0; i < cursors_.size(); i++) {
    if (cursors_[i].is_active) cursors_[i].shares[file.identity.number];
    // The share of what was the newest had to stay; now it goes if it is empty.
    if (Share* share = previous ? find_share(i, *previous) : nullptr) settle_share(i, *previous, *share);
  }
}

void Books::remove_file(uint64_t number) {
  auto file = files_.find(number);
  if (file == files_.end()) return;
  size_bytes_ -= file->second.size_bytes;
  files_.erase(file);
  times_.erase(number);
  for (Cursor& cursor : cursors_) {
    auto share = cursor.shares.find(number);
    if (share == cursor.shares.end()) continue;
    subtract(cursor.wanted, share->second.wanted);
    subtract(cursor.held, share->second.held);
    cursor.shares.erase(share);
  }
}

uint64_t Books::fit_file(uint64_t number, uint64_t size_bytes) {
  FileEntry& file = files_.at(number);
  if (size_bytes < file.size_bytes) set_file_size(number, size_bytes);
  uint64_t records = std::min(file.end_record - file.first_record, file.size_bytes / frame_header_bytes);
  uint64_t missing = file.end_record - file.first_record - records;
  file.end_record -= missing;
  for (Cursor& cursor : cursors_) recount(cursor, number, records);
  return missing;
}

// Lets a share say no more than what `records` records can be.
void Books::recount(Cursor& cursor, uint64_t file, uint64_t records) {
  auto share = cursor.shares.find(file);
  if (share == cursor.shares.end()) return;
  std::vector<uint64_t> words = share->second.released.words();
  if (words.size() > (records + 63) / 64) words.resize((records + 63) / 64);
  if (words.size() == records / 64 + 1) words.back() &= (uint64_t{1} << (records % 64)) - 1;
  share->second.released = Bits::from_words(std::move(words));
  uint64_t wanted = records - share->second.released.count();
  subtract(cursor.wanted, {share->second.wanted.records, 0, 0});
  cursor.wanted.records += wanted;
  share->second.wanted.records = wanted;
  if (wanted > 0) return;
  subtract(cursor.wanted, share->second.wanted);
  cursor.shares.erase(share);
}

const FileEntry* Books::find_file(uint64_t number) const {
  auto file = files_.find(number);
  return file == files_.end() ? nullptr : &file->second;
}

void Books::set_file_size(uint64_t number, uint64_t size_bytes) {
  auto file = files_.find(number);
  CHECK(file != files_.end());
  size_bytes_ += size_bytes - file->second.size_bytes;
  file->second.size_bytes = size_bytes;
}

std::vector<FileIdentity> Books::finished_files() const {
  std::vector<FileIdentity> finished;
  for (const auto& [number, file] : files_) {
    if (number == files_.rbegin()->first) break;
    bool is_wanted =
        std::any_of(cursors_.begin(), cursors_.end(), [n = number](const Cursor& cursor) { return cursor.shares.contains(n); });
    if (!is_wanted) finished.push_back(file.identity);
  }
  return finished;
}

// --- Records ---

uint64_t Books::add(const Amount& amount, int64_t received_ns) {
  FileEntry& file = newest_file();
  uint64_t number = file.end_record++;
  for (Cursor& cursor : cursors_) {
    auto share = cursor.shares.find(file.identity.number);
    if (share == cursor.shares.end()) continue;
    share->second.wanted += amount;
    cursor.wanted += amount;
  }
  mark_time(number, received_ns);
  return number;
}

void Books::skip_to(uint64_t number) {
  FileEntry& file = newest_file();
  uint64_t from = file.end_record;
  file.end_record = std::max(from, number);
  for (Cursor& cursor : cursors_) {
    auto share = cursor.shares.find(file.identity.number);
    if (share == cursor.shares.end()) continue;
    for (uint64_t lost = from; lost < number; lost++) share->second.released.set(lost - file.first_record);
  }
}

void Books::mark_time(uint64_t number, int64_t received_ns) {
  received_ns = std::clamp<int64_t>(received_ns, 0, INT64_MAX - time_mark_distance_ns);
  std::vector<TimeMark>& marks = times_[newest_file().identity.number];
  if (!marks.empty() && received_ns < marks.back().received_ns + time_mark_distance_ns) return;
  if (marks.size() == most_time_marks)
    for (size_t i = 1; i < marks.size(); i++) marks.erase(marks.begin() + static_cast<std::ptrdiff_t>(i));  // every other one
  marks.push_back({number, received_ns});
}

int64_t Books::oldest_ns(uint32_t cursor) const {
  for (const auto& [number, share] : cursors_[cursor].shares) {
    if (share.wanted.records == 0) continue;
    const FileEntry& file = files_.at(number);
    uint64_t oldest = file.first_record + Bits::first_in_neither(share.released, share.released, 0);
    auto marks = times_.find(number);
    int64_t received_ns = std::max<int64_t>(file.created_ns, 0);
    if (marks == times_.end()) return received_ns;
    for (const TimeMark& mark : marks->second)
      if (mark.number <= oldest) received_ns = mark.received_ns;
    return received_ns;
  }
  return 0;
}

Share* Books::find_share(uint32_t cursor, uint64_t file) {
  auto share = cursors_[cursor].shares.find(file);
  return share == cursors_[cursor].shares.end() ? nullptr : &share->second;
}
const Share* Books::find_share(uint32_t cursor, uint64_t file) const {
  auto share = cursors_[cursor].shares.find(file);
  return share == cursors_[cursor].shares.end() ? nullptr : &share->second;
}

// Once every record of a file is released, nothing of it is wanted, whatever lost records did to the sums; and the share may go.
void Books::settle_share(uint32_t cursor, uint64_t file, Share& share) {
  const FileEntry& entry = files_.at(file);
  if (share.released.count() < entry.end_record - entry.first_record) return;
  subtract(cursors_[cursor].wanted, share.wanted);
  share.wanted = {};
  if (file != newest_file().identity.number) cursors_[cursor].shares.erase(file);
}

bool Books::is_waiting(uint32_t cursor, uint64_t file, uint64_t number) const {
  const Share* share = find_share(cursor, file);
  if (!share) return false;
  const FileEntry& entry = files_.at(file);
  if (number < entry.first_record || number >= entry.end_record) return false;
  uint64_t index = number - entry.first_record;
  return !share->released.test(index) && !share->taken.test(index);
}

std::optional<Books::Position> Books::next_waiting(uint32_t cursor, const Position& from) const {
  const auto& shares = cursors_[cursor].shares;
  for (auto at = shares.lower_bound(from.file); at != shares.end(); ++at) {
    const auto& [number, share] = *at;
    if (share.wanted.records <= share.held.records) continue;
    const FileEntry& file = files_.at(number);
    uint64_t start = number == from.file && from.number > file.first_record ? from.number - file.first_record : 0;
    uint64_t index = Bits::first_in_neither(share.released, share.taken, start);
    if (file.first_record + index < file.end_record) return Position{number, file.first_record + index};
  }
  return std::nullopt;
}

bool Books::take(uint32_t cursor, const RecordPlace& place) {
  if (!is_waiting(cursor, place.file, place.number)) return false;
  Share* share = find_share(cursor, place.file);
  share->taken.set(place.number - files_.at(place.file).first_record);
  share->held += place.amount();
  cursors_[cursor].held += place.amount();
  return true;
}

bool Books::give_back(uint32_t cursor, const RecordPlace& place) {
  Share* share = find_share(cursor, place.file);
  if (!share || !share->taken.clear(place.number - files_.at(place.file).first_record)) return false;
  subtract(share->held, place.amount());
  subtract(cursors_[cursor].held, place.amount());
  return true;
}

bool Books::release(uint32_t cursor, const RecordPlace& place) {
  give_back(cursor, place);
  Share* share = find_share(cursor, place.file);
  if (!share || !share->released.set(place.number - files_.at(place.file).first_record)) return false;
  subtract(share->wanted, place.amount());
  subtract(cursors_[cursor].wanted, place.amount());
  settle_share(cursor, place.file, *share);
  return true;
}

void Books::apply(const Released& released) {
  const FileEntry* file = find_file(released.file);
  Share* share = released.cursor < cursors_.size() && file ? find_share(released.cursor, released.file) : nullptr;
  if (!share || released.first < file->first_record) return;
  uint64_t end = std::min(released.first + released.count, file->end_record);
  Amount amount{0, released.items, released.bytes};
  for (uint64_t number = released.first; number < end; number++) amount.records += share->released.set(number - file->first_record);
  subtract(share->wanted, amount);
  subtract(cursors_[released.cursor].wanted, amount);
  settle_share(released.cursor, released.file, *share);
}

uint64_t Books::lose(uint64_t file, uint64_t first, uint64_t count) {
  const FileEntry* entry = find_file(file);
  if (!entry) return 0;
  uint64_t base = entry->first_record;
  uint64_t end = std::min(first + count, entry->end_record);
  Bits lost;
  for (uint32_t cursor = 0; cursor < cursors_.size(); cursor++) {
    Share* share = find_share(cursor, file);
    if (!share) continue;
    for (uint64_t number = first; number < end; number++) {
      if (share->taken.test(number - base) || !share->released.set(number - base)) continue;
      lost.set(number - first);
      subtract(share->wanted, {1, 0, 0});
      subtract(cursors_[cursor].wanted, {1, 0, 0});
    }
    settle_share(cursor, file, *share);
  }
  return lost.count();
}

std::optional<Books::Dropped> Books::drop_oldest(uint32_t cursor) {
  std::optional<Position> oldest = next_waiting(cursor, {});
  if (!oldest) return std::nullopt;
  const FileEntry& file = files_.at(oldest->file);
  Share& share = *find_share(cursor, oldest->file);
  Dropped dropped;
  dropped.amount = share.wanted;
  subtract(dropped.amount, share.held);
  for (uint64_t number = oldest->number; number < file.end_record; number++) {
    uint64_t index = number - file.first_record;
    if (share.taken.test(index) || !share.released.set(index)) continue;
    if (dropped.ranges.empty() || dropped.ranges.back().first + dropped.ranges.back().count != number)
      dropped.ranges.push_back({cursor, oldest->file, number, 0, 0, 0});
    dropped.ranges.back().count++;
  }
  // The sums of all ranges stand with the first.
  dropped.ranges.front().items = dropped.amount.items;
  dropped.ranges.front().bytes = dropped.amount.bytes;
  subtract(share.wanted, dropped.amount);
  subtract(cursors_[cursor].wanted, dropped.amount);
  settle_share(cursor, oldest->file, share);
  return dropped;
}

}  // namespace vigia::journal
