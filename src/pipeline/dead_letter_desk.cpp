#include "pipeline/dead_letter_desk.h"

#include <algorithm>
#include <iterator>

#include "pipeline/storage.h"

namespace vigia::pipeline {

DeadLetterDesk::DeadLetterDesk(const Context& context, JournalShelf& shelf, ComponentId storage, std::string pipeline,
                               std::vector<DeadLetterOwner> owners, const DeadLetterLimits& limits)
    : log_(context.log),
      metrics_(context.metrics),
      find_extension_(context.find_extension),
      shelf_(shelf),
      storage_(std::move(storage)),
      pipeline_(std::move(pipeline)),
      owners_(std::move(owners)),
      limits_(limits) {}

void DeadLetterDesk::set_aside(Batch batch, const Status& why) {
  shelf_.run_soon([self = shared_from_this(), batch = std::move(batch), why]() mutable {
    std::vector<Receipt> receipts = std::exchange(batch.receipts, {});
    for (const DeadLetterOwner& owner : self->owners_) {
      auto others =
          std::stable_partition(receipts.begin(), receipts.end(), [&](const Receipt& one) { return one.branches() & owner.branches; });
      if (others == receipts.begin()) continue;
      Batch part = batch.share();
      part.receipts.assign(std::make_move_iterator(receipts.begin()), std::make_move_iterator(others));
      receipts.erase(receipts.begin(), others);
      self->set_aside_for(owner, std::move(part), why);
    }
  });
}

// On the disk's thread.
void DeadLetterDesk::set_aside_for(const DeadLetterOwner& owner, Batch batch, const Status& why) {
  Status status = put(owner, batch, why);
  if (status.is_ok()) return batch.settle();
  log_.error("cannot keep a dead letter; the data stays in the queue",
             {{"error", status}, {"exporter", owner.exporter}, {"items", batch.item_count}});
}

Status DeadLetterDesk::put(const DeadLetterOwner& owner, const Batch& batch, const Status& why) {
  ASSIGN_OR_RETURN(const Storage* storage, find_storage(find_extension_, storage_));
  std::string directory = dead_letter_directory(storage->storage().directory, pipeline_, owner.exporter);
  return shelf_.letters({directory, pipeline_, owner.exporter}, metrics_, limits_)->put(batch, why.to_string());
}

}  // namespace vigia::pipeline
