#include "otlp/split.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "otlp/metric_view.h"

namespace vigia::otlp {

namespace {

const char* end_of(std::string_view bytes) { return bytes.data() + bytes.size(); }

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<size_t>(end - begin)}; }

}  // namespace

Splitter::Splitter(Signal signal, Chain chain, size_t item_count, MemoryLedger& ledger)
    : chain_(std::move(chain)),
      ledger_(&ledger),
      leaf_level_(signal == Signal::metrics ? 4 : 2),
      items_left_(item_count),
      mean_item_size_(chain_.size() / std::max<size_t>(item_count, 1) + 1) {
  if (!chain_.empty()) open_[0].rest = chain_.slices()[0].view();
}

Part Splitter::next(size_t most_items) {
  CHECK(most_items > 0);
  Part part;
  bool takes_all = most_items >= items_left_;
  room_ = takes_all ? SIZE_MAX : most_items;
  while (room_ > 0 && slice_index_ < chain_.slices().size()) {
    take_from_slice(part);
    if (depth_ > 0 || !open_[0].rest.empty()) break;
    slice_index_++;
    if (slice_index_ < chain_.slices().size()) open_[0].rest = chain_.slices()[slice_index_].view();
  }
  part.item_count = takes_all ? items_left_ : most_items - room_;
  bool is_exhausted = slice_index_ == chain_.slices().size() || part.item_count == 0;
  items_left_ = is_exhausted ? 0 : items_left_ - part.item_count;
  return part;
}

bool Splitter::is_child(size_t level, const Field& field) const {
  if (level == 3) return field.type() == WireType::length && metric_kind_of(field.id()) != MetricKind::none;
  bool is_first_field = level == 0 || level == 4;
  return field.tag == bytes_tag(is_first_field ? 1 : 2);
}

// The items in a message of this level, or any number above the limit.
size_t Splitter::count_up_to(size_t level, std::string_view message, size_t limit) const {
  size_t count = 0;
  Cursor cursor(message);
  Field field;
  while (count <= limit && cursor.next(field)) {
    if (is_child(level, field)) count += level == leaf_level_ ? 1 : count_up_to(level + 1, field.content, limit - count);
  }
  return count;
}

bool Splitter::fits(size_t level, const Field& child, size_t& count) const {
  count = 0;
  if (room_ == SIZE_MAX) return true;
  count = level == leaf_level_ ? 1 : count_up_to(level + 1, child.content, room_);
  return count <= room_;
}

void Splitter::open(size_t level, const Field& field) {
  OpenMessage& message = open_[level];
  message.tag = field.tag;
  message.rest = field.content;
  message.header.clear();
  Cursor cursor(field.content);
  Field child;
  while (cursor.next(child)) {
    if (!is_child(level, child)) message.header += child.whole;
  }
  depth_ = level;
}

// How large the next piece of this message may become: a guess.
size_t Splitter::expected_size(size_t level) const {
  size_t rest = open_[level].rest.size();
  size_t items = room_ < rest ? std::min(rest, room_ * mean_item_size_) : rest;
  return items + open_[level].header.size() + 64;
}

// Takes ResourceX messages from the current slice until it or the room is exhausted.
void Splitter::take_from_slice(Part& part) {
  const Slice& slice = chain_.slices()[slice_index_];
  std::string_view& rest = open_[0].rest;
  auto cut = [&] {
    Appender piece(*ledger_, expected_size(1));
    take_from_open_child(0, piece);
    part.payload.append(piece.take());
  };
  if (depth_ > 0) cut();
  if (depth_ > 0) return;
  const char* run_begin = rest.data();
  Cursor cursor(rest);
  Field field;
  while (room_ > 0 && cursor.next(field)) {
    size_t count = 0;
    if (!is_child(0, field) || fits(0, field, count)) {
      if (room_ != SIZE_MAX) room_ -= count;
      rest = between(end_of(field.whole), end_of(rest));
      continue;
    }
    part.payload.append(slice.sub(between(run_begin, field.whole.data())));
    rest = between(end_of(field.whole), end_of(rest));
    run_begin = rest.data();
    open(1, field);
    cut();
    if (depth_ > 0) return;
  }
  part.payload.append(slice.sub(between(run_begin, rest.data())));
}

// Writes a piece of the innermost message below this level that has been opened.
void Splitter::take_from_open_child(size_t level, Appender& out) {
  NestedMessage piece(out, open_[level + 1].tag, expected_size(level + 1));
  out.append(open_[level + 1].header);
  take_children(level + 1, out);
  piece.close();
}

// Takes children of the open message until it or the room is exhausted. Empty children at its end go with what is before them.
void Splitter::take_children(size_t level, Appender& out) {
  std::string_view& rest = open_[level].rest;
  if (depth_ > level) take_from_open_child(level, out);
  if (depth_ > level) return;
  const char* run_begin = rest.data();
  auto take_run_until = [&](const char* end) { out.append(between(run_begin, end)); };
  bool only_empty_are_left = false;
  Cursor cursor(rest);
  Field field;
  while (cursor.next(field)) {
    if (room_ == 0 && !only_empty_are_left) {
      only_empty_are_left = count_up_to(level, rest, 0) == 0;
      if (!only_empty_are_left) break;
    }
    size_t count = 0;
    const char* behind = end_of(field.whole);
    bool child = is_child(level, field);
    if (child && fits(level, field, count)) {
      if (room_ != SIZE_MAX) room_ -= count;
      rest = between(behind, end_of(rest));
      continue;
    }
    take_run_until(field.whole.data());
    rest = between(behind, end_of(rest));
    run_begin = behind;
    if (!child) continue;
    open(level + 1, field);
    take_from_open_child(level, out);
    if (depth_ > level) return;
  }
  take_run_until(rest.data());
  if (rest.empty()) depth_ = level - 1;
}

}  // namespace vigia::otlp
