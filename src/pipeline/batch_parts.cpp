#include "pipeline/batch_parts.h"

#include <algorithm>

#include "otlp/split.h"

namespace vigia::pipeline {

bool is_same_client(const Client* a, const Client* b) {
  if (a == b) return true;
  static const Client nobody;
  const Client& left = a ? *a : nobody;
  const Client& right = b ? *b : nobody;
  return left.customer == right.customer && left.metadata == right.metadata;
}

void merge_into(Batch& batch, Batch&& more) {
  if (batch.payload.empty()) {
    batch.client = more.client;
    batch.branches = more.branches;
  }
  CHECK(batch.branches == more.branches);
  batch.payload.append(std::move(more.payload));
  batch.item_count += more.item_count;
  batch.receipts.insert(batch.receipts.end(), std::make_move_iterator(more.receipts.begin()), std::make_move_iterator(more.receipts.end()));
  more.receipts.clear();
  batch.reservation = {};
  more.reservation = {};
}

size_t size_of(const Load& load, Sizer sizer) {
  switch (sizer) {
    case Sizer::requests:
      return load.requests;
    case Sizer::items:
      return load.items;
    case Sizer::bytes:
      return load.bytes;
  }
  return load.requests;
}

std::vector<Batch> split_batch(Batch batch, size_t max_size, Sizer sizer, MemoryLedger& ledger) {
  std::vector<Batch> parts;
  size_t size = size_of(batch.load(), sizer);
  if (max_size == 0 || size <= max_size || batch.item_count < 2) {
    parts.push_back(std::move(batch));
    return parts;
  }
  // Bytes are cut by the mean size of an item.
  size_t items = sizer == Sizer::items ? max_size : std::max<size_t>(1, batch.item_count * max_size / size);
  otlp::Splitter splitter(batch.signal, std::move(batch.payload), batch.item_count, ledger);
  while (splitter.items_left() > 0) {
    otlp::Part piece = splitter.next(items);
    Batch& part = parts.emplace_back();
    part.signal = batch.signal;
    part.payload = std::move(piece.payload);
    part.item_count = piece.item_count;
    part.client = batch.client;
    part.receipts = batch.receipts;
    part.branches = batch.branches;
  }
  batch.settle();
  return parts;
}

}  // namespace vigia::pipeline
