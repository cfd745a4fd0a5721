#include "pipeline/dead_letter_desk.h"

#include "pipeline/storage.h"

namespace vigia::pipeline {

DeadLetterDesk::DeadLetterDesk(const Context& context, JournalShelf& shelf, ComponentId storage, std::string pipeline,
                               const DeadLetterLimits& limits)
    : exporter_(context.id),
      log_(context.log),
      metrics_(context.metrics),
      clock_(context.clock),
      files_(context.files),
      find_extension_(context.find_extension),
      shelf_(shelf),
      storage_(std::move(storage)),
      pipeline_(std::move(pipeline)),
      limits_(limits) {}

void DeadLetterDesk::set_aside(Batch batch, const Status& why) {
  shelf_.run_soon([self = shared_from_this(), batch = std::move(batch), why]() mutable {
    Status status = self->put(batch, why);
    if (status.is_ok()) return batch.settle();
    self->log_.error("cannot keep a dead letter; the data stays in the queue", {{"error", status}, {"items", batch.item_count}});
  });
}

Status DeadLetterDesk::put(const Batch& batch, const Status& why) {
  ASSIGN_OR_RETURN(DeadLetters * letters, this->letters());
  return letters->put(batch, why.to_string());
}

Result<DeadLetters*> DeadLetterDesk::letters() {
  return letters_.with([&](std::unique_ptr<DeadLetters>& letters) -> Result<DeadLetters*> {
    if (letters) return letters.get();
    ASSIGN_OR_RETURN(const Storage* storage, find_storage(find_extension_, storage_));
    std::string exporter = exporter_.to_string();
    std::string directory = dead_letter_directory(storage->storage().directory, pipeline_, exporter);
    letters = std::make_unique<DeadLetters>(files_, clock_, log_, metrics_, DeadLetterPlace{directory, pipeline_, exporter}, limits_);
    return letters.get();
  });
}

}  // namespace vigia::pipeline
