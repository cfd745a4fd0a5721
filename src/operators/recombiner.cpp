#include "operators/recombiner.h"

#include <algorithm>

namespace vigia::operators {

Outcome Recombiner::add(Entry& entry, std::string_view source, bool is_match, Work& work) {
  Value value;
  if (!settings_.combine_field.get(entry, work.arena, value) || !value.is_text())
    return work.fail("the field to combine is missing or not a text", settings_.combine_field.text());
  auto batch = batches_.find(source);
  bool is_last = is_match && !settings_.matches_first;
  if (is_match && settings_.matches_first && batch != batches_.end()) {
    emit(batch, work);
    batch = batches_.end();
  }
  // Nothing comes before it and nothing behind it.
  if (is_last && batch == batches_.end()) return Outcome::passed;
  if (batch == batches_.end()) {
    batch = begin_batch(entry, source, work);
  } else if (settings_.keeps_newest) {
    keep(batch->second, entry, work.arena);
  }
  Batch& held = batch->second;
  held.entries++;
  held_count_++;
  held.has_match |= is_match;
  if (!held.text.empty()) held.text += settings_.combine_with;
  held.text += value.text();
  held_bytes_ += value.size;
  if (is_last || is_full(held)) {
    emit(batch, work);
  } else if (held_bytes_ > max_held_bytes) {
    flush(work, 0, true);
  }
  return Outcome::held;
}

bool Recombiner::is_full(const Batch& batch) const {
  return (settings_.max_log_bytes > 0 && batch.text.size() > settings_.max_log_bytes) ||
         (settings_.max_batch_size > 0 && batch.entries >= settings_.max_batch_size) ||
         (!batch.has_match && settings_.max_unmatched_batch_size > 0 && batch.entries >= settings_.max_unmatched_batch_size);
}

Recombiner::Batches::iterator Recombiner::begin_batch(Entry& entry, std::string_view source, Work& work) {
  if (batches_.size() >= settings_.max_sources) flush(work, 0, true);
  Batch batch;
  constexpr size_t first_block_bytes = 1024;
  batch.arena = std::make_unique<Arena>(first_block_bytes);
  batch.begin_ms = work.tools.clock.steady_ms();
  batch.position = entry.position;
  if (entry.origin) batch.origin_source = entry.origin->source();
  keep(batch, entry, work.arena);
  return batches_.emplace(std::string(source), std::move(batch)).first;
}

// The entry with everything it needs, so that neither its line nor its origin is needed any more.
void Recombiner::keep(Batch& batch, const Entry& entry, Arena& arena) {
  Entry whole = entry;
  whole.attributes(arena);
  whole.resource(arena);
  // What is combined is kept as the batch's text.
  if (settings_.combine_field.is_root()) whole.body = {};
  held_bytes_ -= std::min(held_bytes_, batch.arena->size_bytes());
  batch.arena->reset();
  batch.base = whole.copy(*batch.arena, true);
  batch.base.origin = nullptr;
  held_bytes_ += batch.arena->size_bytes();
}

Recombiner::Batches::iterator Recombiner::emit(Batches::iterator batch, Work& work) {
  Batch taken = std::move(batch->second);
  auto next = batches_.erase(batch);
  held_count_ -= taken.entries;
  held_bytes_ -= std::min(held_bytes_, taken.bytes());
  settings_.combine_field.set(taken.base, work.arena, Value::of_text(taken.text));
  work.emit(taken.base);
  return next;
}

void Recombiner::flush(Work& work, int64_t now_steady_ms, bool everything) {
  for (auto batch = batches_.begin(); batch != batches_.end();) {
    bool is_due = everything || batch->second.begin_ms + settings_.force_flush_ms <= now_steady_ms;
    batch = is_due ? emit(batch, work) : std::next(batch);
  }
}

std::optional<int64_t> Recombiner::next_flush_ms() const {
  std::optional<int64_t> earliest;
  for (const auto& [source, batch] : batches_) {
    int64_t due = batch.begin_ms + settings_.force_flush_ms;
    earliest = std::min(earliest.value_or(due), due);
  }
  return earliest;
}

std::optional<uint64_t> Recombiner::oldest_held(std::string_view source) const {
  std::optional<uint64_t> oldest;
  for (const auto& [key, batch] : batches_) {
    if (batch.origin_source == source) oldest = std::min(oldest.value_or(batch.position), batch.position);
  }
  return oldest;
}

}  // namespace vigia::operators
