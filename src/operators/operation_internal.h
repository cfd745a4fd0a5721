#pragma once

// What an operator is made of: an Operation, immutable and shared by all runs; and what it keeps from entry to entry, if anything,
// as an OperationState of each run.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/random.h"
#include "config/node.h"
#include "operators/entry.h"

namespace vigia::operators {

class Work;
class ZoneSet;
class Expression;

enum class Outcome : uint8_t {
  passed,   // on to the outputs
  dropped,  // on purpose
  held,     // kept by the operation, or already emitted as part of something else
  failed,   // see Work::problem
};

// What is wrong with an entry: views of constants, of the configuration or of the arena. Made for every entry that fails, so it costs
// nothing until somebody prints it.
struct Problem {
  std::string_view what;
  std::string_view detail = {};
};

// An operator's id in the configuration, and where it stands there.
struct OutputReference {
  std::string id;
  config::Position position;
  std::string path;
};

class OperationState {
 public:
  virtual ~OperationState() = default;
  // Emits what has been held long enough at `now_steady_ms`, or everything.
  virtual void flush(Work& work, int64_t now_steady_ms, bool everything) = 0;
  virtual std::optional<int64_t> next_flush_ms() const = 0;
  virtual std::optional<uint64_t> oldest_held(std::string_view source) const = 0;
  virtual size_t held_count() const = 0;
  virtual size_t held_bytes() const = 0;
};

class Operation {
 public:
  virtual ~Operation() = default;
  // Changes the entry. A failure leaves it as far as it had got.
  virtual Outcome apply(Entry& entry, Work& work) const = 0;
  virtual std::unique_ptr<OperationState> create_state() const { return nullptr; }
  // An operator that chooses among outputs of its own finds their places here, once, when all operators are known, and tells them.
  using FindPlaces = std::function<std::vector<size_t>(const std::vector<OutputReference>& outputs)>;
  virtual std::vector<size_t> resolve_outputs(const FindPlaces&) { return {}; }
};

// What runs of a chain share with the operations, for all entries.
struct Tools {
  Arena& arena;
  const Clock& clock;
  Random& random;
  const ZoneSet& zones;
  // Environment variables.
  const std::function<std::optional<std::string>(const std::string& name)>& environment;
  // Room for the groups of a pattern.
  std::vector<std::string_view>& groups;
};

using Outputs = std::vector<size_t>;

// One operation's turn with one entry.
class Work {
 public:
  using Emit = void (*)(void* run, size_t step, Entry& entry);

  Work(Tools& given_tools, OperationState* given_state, size_t step, void* run, Emit emit)
      : tools(given_tools), arena(given_tools.arena), state(given_state), step_(step), run_(run), emit_(emit) {}

  Tools& tools;
  Arena& arena;
  OperationState* state;
  // Where the entry goes when it has passed; null: the step's own outputs.
  const Outputs* outputs = nullptr;
  Problem problem;

  Outcome fail(std::string_view what, std::string_view detail = {}) {
    problem = {what, detail};
    return Outcome::failed;
  }
  // Sends another entry on to the step's outputs, before this one. Nothing of it is needed afterwards.
  void emit(Entry& entry) { emit_(run_, step_, entry); }

 private:
  size_t step_;
  void* run_;
  Emit emit_;
};

}  // namespace vigia::operators
