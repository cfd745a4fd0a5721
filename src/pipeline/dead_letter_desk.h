#pragma once

// Where a durable exporter leaves what the other side refuses for good: on the disk, as dead letters.

#include <functional>
#include <memory>

#include "base/guarded.h"
#include "pipeline/component.h"
#include "pipeline/dead_letters.h"
#include "pipeline/journal_runner.h"

namespace vigia::pipeline {

// Any thread. Kept alive by what is under way.
class DeadLetterDesk : public std::enable_shared_from_this<DeadLetterDesk> {
 public:
  // The references in `context`, and the shelf, outlive it; `storage` is looked up when the first letter comes.
  DeadLetterDesk(const Context& context, JournalShelf& shelf, ComponentId storage, std::string pipeline,
                 const DeadLetterLimits& limits = {});

  // Settles the batch once its letter is safe. If that cannot be, the batch is let go, and its journal gives it again.
  void set_aside(Batch batch, const Status& why);

 private:
  Status put(const Batch& batch, const Status& why);
  Result<DeadLetters*> letters();

  const ComponentId exporter_;
  const Logger log_;
  MetricRegistry& metrics_;
  const Clock& clock_;
  FileSystem& files_;
  const std::function<Extension*(const ComponentId&)> find_extension_;
  JournalShelf& shelf_;
  const ComponentId storage_;
  const std::string pipeline_;
  const DeadLetterLimits limits_;
  Guarded<std::unique_ptr<DeadLetters>> letters_;
};

}  // namespace vigia::pipeline
