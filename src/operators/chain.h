#pragma once

// What log receivers do with an entry before it becomes a log record: the list `operators` of a receiver. See README.md.
//
//   config.operators = operators::decode_chain(section);                   // in the receiver's decode: reads the key `operators`
//
//   ASSIGN_OR_RETURN(run_, operators::ChainRun::create(config.operators, {clock, files, metrics, ledger, log, "filelog"}));  // when it starts
//   Origin origin(path);                                                    // once for each file
//   origin.set_attribute("log.file.name", name);
//   …
//   otlp::RequestWriter writer(ledger, expected_size);
//   run_->begin_batch(writer);
//   for (…) run_->push(line, origin, {.observed_ns = clock.wall_ns(), .position = offset});
//   if (size_t records = run_->end_batch()) send(writer.take(), records);
//
// A receiver without operators does the same: an empty chain costs almost nothing.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/section.h"
#include "operators/entry.h"
#include "operators/origin.h"
#include "otlp/request_writer.h"

namespace vigia::operators {

struct Program;

// Compiled operators. Immutable, cheap to copy, usable on any thread. Empty by default.
class Chain {
 public:
  Chain() = default;
  explicit Chain(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  bool is_empty() const { return program_ == nullptr; }
  const Program& program() const { return *program_; }

 private:
  std::shared_ptr<const Program> program_;
};

// Reads the list below `key` of a receiver's section. All mistakes are reported there, with their places.
Chain decode_chain(config::Section& receiver, std::string_view key = "operators");

// What all entries of a receiver have, by its keys `attributes` and `resource`.
struct GivenTexts {
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> resource;
};

// Reads these keys and `operators`. Texts with expressions, "EXPR(…)", are part of the chain; the others are for the receiver to give to its origins.
Chain decode_chain_and_texts(config::Section& receiver, GivenTexts& texts);

// What a run needs of the world. The references outlive it.
struct Surroundings {
  const Clock& clock;
  FileSystem& files;  // for time zones
  MetricRegistry& metrics;
  MemoryLedger& ledger;
  Logger log;
  std::string receiver;  // "filelog/pods", for metrics and log lines
  // Environment variables, for env("NODE") in expressions and TZ. May be empty: then there are none.
  std::function<std::optional<std::string>(const std::string& name)> environment = nullptr;
  // Whose all records are, as their origins' resource says. Operators may change that resource, but not this in it. Empty: it is theirs, too.
  std::string customer = {};
};

// Of one entry.
struct Arrival {
  int64_t observed_ns = 0;
  // The record's time, for sources that know it. 0: none, or what an operator finds.
  int64_t time_ns = 0;
  // Where in its source the entry stands (the offset in a file), to be asked for by oldest_held().
  uint64_t position = 0;
};

// The state of a chain at work. One thread at a time.
class ChainRun {
 public:
  // NOT_FOUND and the like when a time zone cannot be loaded.
  static Result<std::unique_ptr<ChainRun>> create(Chain chain, Surroundings surroundings);
  ~ChainRun();

  // From now on records go into `writer`, which is empty and lives until end_batch(). Records with the same resource and scope come to
  // stand together, up to a limit of groups (record_groups.h).
  void begin_batch(otlp::RequestWriter& writer);
  // Returns how many records the writer holds; with none, there is nothing to take.
  size_t end_batch();
  // So far in this batch: what a receiver decides by when to end it.
  size_t batch_records() const;
  size_t batch_bytes() const;

  // The next four need a batch.
  // REQUIRES: `body` is UTF-8. It is not needed any more when this returns; the origin is, until nothing of it is held.
  void push(std::string_view body, const Origin& origin, const Arrival& arrival);
  // The same for a receiver that has more than a line: what it puts into the entry lies in arena(), until the next call.
  Entry& new_entry(const Origin& origin, const Arrival& arrival);
  void push(Entry& entry);
  Arena& arena();

  // Some operators (recombine, container) hold entries back to join them with later ones.
  // When flush() has something to do, by the steady clock; nothing when nothing is held.
  std::optional<int64_t> next_flush_ms() const;
  // Lets go what has waited long enough.
  void flush(int64_t now_steady_ms);
  // Lets go all of it: when the receiver stops.
  void flush_all();
  // The least position among the held entries of a source: reading again from there after a crash loses nothing.
  std::optional<uint64_t> oldest_held(std::string_view source) const;
  size_t held_count() const;

 private:
  class State;
  explicit ChainRun(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace vigia::operators
