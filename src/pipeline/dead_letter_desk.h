#pragma once

// Where a durable pipeline leaves what is refused for good, by the other side or on the way to it: on the disk, as dead letters of the
// exporters that it was for.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "pipeline/component.h"
#include "pipeline/dead_letters.h"
#include "pipeline/journal_runner.h"

namespace vigia::pipeline {

// An exporter, and its place in the pipeline: all_branches where only what is for it arrives.
struct DeadLetterOwner {
  std::string exporter;
  uint64_t branches = all_branches;
};

// Any thread. Kept alive by what is under way.
class DeadLetterDesk : public std::enable_shared_from_this<DeadLetterDesk> {
 public:
  // The references in `context`, and the shelf, outlive it; `storage` is looked up when the first letter comes.
  DeadLetterDesk(const Context& context, JournalShelf& shelf, ComponentId storage, std::string pipeline,
                 std::vector<DeadLetterOwner> owners, const DeadLetterLimits& limits = {});

  // Settles the batch's receipts once the letters are safe. If that cannot be, they are let go, and the journal gives the data again.
  void set_aside(Batch batch, const Status& why);

 private:
  void set_aside_for(const DeadLetterOwner& owner, Batch batch, const Status& why);
  Status put(const DeadLetterOwner& owner, const Batch& batch, const Status& why);

  const Logger log_;
  MetricRegistry& metrics_;
  const std::function<Extension*(const ComponentId&)> find_extension_;
  JournalShelf& shelf_;
  const ComponentId storage_;
  const std::string pipeline_;
  const std::vector<DeadLetterOwner> owners_;
  const DeadLetterLimits limits_;
};

}  // namespace vigia::pipeline
