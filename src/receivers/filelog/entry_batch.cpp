#include "receivers/filelog/entry_batch.h"

#include <algorithm>
#include <utility>

namespace vigia::receivers {

void EntryBatch::open() {
  if (is_open_) return;
  writer_.emplace(ledger_, usual_bytes_ + usual_bytes_ / 8);
  run_->begin_batch(*writer_);
  is_open_ = true;
}

void EntryBatch::push(std::string_view body, bool is_bytes, const operators::Origin& origin, const operators::Arrival& arrival,
                      NumberAttributes numbers) {
  open();
  if (!is_bytes && numbers.empty()) return run_->push(body, origin, arrival);
  operators::Entry& entry = run_->new_entry(origin, arrival);
  entry.body = is_bytes ? operators::Value::of_bytes(body) : operators::Value::of_text(body);
  for (const auto& [key, number] : numbers) entry.attributes(run_->arena()).set(run_->arena(), key, operators::Value::of_integer(number));
  run_->push(entry);
}

void EntryBatch::mark(const TrackedFile& file, const Position& position) { marks_[file.id] = position; }

void EntryBatch::flush(int64_t now_ms) {
  open();
  run_->flush(now_ms);
}

void EntryBatch::flush_all() {
  if (run_->held_count() == 0) return;
  open();
  run_->flush_all();
}

bool EntryBatch::holds(const TrackedFile& file) const {
  return run_->held_count() > 0 && file.origin && run_->oldest_held(file.origin->source()).has_value();
}

// Where reading has to go on after a crash so that what is held is not lost.
Position EntryBatch::held_position(TrackedFile& file, const Position& end) const {
  std::optional<uint64_t> oldest = run_->oldest_held(file.origin->source());
  if (!oldest || *oldest >= end.offset) return end;
  if (!file.file) return file.committed;
  uint64_t size = std::min(*oldest, tail_bytes);
  Result<std::string> before = read_range(*file.file, *oldest - size, size);
  if (!before.is_ok() || before->size() != size) return file.committed;
  return {*oldest, Sample::of(*before), end.record_number};
}

Parcel EntryBatch::close(KnownFiles& files) {
  Parcel parcel;
  if (is_open_) {
    parcel.item_count = run_->end_batch();
    if (parcel.item_count > 0) parcel.request = writer_->take();
    usual_bytes_ = std::clamp(parcel.request.size(), least_bytes, 2 * most_bytes);
    is_open_ = false;
    writer_.reset();
  }
  if (run_->held_count() > 0 || !held_.empty()) {
    for (auto& [id, position] : held_) marks_.try_emplace(id, position);
    held_.clear();
  }
  for (auto& [id, position] : marks_) {
    TrackedFile* file = files.by_id(id);
    if (!file) continue;
    bool is_held = holds(*file);
    if (is_held) held_[id] = position;
    parcel.marks.push_back({id, is_held ? held_position(*file, position) : position});
  }
  marks_.clear();
  return parcel;
}

}  // namespace vigia::receivers
