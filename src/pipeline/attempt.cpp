#include "pipeline/attempt.h"

#include <algorithm>
#include <iterator>

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
  while (!originals.empty()) {
    uint64_t branches = originals.front().branches();
    auto others = std::stable_partition(originals.begin(), originals.end(), [&](const Receipt& one) { return one.branches() == branches; });
    std::vector<Receipt> rest(std::make_move_iterator(others), std::make_move_iterator(originals.end()));
    originals.erase(others, originals.end());
    loans_.push_back(std::make_shared<Loan>(std::move(originals)));
    outgoing_.receipts.emplace_back(loans_.back(), branches);
    originals = std::move(rest);
  }
}

Attempt::~Attempt() = default;

void Attempt::refused(Batch& batch) {
  for (const std::shared_ptr<Loan>& loan : std::exchange(loans_, {}))
    for (Receipt& receipt : loan->take_back()) batch.receipts.push_back(std::move(receipt));
}

}  // namespace vigia::pipeline
