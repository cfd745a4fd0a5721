#include "pipeline/batch.h"

#include <atomic>

namespace vigia::pipeline {

// All copies of a receipt meet here; each that has not settled is one holder.
struct Receipt::Shared {
  explicit Shared(std::shared_ptr<Record> of) : record(std::move(of)) {}

  void let_go(bool is_settled) {
    if (!is_settled) is_kept.store(true, std::memory_order_relaxed);
    if (holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (is_kept.load(std::memory_order_relaxed))
      record->on_kept();
    else
      record->on_released();
  }

  std::shared_ptr<Record> record;
  std::atomic<uint32_t> holders{1};
  std::atomic<bool> is_kept{false};
};

Receipt::Receipt(std::shared_ptr<Record> record, uint64_t branches)
    : shared_(std::make_shared<Shared>(std::move(record))), branches_(branches) {}

Receipt::Receipt(const Receipt& other) : shared_(other.shared_), branches_(other.branches_) {
  if (shared_) shared_->holders.fetch_add(1, std::memory_order_relaxed);
}

Receipt& Receipt::operator=(Receipt other) noexcept {
  std::swap(shared_, other.shared_);
  std::swap(branches_, other.branches_);
  return *this;
}

Receipt::~Receipt() {
  if (shared_) shared_->let_go(false);
}

void Receipt::settle() {
  if (auto shared = std::exchange(shared_, nullptr)) shared->let_go(true);
}

Batch Batch::share() const {
  Batch copy;
  copy.signal = signal;
  copy.payload = payload;
  copy.item_count = item_count;
  copy.client = client;
  copy.receipts = receipts;
  copy.branches = branches;
  copy.packed = packed;
  return copy;
}

void Batch::settle() {
  for (Receipt& receipt : receipts) receipt.settle();
  receipts.clear();
}

}  // namespace vigia::pipeline
