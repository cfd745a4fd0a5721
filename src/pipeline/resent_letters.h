#pragma once

// Dead letters that somebody wants to be sent again: `vigia admin dead-letters resend` moves them to a directory, and from there they go to
// their exporter once more. A letter is removed when it has been delivered, or set aside anew. One that cannot be sent is told once, stays where
// it is and holds nobody up.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/guarded.h"
#include "pipeline/batch.h"
#include "pipeline/component.h"
#include "pipeline/journal_runner.h"

namespace vigia::pipeline {

class ResentLetters : public std::enable_shared_from_this<ResentLetters> {
 public:
  // `directory`: of the exporter's dead letters. `pass` hands a batch on; any thread.
  ResentLetters(const Context& context, std::shared_ptr<JournalRunner> runner, const std::string& directory, uint64_t branches,
                std::function<void(Batch)> pass);

  // Makes the directory, so that others can move letters there.
  Status prepare();
  // Takes what is new; on the disk's reading thread.
  void poll();

 private:
  class Letter;
  struct State {
    std::set<std::string> under_way;
    std::set<std::string> given_up;  // For as long as they lie there.
  };

  void take(const std::string& name);
  Result<Batch> read(const std::string& name);
  // What became of it.
  void delivered(const std::string& name);
  void kept(const std::string& name);
  void give_up(const std::string& name);

  const Logger log_;
  FileSystem& files_;
  MemoryLedger& ledger_;
  const std::shared_ptr<JournalRunner> runner_;
  const std::string directory_;
  const std::optional<otlp::Signal> signal_;
  const uint64_t branches_;
  const std::function<void(Batch)> pass_;
  Guarded<State> state_;
};

}  // namespace vigia::pipeline
