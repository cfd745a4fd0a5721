#include "pipeline/attempt.h"

#include "base/guarded.h"

namespace vigia::pipeline {

// Stands between the original receipts and the one that travels.
class Attempt::Loan final : public Receipt::Record {
 public:
  explicit Loan(std::vector<Receipt> originals) : originals_(std::move(originals)) {}

  void on_released() override {
    for (Receipt& receipt : take_back()) receipt.settle();
  }
  // Nothing yet: whoever made the attempt may take the originals back. If nobody does, they go with this object, unsettled.
  void on_kept() override {}

  std::vector<Receipt> take_back() {
    return originals_.with([](std::vector<Receipt>& originals) { return std::exchange(originals, {}); });
  }

 private:
  Guarded<std::vector<Receipt>> originals_;
};

Attempt::Attempt(Batch& batch) {
  std::vector<Receipt> originals = std::exchange(batch.receipts, {});
  outgoing_ = batch.share();
  if (originals.empty()) return;
  loan_ = std::make_shared<Loan>(std::move(originals));
  outgoing_.receipts.emplace_back(loan_);
}

Attempt::~Attempt() = default;

void Attempt::refused(Batch& batch) {
  if (!loan_) return;
  batch.receipts = loan_->take_back();
  loan_ = nullptr;
}

}  // namespace vigia::pipeline
